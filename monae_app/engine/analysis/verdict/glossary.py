"""Every score in one sentence: its range, what is good, what it needs, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One score.

    Parameters
    ----------
    key
        In ``metrics`` of report.json, or the record that holds it.
    title, meaning
        In words.
    span
        Its range.
    good
        What is good.
    needs
        ``nothing``, ``labels``, ``pairs`` or ``batches``, or several of these.
    source
        Paper.
    """

    key: str
    title: str
    meaning: str
    span: str
    good: str
    needs: str
    source: str


GLUE = "Cao and Gao 2022, Nat Biotechnol 40:1458 (GLUE)"
SCIB = "Luecken et al. 2022, Nat Methods 19:41 (scIB)"
OURS = "defined by Monae App, see docs/verdict.md"

GLOSSARY = (
    Entry(
        "alignment", "Shared structure, z",
        "How far the programs of linked features agree beyond links that were put at random, in standard deviations.",
        "about -3 to 50", "above 5", "nothing", "RV coefficient: Robert and Escoufier 1976, Appl Stat 25:257",
    ),
    Entry(
        "consistency", "Integration consistency",
        "Do linked features rise and fall together over groups of integrated cells?",
        "-1 to 1", "clearly above that of random links", "nothing", GLUE,
    ),
    Entry(
        "local_mixing", "Local mixing",
        "Share of a cell's neighbours from other modalities, beside the share that chance would bring.",
        "0 and up", "around 1", "nothing", OURS,
    ),
    Entry(
        "counterparts", "Cells without a counterpart",
        "Cells around which the other modality lies less than a tenth as densely as their own.",
        "0 to all cells", "few, unless a kind of cell was not measured", "nothing", OURS,
    ),
    Entry(
        "same_modality", "Same-modality neighbours",
        "Share of a cell's neighbours from its own modality, scaled within its type.",
        "0 to 1", "0.5 is mixed as by chance, 1 is unmixed", "nothing (labels sharpen it)", OURS,
    ),
    Entry(
        "sas", "Seurat alignment score", "Do neighbours come from all modalities as in a random mix?",
        "0 to 1", "near 1", "nothing", "Butler et al. 2018, Nat Biotechnol 36:411",
    ),
    Entry(
        "foscttm", "FOSCTTM", "Share of cells that lie closer to a cell than its true partner does.",
        "0 to 1", "below 0.2; 0.5 is chance", "pairs", "Liu et al. 2019, WABI; Cao and Gao 2022",
    ),
    Entry(
        "label_transfer", "Label transfer",
        "Share of cells of the second modality that get their own label from the nearest cells of the first.",
        "0 to 1", "far above the share of the largest label", "labels", "Stuart et al. 2019, Cell 177:1888",
    ),
    Entry(
        "label_transfer_balanced", "Label transfer, balanced",
        "The same, every label counting alike: shows whether rare kinds are found.",
        "0 to 1", "far above 1 / number of labels", "labels", "Stuart et al. 2019, Cell 177:1888",
    ),
    Entry(
        "map", "Mean average precision", "Are the nearest cells of a cell of its own label?",
        "0 to 1", "near 1", "labels", GLUE,
    ),
    Entry(
        "graph_connectivity", "Graph connectivity", "Do the cells of a label hang together on the neighbour graph?",
        "0 to 1", "near 1", "labels", SCIB,
    ),
    Entry(
        "ari", "ARI", "Agreement of clusters with labels, at the resolution that agrees best, beyond chance.",
        "-0.5 to 1", "near 1; 0 is chance", "labels", "Hubert and Arabie 1985, J Classif 2:193",
    ),
    Entry(
        "ari_res1", "ARI, resolution 1", "The same at Leiden resolution 1, chosen without looking at labels.",
        "-0.5 to 1", "near 1; 0 is chance", "labels", "Hubert and Arabie 1985, J Classif 2:193",
    ),
    Entry(
        "nmi", "NMI", "Information that clusters and labels share, of what they hold.",
        "0 to 1", "near 1", "labels", SCIB,
    ),
    Entry(
        "ami", "AMI", "The same, less what chance brings.", "0 to 1", "near 1; 0 is chance", "labels",
        "Vinh et al. 2010, J Mach Learn Res 11:2837",
    ),
    Entry(
        "homogeneity", "Homogeneity", "Does each cluster hold cells of one label?", "0 to 1", "near 1", "labels",
        "Rosenberg and Hirschberg 2007, EMNLP",
    ),
    Entry(
        "asw_label", "Silhouette of labels", "How compact the labels are and how far apart; scaled.",
        "0 to 1", "above 0.5", "labels", SCIB,
    ),
    Entry(
        "asw_modality", "Silhouette of modality", "How little the modalities lie apart within a label.",
        "0 to 1", "near 1", "labels", SCIB,
    ),
    Entry(
        "open_set_auroc", "Kinds that one modality lacks", "Are cells of a label that one modality lacks told as such?",
        "0 to 1", "near 1; 0.5 is chance", "labels", OURS,
    ),
    Entry(
        "omics_mixing", "Mixing, overall", "Mean of alignment score, silhouette of modality and connectivity.",
        "0 to 1", "near 1, beside other methods", "labels", GLUE,
    ),
    Entry(
        "ilisi", "iLISI", "How many batches there are around a cell, scaled.", "0 to 1",
        "near 1 where batches hold the same kinds of cells", "batches",
        "Korsunsky et al. 2019, Nat Methods 16:1289; scIB",
    ),
    Entry(
        "kbet", "kBET", "Share of neighbourhoods that hold as many cells of each batch as there are.", "0 to 1",
        "near 1 where batches hold the same kinds of cells", "batches (labels sharpen it)",
        "Büttner et al. 2019, Nat Methods 16:43; scIB",
    ),
    Entry(
        "confidence", "Confidence of a feature",
        "Correlation of imputed values with counts of cells that the training never saw.",
        "-1 to 1", "above 0.3; bounded by the noise of the counts", "nothing", OURS,
    ),
)  # fmt: skip
