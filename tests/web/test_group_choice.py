from __future__ import annotations

from monae_app.web.explore import RunView
from monae_app.web.group_choice import GroupChoice
from monae_app.web.selections import Selections


def test_what_is_on_offer_is_read_once_and_differs_by_whether_modalities_are_asked_for(services, monkeypatch):
    view, read = services.view("sample-tiny"), []
    names = RunView.group_names
    monkeypatch.setattr(RunView, "group_names", lambda self, name: read.append(name) or names(self, name))
    choice = GroupChoice(view, "sample-tiny", Selections(services))
    few, every = choice.offered(), choice.offered(every=True)
    lacking = [each["value"] for each in every if each not in few]
    assert lacking == ["obs:modality=atac", "obs:modality=rna"]
    assert choice.named(choice.first()) == "Astro · cell_type"
    assert (choice.offered(), choice.offered(every=True)) == (few, every)
    assert len(read) == 2 * len(view.groupings)
