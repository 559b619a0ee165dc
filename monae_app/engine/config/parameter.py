"""How a parameter is declared, and the names that some of them choose among."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

ModalityName = Literal["rna", "atac", "protein", "methylation"]
GenomeName = Literal["hg38", "hg19", "mm10"]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]
PrecisionName = Literal["auto", "float32", "bfloat16"]
LikelihoodName = Literal["auto", "nb", "zinb", "poisson", "bernoulli", "normal"]
MethylationLikelihoodName = Literal["auto", "beta_binomial", "binomial", "normal"]
Group = Literal["data", "reading", "quality", "guidance", "length", "model", "graph", "loss", "anchors", "analysis"]


def parameter(default: Any, group: Group, help_text: str, *, expert: bool = True, **bounds: Any) -> Any:
    """Declare a field with its group in the form, its help text and its bounds (``ge``, ``le``, ...)."""
    return Field(default, description=help_text, json_schema_extra={"group": group, "expert": expert}, **bounds)
