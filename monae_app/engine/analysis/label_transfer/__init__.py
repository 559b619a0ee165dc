"""Labels of the cells of one side for those of another, with a confidence that can be taken at its word."""

from monae_app.engine.analysis.label_transfer.sides import Side, labels_of, side_of
from monae_app.engine.analysis.label_transfer.transfer import UNASSIGNED, Transfer, transfer

__all__ = ["UNASSIGNED", "Side", "Transfer", "labels_of", "side_of", "transfer"]
