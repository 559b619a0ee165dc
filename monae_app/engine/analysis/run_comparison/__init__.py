"""Two runs of the same data beside each other: their cells, settings, scores, neighbourhoods and types."""
