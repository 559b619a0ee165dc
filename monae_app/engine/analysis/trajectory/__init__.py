"""How far cells have come from a beginning: pseudotime, branches, and what changes along them."""
