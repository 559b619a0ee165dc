"""Peaks before genes as a picture: each link once, by way and time, its intervals where the table has them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from monae_app.web.figures.leads import MOST_LINKS, NEEDED, leads_figure, leads_height, leads_shown
from monae_app.web.figures.style import LIGHT


def links(count: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    gene, peak = rng.uniform(0.4, 0.8, count), rng.uniform(0.2, 0.6, count)
    table = pd.DataFrame(
        {
            "gene": [f"g{each}" for each in range(count)],
            "peak": [f"p{each}" for each in range(count)],
            "way": np.where(np.arange(count) % 3 == 0, "left", "right"),
            "gene_time": gene,
            "peak_time": peak,
            "lead": gene - peak,
            "low": gene - peak - np.arange(count) / 100,
            "high": gene - peak + np.arange(count) / 100,
        }
    )
    for name, at in zip(NEEDED, (gene - 0.1, gene + 0.1, peak - 0.1, peak + 0.1), strict=True):
        table[name] = at
    return table


def test_the_surest_links_are_drawn_by_way_and_time():
    shown = leads_shown(links(MOST_LINKS + 20))
    assert len(shown) == MOST_LINKS
    # the intervals of the last ones are the widest
    assert set(shown["gene"]) == {f"g{each}" for each in range(MOST_LINKS)}
    assert shown["way"].is_monotonic_increasing
    assert shown.groupby("way")["gene_time"].apply(lambda each: each.is_monotonic_increasing).all()
    figure = leads_figure(shown, LIGHT)
    marks = [each for each in figure.data if each.mode == "markers"]
    assert sum(len(each.x) for each in marks if each.name == "gene") == MOST_LINKS
    assert sum(len(each.x) for each in marks if each.name == "peak") == MOST_LINKS
    assert all(np.allclose(each.error_x.array, 0.1) for each in marks)
    assert marks[0].customdata[0][0] == shown["gene"][0]
    assert "to" in marks[0].customdata[0][2]
    assert leads_height(shown) > leads_height(shown.head(5))


def test_what_was_kept_without_intervals_is_drawn_without_them():
    shown = leads_shown(links(6).drop(columns=list(NEEDED)))
    marks = [each for each in leads_figure(shown, LIGHT).data if each.mode == "markers"]
    assert all(each.error_x.array is None for each in marks)
    assert "to" not in marks[0].customdata[0][2]
