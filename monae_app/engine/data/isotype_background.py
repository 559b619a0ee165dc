"""Isotype controls leave the panel of antibodies; what they counted stays with the cells, as a background.

N cells, G features.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.antibodies import is_isotype_control
from monae_app.engine.data.antibodies.by_hand import split_mapping
from monae_app.engine.data.dataset import is_count

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.config import RunConfig
    from monae_app.engine.data.modality_reading import Whole

BACKGROUND = "isotype_background"
FOUND = "isotype_controls"
_NAMED = 6


def isotype_controls(var: pd.DataFrame, config: RunConfig) -> np.ndarray:
    """Find the isotype controls of a panel by their names, shape (G,); what a user maps to a gene is none."""
    mapped = {name.casefold() for name, genes in split_mapping(config.antibody_genes).items() if genes}
    return np.array([is_isotype_control(name) and name.casefold() not in mapped for name in map(str, var.index)], bool)


def leave_out_controls(whole: Whole, config: RunConfig, notes: list[str]) -> Whole:
    """Take the isotype controls out of a panel and keep their mean per cell.

    Parameters
    ----------
    whole
        All cells of the proteins.
    config
        Of the run: whether controls leave the panel, and what was mapped to a gene by hand.
    notes
        What was left out is appended here, in words.

    Returns
    -------
    Whole
        Without the controls. The obs column ``isotype_background`` holds the mean over them of log(1 + count), or of
        the values as they are where these are no counts; the finding names them.
    """
    mine = isotype_controls(whole.var, config)
    names = whole.var.index[mine].astype(str).tolist()
    finding = whole.finding | {FOUND: names}
    shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    several = f"{len(names):,} isotype controls ({shown})" if len(names) > 1 else f"the isotype control {shown}"
    if not names:
        return whole
    if config.isotype_controls == "keep" or mine.all():
        notes.append(f"protein: {several} stayed in the panel; nothing links them to a gene.")
        return replace(whole, finding=finding)
    # of antibodies every value is measured, and none is a level
    values = sp.csr_matrix(whole.values[:, mine])
    if is_count(whole.likelihood):
        values = values.log1p()
    background = np.asarray(values.mean(axis=1), dtype=np.float32).ravel()
    obs = whole.obs.rename(columns={BACKGROUND: f"input_{BACKGROUND}"}).assign(**{BACKGROUND: background})
    notes.append(
        f"protein: {several} left the panel; what they show of the background is kept per cell as {BACKGROUND} (--set "
        "isotype_controls=keep models them like the others)."
    )
    return replace(whole, values=whole.values[:, ~mine], obs=obs, var=whole.var[~mine], finding=finding)
