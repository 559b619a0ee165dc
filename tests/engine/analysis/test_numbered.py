from __future__ import annotations

from monae_app.engine.analysis.numbered import by_number


def test_numbers_come_by_their_value_and_before_other_names():
    # a raised two is a digit, and no number that can be read
    names = ["b", "10", "²", "2", "a", "", "02"]
    assert sorted(names, key=by_number) == ["02", "2", "10", "", "a", "b", "²"]
