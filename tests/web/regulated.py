"""The tiny sample with motifs of two of its genes, and its regulation worked out in this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp

from monae_app.engine.data.motifs.hits import MOTIF_HITS, MotifHits
from monae_app.jobs.registry import LOCAL
from monae_app.jobs.short_work import Tickets, perform
from monae_app.web.regulation_view import RegulationView
from monae_app.web.selections import Selections
from monae_app.web.services import Services
from monae_app.web.settings import Settings
from tests.web.tiny_sample import PEAKS, write_sample

if TYPE_CHECKING:
    from pathlib import Path

    from monae_app.web.regulation_view import Tables

RUN, GROUPS = "sample-tiny", "obs:cell_type"
OWN = "tf,target,mode,pmid\nGENE3,gene5,activation,1;2\nGene3,Gene7,repression,3\nGene3,Nope,,\nGene40,Gene41,,4\n"
FACTORS = ("Gene3", "Gene40")


@dataclass(frozen=True)
class Regulated:
    """A run whose regulation is worked out; ``own`` names a table of known targets that is kept."""

    view: RegulationView
    tables: Tables
    settings: Settings
    samples: Path
    own: str


def make_regulated(root: Path) -> Regulated:
    """Write the sample and do the work."""
    samples, settings = root / "samples", Settings(store=root / "store")
    samples.mkdir()
    write_motifs(write_sample(samples) / "run")
    services = Services(settings, samples)
    view = RegulationView(services, Selections(services))
    assert view.tables(RUN, GROUPS) is None
    worked_out(settings.store, view.order(RUN, GROUPS))
    tables = view.tables(RUN, GROUPS)
    assert tables is not None
    return Regulated(view, tables, settings, samples, f"{view.kept.keep_table(OWN)}:mine.csv")


def write_motifs(run: Path) -> None:
    """Give each factor a motif in the peaks of its own quarter of the genes, and one that no gene is called by."""
    quarter = np.arange(PEAKS) * 4 // PEAKS
    columns = [quarter == 0, quarter == 2, np.arange(PEAKS) % 5 == 0]
    counts = sp.csr_matrix(np.column_stack(columns).astype(np.int32))
    starts = [100_000 * (i // 2 + 1) + 5_000 * (i % 2) for i in range(PEAKS)]
    names = np.array([f"chr1:{start}-{start + 500}" for start in starts], object)
    scores = counts.astype(np.float32) * 7.5
    genes = [(FACTORS[0],), (FACTORS[1],), ("Unmeasured",)]
    said = {"motif_source": "made", "motif_version": "1", "motif_digest": "0"}
    MotifHits(names, ["M1", "M2", "M3"], ["one", "two", "three"], genes, [(), (), ()], counts, scores, said).save(
        run / MOTIF_HITS
    )


def worked_out(store: Path, order: dict[str, Any]) -> dict[str, Any]:
    """Do the work of an order here."""
    number = Tickets(store).issue("regulation", LOCAL, order)
    outcome = perform(store, number, lambda _share, _text: None)
    assert outcome["state"] == "done", outcome
    return dict(outcome["result"])
