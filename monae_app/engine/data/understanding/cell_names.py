"""What cells are called: by the names they came with, unless these are numbers that begin anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from monae_app.engine.config import ModalityName


def name_cells(obs: pd.DataFrame, modality: ModalityName) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Give cells new numbers where theirs are repeated: such numbers name no cell.

    Names that are more than a number are left as they are, repeated or not.

    Parameters
    ----------
    obs
        Of one part, shape (N, columns).
    modality
        Begins the new names, so that no cell of another modality seems to be the same.

    Returns
    -------
    tuple
        The table, and what was decided, in words.
    """
    names = obs.index
    # the first name tells of most tables what a look for repeated ones would take a second for
    if not all(str(name).isdigit() for name in names) or not names.has_duplicates:
        return obs, ()
    repeated = names[names.duplicated()].nunique()
    note = f"the cells are named by numbers, of which {repeated:,} stand more than once: they were numbered anew."
    return obs.set_axis([f"{modality}_{number}" for number in range(len(names))]), (note,)
