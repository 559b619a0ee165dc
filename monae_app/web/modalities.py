"""What modalities are called on the pages."""

MODALITY_TITLES = {"rna": "RNA", "atac": "ATAC", "protein": "Protein", "methylation": "Methylation", "motif": "Motif"}


def modality_title(modality: str) -> str:
    """Write a modality as people do."""
    return MODALITY_TITLES.get(modality, modality)
