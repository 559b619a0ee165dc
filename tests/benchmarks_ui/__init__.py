"""How fast the map is, in the server and in the browser: figures that anyone can measure again."""
