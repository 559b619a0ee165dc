"""Parameters of what comes in: the files, how they are read, which cells are left out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_serializer

from monae_app.engine.config.parameter import GenomeName, ModalityName, parameter


def _several(paths: Any) -> Any:
    return (paths,) if isinstance(paths, str | Path) else paths


Orientation = Literal["auto", "cells", "features"]
Paths = Annotated[tuple[Path, ...], BeforeValidator(_several), Field(min_length=1)]


class IncomingSettings(BaseModel):
    """Files of a run, and how they are read."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # What comes in; given by position or by a flag of its own, not by --set.
    inputs: Annotated[
        dict[ModalityName, Paths],
        Field(description="The files of each modality; several are samples, stacked.", min_length=1),
    ]
    genome: GenomeName | None = Field(None, description="Bundled gene coordinates: hg38, hg19 or mm10.")
    bed: Path | None = Field(None, description="Gene coordinates of your own: chrom, start, end, symbol, strand.")
    gtf: Path | None = Field(None, description="Gene coordinates of your own: a GTF file, gzipped or not.")
    batch_key: tuple[str, ...] = Field((), description="Columns of obs that say which batch a cell comes from.")
    paired: bool = Field(default=False, description="Cells of equal name are the same cell; train with that.")

    rna_matrix: str = parameter(
        "auto", "reading", "Which matrix of an RNA file to take: X, raw, the name of a layer, or auto to find counts."
    )
    atac_matrix: str = parameter(
        "auto", "reading", "Which matrix of an ATAC file to take: X, raw, the name of a layer, or auto to find counts."
    )
    protein_matrix: str = parameter(
        "auto",
        "reading",
        "Which matrix of a protein file to take: X, raw, the name of a layer, or auto to find counts.",
    )
    methylation_matrix: str = parameter(
        "auto",
        "reading",
        "Where a methylation file keeps its values: the layers of methylated and of covered reads, joined by + "
        "(mc+cov), or one matrix of levels from 0 to 1 (X, or the name of a layer), or auto to look.",
    )
    rna_orientation: Orientation = parameter(
        "auto", "reading", "What the rows of an RNA text table are: cells, features, or auto to look."
    )
    atac_orientation: Orientation = parameter(
        "auto", "reading", "What the rows of an ATAC text table are: cells, features, or auto to look."
    )
    protein_orientation: Orientation = parameter(
        "auto", "reading", "What the rows of a protein text table are: cells, features, or auto to look."
    )
    isotype_controls: Literal["leave_out", "keep"] = parameter(
        "leave_out",
        "reading",
        "Isotype controls among the antibodies (IgG1, IgG2a, ...): their mean is kept per cell as isotype_background "
        "and they leave the panel (leave_out), or they stay in it (keep).",
    )
    methylation_orientation: Orientation = parameter(
        "auto", "reading", "What the rows of a methylation text table are: cells, features, or auto to look."
    )
    methylation_context: Literal["auto", "CG", "CH"] = parameter(
        "auto",
        "reading",
        "Context of the methylated cytosines: CG or CH for all regions, or auto to take it region by region from the "
        "column context of var or from the names, and CG where neither says it.",
    )
    join_genes: Literal["intersection", "union"] = parameter(
        "intersection",
        "reading",
        "Genes, proteins and methylated regions of several samples: those that all have (intersection), or those that "
        "any has (union: 0 where a sample lacks a gene or protein, not covered where it lacks a region).",
    )
    sample_as_batch: bool = parameter(
        default=True,
        group="reading",
        help_text="Where a modality has several files and no batch column is named, each file is a batch.",
    )
    peaks: Path | None = parameter(
        None, "reading", "BED file with the peaks to count ATAC fragments in; without one they are counted in bins."
    )
    bin_size: int = parameter(
        5000, "reading", "Width in bp of the genome bins that ATAC fragments are counted in.", ge=100, le=1_000_000
    )

    min_counts: int = parameter(
        0, "quality", "Leave out cells of any modality with fewer counts than this (0: keep all).", ge=0, expert=False
    )
    low_count_mads: float = parameter(
        0.0,
        "quality",
        "Leave out cells whose log counts lie this many median absolute deviations below the median (0: keep all).",
        ge=0,
        le=20,
    )
    rna_min_counts: float = parameter(0, "quality", "Leave out RNA cells with fewer counts.", ge=0)
    rna_max_counts: float | None = parameter(None, "quality", "Leave out RNA cells with more counts.", ge=0)
    rna_min_genes: int = parameter(0, "quality", "Leave out RNA cells with fewer genes detected.", ge=0)
    rna_max_genes: int | None = parameter(None, "quality", "Leave out RNA cells with more genes detected.", ge=0)
    rna_max_mito: float | None = parameter(
        None, "quality", "Leave out RNA cells with a larger share of mitochondrial counts (0 to 1).", ge=0, le=1
    )
    rna_max_doublet: float | None = parameter(
        None, "quality", "Leave out RNA cells with a higher doublet score (Scrublet, 0 to 1).", ge=0, le=1
    )
    atac_min_counts: float = parameter(0, "quality", "Leave out ATAC cells with fewer counts in peaks.", ge=0)
    atac_max_counts: float | None = parameter(None, "quality", "Leave out ATAC cells with more counts in peaks.", ge=0)
    atac_min_peaks: int = parameter(0, "quality", "Leave out ATAC cells with fewer open peaks.", ge=0)
    atac_max_peaks: int | None = parameter(None, "quality", "Leave out ATAC cells with more open peaks.", ge=0)
    atac_min_tss: float | None = parameter(
        None, "quality", "Leave out ATAC cells with a smaller share of counts near the start of a gene.", ge=0, le=1
    )
    atac_max_doublet: float | None = parameter(
        None, "quality", "Leave out ATAC cells with a higher doublet score (Scrublet, 0 to 1).", ge=0, le=1
    )
    protein_min_counts: float = parameter(0, "quality", "Leave out protein cells with fewer counts.", ge=0)
    protein_max_counts: float | None = parameter(None, "quality", "Leave out protein cells with more counts.", ge=0)
    methylation_min_regions: int = parameter(
        0, "quality", "Leave out methylation cells with fewer covered regions.", ge=0
    )

    @field_serializer("inputs", when_used="json")
    def _one_is_written_plainly(self, inputs: dict[str, tuple[Path, ...]]) -> dict[str, str | list[str]]:
        return {
            name: str(paths[0]) if len(paths) == 1 else [str(path) for path in paths] for name, paths in inputs.items()
        }
