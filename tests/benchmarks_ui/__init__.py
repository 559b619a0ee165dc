"""How fast the map of the cells is in a browser: `make bench-ui`."""
