"""Short work: the report of a run as one file to download."""
