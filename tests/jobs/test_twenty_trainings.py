"""Twenty real trainings of five users on one device."""

from __future__ import annotations

from itertools import pairwise

import pytest

from monae_app.engine.config import make_config
from monae_app.engine.errors import InputError
from monae_app.jobs.local import LocalLauncher
from monae_app.jobs.registry import Registry

pytestmark = [pytest.mark.long, pytest.mark.timeout(3000)]


def test_twenty_trainings_of_five_users_go_one_at_a_time_in_order(data, tmp_path, wait_for):
    store = tmp_path / "store"
    launcher, registries = LocalLauncher(store), [Registry(store, f"u{number}") for number in range(5)]
    launcher.watch()
    config = make_config(
        inputs={"rna": data / "rna.h5ad", "atac": data / "atac.h5ad"},
        bed=data / "genes.bed.gz",
        steps=12,
        batch_size=32,
        n_components=20,
        device="cpu",
    )
    records = []
    for _ in range(4):
        for registry in registries:
            records.append(registry.create(config))
            launcher.submit(registry.user, records[-1].files, expected_s=20)
    last = records[-1]
    assert launcher.outlook(last.owner, last.files).position >= 18
    for record in records:
        wait_for(record, "done", seconds=1500)
        assert record.finished
    launcher.close()
    spans = [(events[0]["time"], events[-1]["time"]) for events in (each.files.read_events()[0] for each in records)]
    assert spans == sorted(spans)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    for registry in registries:
        assert {each.id for each in registry.list()} == {each.id for each in records if each.owner == registry.user}
        foreign = next(each for each in records if each.owner != registry.user)
        with pytest.raises(InputError, match="There is no run"):
            registry.get(foreign.id)
