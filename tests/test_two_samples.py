"""Two samples a modality, their peaks called apart, come out like one file a modality."""

from __future__ import annotations

import json

import pytest

from monae_app.cli import main
from tests.engine.data.cut_cortex import CORTEX, cut

CLOSE = 0.03


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_samples_end_to_end_transfer_labels_as_well_as_single_files(tmp_path, capsys):
    single = [f"{name}={CORTEX / name}.h5ad" for name in ("rna", "atac")]
    found = {}
    for name, arguments in (("single", single), ("samples", cut(tmp_path).arguments())):
        assert main(["run", *arguments, "--genome", "mm10", "--out", str(tmp_path / name)]) == 0
        found[name] = json.loads((tmp_path / name / "report.json").read_text())
        capsys.readouterr()
    scores = {name: report["metrics"]["label_transfer"] for name, report in found.items()}
    assert abs(scores["single"] - scores["samples"]) <= CLOSE, scores
    assert found["samples"]["metrics"]["cells"] == found["single"]["metrics"]["cells"]
    assert found["samples"]["dataset"]["coinciding_names"] == found["single"]["dataset"]["coinciding_names"]
