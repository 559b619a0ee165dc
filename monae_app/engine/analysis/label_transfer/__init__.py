"""Labels of the cells of one side for those of another, with a confidence that can be taken at its word."""
