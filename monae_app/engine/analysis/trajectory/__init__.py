"""Where cells stand on a way: pseudotime from a root, its branches, and what changes along them."""
