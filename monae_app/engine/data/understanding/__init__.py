"""Understanding what came in: pure functions over the parts of a file, each saying what it found and how sure it is."""
