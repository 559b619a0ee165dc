"""A paragraph for the methods section of a paper, with the numbers of the run, and what to cite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monae_app.engine.analysis.verdict.words import listed, title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monae_app.engine.config import RunConfig

METHOD = (
    "Tang X, Zhang J, He Y, et al. Modal-nexus auto-encoder for multi-modality cellular data integration and "
    "imputation. Nat Commun 15, 9021 (2024). doi:10.1038/s41467-024-53355-6"
)
SOFTWARE = "Monae App, version {version}, an independent implementation of the method."
TOOLS = (
    "Traag VA, Waltman L, van Eck NJ. From Louvain to Leiden: guaranteeing well-connected communities. Sci Rep 9, 5233 "
    "(2019).",
    "McInnes L, Healy J, Melville J. UMAP: Uniform Manifold Approximation and Projection. arXiv:1802.03426 (2018).",
    "Wolf FA, Angerer P, Theis FJ. SCANPY: large-scale single-cell gene expression data analysis. Genome Biol 19, 15 "
    "(2018).",
)
LIKELIHOODS = {
    "nb": "a negative binomial distribution",
    "zinb": "a zero-inflated negative binomial distribution",
    "poisson": "a Poisson distribution",
    "bernoulli": "a Bernoulli distribution",
    "normal": "a normal distribution",
    "beta_binomial": "a beta-binomial distribution",
    "binomial": "a binomial distribution",
}


def methods_paragraph(report: Mapping[str, Any], config: RunConfig) -> str:
    """Write what was done, in past tense, from what the run recorded."""
    said = dict(report.get("dataset") or {})
    versions = dict(report.get("versions") or {})
    modalities = {name: dict(each) for name, each in (said.get("modalities") or {}).items()}
    cells = listed([f"{each.get('cells', 0):,} cells by {title(name)}" for name, each in modalities.items()], 9)
    return " ".join(
        filter(
            None,
            [
                f"We integrated {cells} with Monae App {versions.get('monae-app', '')}".rstrip() + ".",
                _modelled(modalities),
                _links(said, config),
                _batches(report),
                _whole_graph(report),
                _training(report, config),
                _map(config, versions),
                _tested(report),
            ],
        )
    )


def _modelled(modalities: dict[str, dict[str, Any]]) -> str:
    parts = [
        f"{each.get('features', 0):,} {title(name)} features by "
        f"{LIKELIHOODS.get(str(each.get('likelihood')), 'a negative binomial distribution')}"
        for name, each in modalities.items()
    ]
    return f"Values were modelled as measured: {listed(parts, 9)}." if parts else ""


def _links(said: Mapping[str, Any], config: RunConfig) -> str:
    edges = (said.get("guidance") or {}).get("edges")
    if not edges:
        return ""
    where = f" in {said['genome']}" if said.get("genome") else ""
    near = f", or within {config.window:,} bp of these" if config.window else ""
    place = ""
    if "atac" in config.inputs:
        place = (
            f" Peaks were linked to genes in whose body or promoter ({config.promoter:,} bp upstream) they lay{near}."
        )
    return f"Features were joined by a guidance graph of {edges:,} links{where}.{place}"


def _batches(report: Mapping[str, Any]) -> str:
    batches = report.get("batches")
    if not batches:
        return ""
    columns = listed([str(each) for each in batches["columns"]])
    return (
        f"Batches ({columns}; {batches['number']} in all) were covariates of encoders and decoders, and values were "
        f"imputed at {batches['reference']}."
    )


def _whole_graph(report: Mapping[str, Any]) -> str:
    stage = report.get("graph_stage")
    if not stage:
        return ""
    edges = sum(int(each) for each in dict(stage.get("edges") or {}).values())
    motifs = f", features and {stage['motifs']:,} motifs" if stage.get("motifs") else " and features"
    return (
        f"Cells{motifs} were vertices of one graph of {edges:,} edges (Monae-E) and embedded in it in closed form and "
        f"by {int(stage.get('steps') or 0):,} steps on drawn edges; the vectors of cells were what encoders read."
    )


def _training(report: Mapping[str, Any], config: RunConfig) -> str:
    pairs = "Known pairs of cells were used" if config.paired else "No pairing of cells was used"
    anchors = f" and {report['anchors']:,} anchors between modalities were found" if report.get("anchors") else ""
    return (
        f"{pairs}{anchors}. A modal-nexus auto-encoder (Tang et al. 2024) with {config.latent_shared} shared and "
        f"{config.latent_private} private axes was trained for {int(report.get('steps') or 0):,} steps of "
        f"{config.batch_size:,} cells of each modality (Adam, peak learning rate {config.learning_rate:g}; seed "
        f"{config.seed})."
    )


def _map(config: RunConfig, versions: Mapping[str, Any]) -> str:
    tools = f"scanpy {versions['scanpy']}" if versions.get("scanpy") else "scanpy"
    return (
        f"Cells were clustered by Leiden (resolution {config.leiden_resolution:g}) and laid out by UMAP "
        f"({config.umap_neighbors} neighbours, minimal distance {config.umap_min_dist:g}) on the shared axes ({tools})."
    )


def _tested(report: Mapping[str, Any]) -> str:
    found = report.get("alignment") or {}
    parts = []
    if found.get("z") is not None:
        parts.append(
            "Shared structure was tested against links permuted among features of like abundance "
            f"(z = {found['z']:.1f}, p = {found.get('p')})."
        )
    consistency = report.get("consistency") or {}
    if consistency.get("score") is not None:
        parts.append(
            f"After training, linked features correlated with {consistency['score']:.3f} over metacells "
            f"({consistency['null_mean']:.3f} ± {consistency['null_sd']:.3f} under rewired links)."
        )
    return " ".join(parts)


def citations(report: Mapping[str, Any], data: str = "") -> list[str]:
    """Name what to cite for a run, ``data`` first if the study behind it is known."""
    version = (report.get("versions") or {}).get("monae-app", "")
    return [*filter(None, [data]), METHOD, SOFTWARE.format(version=version), *TOOLS]
