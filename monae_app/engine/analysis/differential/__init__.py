"""What tells a group of cells from others: tests on measured values."""
