"""What a cell is called that gets no label, and when."""

from __future__ import annotations

UNASSIGNED = "unassigned"
# confidence below which it gets none, unless another is chosen
THRESHOLD = 0.5
# probability of a kind that the source lacks, from which on that is why
NOVEL = 0.5
