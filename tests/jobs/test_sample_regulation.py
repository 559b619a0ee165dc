"""What travels with a bundled run is there for everyone, and nobody's own work goes into it."""

from __future__ import annotations

import numpy as np

from monae_app.jobs.kept_regulation import EVIDENCE, PLACES, KeptRegulation, groups_asked
from monae_app.jobs.sample_regulation import keep_with_run
from tests.web.tiny_sample import TYPES, write_sample


def test_it_is_found_by_any_user_and_read_as_it_was_worked_out(tmp_path):
    run = write_sample(tmp_path / "samples") / "run"
    kept = KeptRegulation(tmp_path / "store", "somebody")
    assert kept.evidence(run) is None
    keep_with_run(run, "cell_type")
    found, groups = kept.evidence(run), kept.read(run, groups_asked({"column": "cell_type"}))
    assert len(found.genes) == 60
    assert len(found.links)
    assert groups.about["groups"] == sorted(TYPES)
    assert groups.arrays["rna"].shape[0] == len(TYPES) or groups.arrays["rna"].shape[1] == len(TYPES)
    assert kept.read(run, {"kind": PLACES}) is not None
    assert kept.read(run, groups_asked({"column": "leiden"})) is None
    assert not list((tmp_path / "store").rglob("*.npz"))
    # what a user has worked out goes before it
    kept.write_evidence(run, found)
    mine = list((tmp_path / "store").rglob("*.npz"))
    assert len(mine) == 1
    bundled = {path.name for path in (run / "regulation").iterdir()}
    assert mine[0].name not in bundled
    assert np.array_equal(kept.evidence(run).vectors, found.vectors)
    assert EVIDENCE not in bundled
