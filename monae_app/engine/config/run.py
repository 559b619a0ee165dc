"""Every parameter of a run, once: its default, its bounds and its help text.

The command line, the form in the browser, the messages about wrong values and config.json all come from here.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationError, model_validator

from monae_app.engine.config.graph_stage import GraphStageSettings
from monae_app.engine.config.parameter import (
    DeviceName,
    LikelihoodName,
    MethylationLikelihoodName,
    PrecisionName,
    parameter,
)
from monae_app.engine.errors import InputError


class RunConfig(GraphStageSettings):
    """What one run is made from and how.

    Weights of the loss keep their meaning across data sizes: the likelihood is a mean over cells and features, the KL
    divergence is taken per feature.
    """

    rna_likelihood: LikelihoodName = parameter(
        "auto",
        "data",
        "Distribution of RNA values: nb for counts, zinb for counts with yet more zeros, poisson for counts "
        "without overdispersion, bernoulli for seen or not, normal for continuous values, auto to look (nb or normal).",
    )
    atac_likelihood: LikelihoodName = parameter(
        "auto",
        "data",
        "Distribution of ATAC values: nb for counts, zinb for counts with yet more zeros, poisson for counts "
        "without overdispersion, bernoulli for open or not, normal for continuous values, auto to look (nb or normal).",
    )
    protein_likelihood: LikelihoodName = parameter(
        "auto",
        "data",
        "Distribution of protein values: nb for counts of antibody tags, zinb for counts with yet more zeros, poisson "
        "for counts without overdispersion, bernoulli for seen or not, normal for continuous values, auto to look (nb "
        "or normal).",
    )
    methylation_likelihood: MethylationLikelihoodName = parameter(
        "auto",
        "data",
        "Distribution of methylation values: beta_binomial for methylated among covered reads, binomial for the same "
        "without overdispersion, normal for levels, auto to look (beta_binomial or normal).",
    )
    n_top_genes: int = parameter(
        4000,
        "data",
        "Highly variable genes to model jointly. Transcription factors and kept genes come on top; every other gene "
        "is fitted afterwards and can be asked for all the same.",
        ge=10,
        le=60_000,
        expert=False,
    )
    n_top_peaks: int = parameter(
        40_000,
        "data",
        "Most accessible peaks to model jointly; every other peak is fitted afterwards and can be asked for.",
        ge=10,
        le=5_000_000,
        expert=False,
    )
    n_top_regions: int = parameter(
        20_000,
        "data",
        "Regions of methylation to model jointly, those that vary most between the cells that cover them; every other "
        "region is fitted afterwards and can be asked for.",
        ge=10,
        le=5_000_000,
        expert=False,
    )
    keep_genes: tuple[str, ...] = parameter((), "data", "Genes to model jointly whatever their variance.")
    n_components: int = parameter(
        50, "data", "Width of the PCA (RNA, protein, methylation) or LSI (ATAC) that encoders read.", ge=3, le=500
    )

    reference_batch: str | None = parameter(
        None,
        "data",
        "Batch at which values are imputed, so that batches do not show in them; of several columns their values, "
        "joined by | in the order of the columns. Empty for the batch with the most cells.",
    )

    promoter: int = parameter(
        2000, "guidance", "Promoter length in bp upstream of the start of a gene, strand-aware.", ge=0, le=100_000
    )
    window: int = parameter(
        0,
        "guidance",
        "Also link peaks up to this far (bp) from gene body and promoter, with a weight that decays with distance.",
        ge=0,
        le=2_000_000,
    )
    sign_promoter_cg: int = parameter(
        -1, "guidance", "Sign of the link between a gene and CG methylation of its promoter (0: no link).", ge=-1, le=1
    )
    sign_body_cg: int = parameter(
        0, "guidance", "Sign of the link between a gene and CG methylation of its body (0: no link).", ge=-1, le=1
    )
    sign_promoter_ch: int = parameter(
        0, "guidance", "Sign of the link between a gene and CH methylation of its promoter (0: no link).", ge=-1, le=1
    )
    sign_body_ch: int = parameter(
        -1, "guidance", "Sign of the link between a gene and CH methylation of its body (0: no link).", ge=-1, le=1
    )
    weigh_links: bool = parameter(
        default=True,
        group="guidance",
        help_text="Weigh links by how well the two ends go together in the data.",
    )
    antibody_genes: tuple[str, ...] = parameter(
        (),
        "guidance",
        "Genes of antibodies, mapped by hand, which go before the table of antibodies: ANTIBODY=GENE, "
        "ANTIBODY=GENE+GENE for a complex, ANTIBODY= for no link.",
    )
    infer_links: Literal["no", "extend", "only"] = parameter(
        "no",
        "guidance",
        "Infer links from the data where no annotation fits: no; extend those of the annotation; or only inferred "
        "ones, which needs no genome. Inferred links show co-variation, and are marked everywhere.",
    )
    inferred_per_feature: int = parameter(
        3, "guidance", "Genes that one feature is linked to by inference, at most.", ge=1, le=50
    )
    inferred_fdr: float = parameter(
        0.05, "guidance", "False share of inferred links, as metacells matched at random give it.", gt=0, le=0.5
    )
    refined_window: int = parameter(
        150_000,
        "guidance",
        "Gene-peak pairs this far apart (bp) are still scored.",
        ge=0,
        le=2_000_000,
    )

    steps: int | None = parameter(
        None, "length", "Training steps; empty for the standard budget.", ge=1, le=10_000_000, expert=False
    )
    epochs: int | None = parameter(
        None, "length", "Passes over the largest modality, instead of steps.", ge=1, le=100_000
    )
    batch_size: int = parameter(256, "length", "Cells of each modality in one step.", ge=2, le=65_536)
    features_per_step: int = parameter(
        4096, "length", "Features of each modality that are decoded in one step, drawn at random.", ge=16, le=1_000_000
    )
    learning_rate: float = parameter(0.003, "length", "Peak step size of Adam.", gt=0, le=1)
    patience: int = parameter(
        0,
        "length",
        "Stop when the smoothed loss has not improved for this many steps (0: train the whole budget).",
        ge=0,
        le=10_000_000,
    )
    seed: int = parameter(0, "length", "Seed of everything random.", ge=0, le=2**31 - 1, expert=False)
    device: DeviceName = parameter(
        "auto", "length", "Where to compute; auto takes an NVIDIA GPU if there is one.", expert=False
    )
    precision: PrecisionName = parameter(
        "auto",
        "length",
        "Of products of matrices in training; auto takes bfloat16 on a GPU that is made for it, else float32.",
    )
    processes: int = parameter(
        1,
        "length",
        "Processes that train together, each on a share of the cells of a step: a GPU each, or cores of the CPU.",
        ge=1,
        le=64,
    )

    latent_shared: int = parameter(25, "model", "Axes that all modalities share, the result.", ge=2, le=500)
    latent_private: int = parameter(25, "model", "Axes of each modality's own, for what it alone sees.", ge=0, le=500)
    hidden_width: int = parameter(256, "model", "Width of the hidden layers of the cell encoders.", ge=8, le=4096)
    dropout: float = parameter(0.3, "model", "Share of hidden units silenced while training.", ge=0, lt=1)
    private_dropout: float = parameter(
        0.0,
        "model",
        "How often private axes are silenced, so that shared ones learn to reconstruct.",
        ge=0,
        lt=1,
    )
    graph_heads: int = parameter(1, "model", "Attention heads of a graph layer.", ge=1, le=16)
    graph_layers: int = parameter(1, "model", "Graph attention layers.", ge=1, le=4)

    graph_kind: Literal["gat", "gatv2", "gcn", "none"] = parameter(
        "gcn", "model", "Graph layer: plain convolution (gcn), attention (gat, gatv2), or none."
    )
    teacher: Literal["dropout", "heads", "ema"] = parameter(
        "dropout",
        "model",
        "How teacher and student differ: extra dropout for the student, projection heads, or a slow mean as teacher.",
    )

    lambda_kl: float = parameter(2.0, "loss", "Weight of the KL divergence of the cells' latent.", ge=0, le=100)
    lambda_graph: float = parameter(0.0, "loss", "Weight of decoding the guidance graph, per modality.", ge=0, le=100)
    lambda_shared_features: float = parameter(
        3.0, "loss", "Weight of the prior of feature vectors on shared axes: more is smoother.", ge=0, le=100
    )
    lambda_private_features: float = parameter(
        0.0, "loss", "Weight of the prior of feature vectors on private axes: more is smoother.", ge=0, le=100
    )
    lambda_adversarial: float = parameter(
        0.0, "loss", "Weight of the discriminator that cannot tell modalities apart.", ge=0, le=100
    )
    lambda_anchor: float = parameter(0.003, "loss", "Weight of the pull between anchored cells.", ge=0, le=100)
    lambda_contrastive: float = parameter(
        0.0, "loss", "Weight of the contrast between teacher and student within a modality.", ge=0, le=100
    )
    lambda_cluster: float = parameter(0.0, "loss", "Weight of the adaptive clustering of cells.", ge=0, le=100)
    cross_decoding: float = parameter(
        0.3, "loss", "How often a cell's values are decoded from the place of its anchored partner.", ge=0, le=1
    )
    balance: bool = parameter(
        default=True,
        group="loss",
        help_text="Cells without counterpart in the other modality weigh less in the discriminator.",
    )
    temperature: float = parameter(0.2, "loss", "Sharpness of the contrasts between cells.", gt=0, le=10)

    anchor_components: int = parameter(30, "anchors", "Canonical correlations used to find anchors.", ge=2, le=200)
    anchor_neighbors: int = parameter(5, "anchors", "Mutual nearest neighbours looked at for anchors.", ge=1, le=200)
    anchor_keep: float = parameter(
        0.5, "anchors", "Share of anchors kept, best supported by shared neighbours first.", gt=0, le=1
    )

    anchor_mask: int = parameter(
        0, "anchors", "Nearest cells that an anchored cell is not contrasted with (0: none).", ge=0, le=1000
    )

    umap_neighbors: int = parameter(15, "analysis", "Neighbours of a cell in UMAP and clustering.", ge=2, le=500)
    umap_min_dist: float = parameter(0.3, "analysis", "How tightly UMAP packs cells.", ge=0, le=1)
    held_out: float = parameter(
        0.02,
        "analysis",
        "Share of the cells to keep out of training (0: none), at least 50 and at most 1,000 a modality, none where "
        "data are small. They show how far imputed values can be trusted, and are embedded all the same.",
        ge=0,
        le=0.5,
    )
    leiden_resolution: float = parameter(1.0, "analysis", "Higher gives more clusters.", gt=0, le=100)

    @model_validator(mode="after")
    def _one_length(self) -> RunConfig:
        if self.steps is not None and self.epochs is not None:
            msg = "steps and epochs are both given; give one of them"
            raise ValueError(msg)
        places = [name for name in ("genome", "bed", "gtf") if getattr(self, name) is not None]
        if len(places) > 1:
            msg = f"{' and '.join(places)} are given together; give one of them"
            raise ValueError(msg)
        if self.processes > 1 and self.device == "mps":
            msg = "several processes train on CUDA devices or on the CPU; of mps there is one"
            raise ValueError(msg)
        if wrong := self.wrong_motifs():
            raise ValueError(wrong)
        return self


def make_config(**values: object) -> RunConfig:
    """Build a RunConfig, turning each wrong value into a sentence.

    Raises
    ------
    InputError
        If a value is unknown, of the wrong kind or out of bounds.
    """
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        found = "; ".join(_sentence(problem) for problem in error.errors(include_url=False))
        raise InputError(
            f"These settings cannot be used: {found}.",
            "values of the kind and within the bounds that each setting names.",
            "correct them; the bounds stand beside each setting in the form and in `monae run --help`.",
        ) from None


def _sentence(problem: Any) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"there is no setting called {name!r}"
    reason = str(problem["msg"]).removeprefix("Value error, ")
    if not name:
        return reason
    return f"{name} = {problem['input']!r}: {reason[:1].lower()}{reason[1:]}"
