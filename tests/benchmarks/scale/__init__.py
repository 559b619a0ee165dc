"""How time and memory grow with the number of cells: ``make bench-scale``."""
