"""Pure functions from tables to plotly figures."""
