from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.analysis.palette import PALETTE
from monae_app.web.figures.differential import volcano
from monae_app.web.figures.embedding import clip_range, embedding_figure
from monae_app.web.figures.labels import spread
from monae_app.web.figures.losses import loss_figure, loss_title
from monae_app.web.figures.style import DARK, LIGHT, group_colour, line_colour

# sRGB to OKLab (Ottosson 2020) and dichromat sight (Machado et al. 2009, severity 1).
SIGHT = {
    "normal": np.eye(3),
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
TO_CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.793617785, -0.0040720468],
    [1.9779984951, -2.428592205, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.808675766],
]


def _oklab(colours, sight):
    rgb = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in colours])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(SIGHT[sight]).T, 0, 1)
    return np.cbrt(seen @ np.array(TO_CONES).T) @ np.array(TO_LAB).T


@pytest.mark.parametrize(("sight", "least"), [("normal", 0.1), ("deutan", 0.075), ("protan", 0.075), ("tritan", 0.075)])
def test_every_two_colours_differ_for_everybody(sight, least):
    lab = _oklab(PALETTE, sight)
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=2) + 9 * np.eye(len(lab))
    assert len(PALETTE) >= 15
    assert apart.min() >= least


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_a_value_never_looks_like_none(look):
    ends = _oklab([look.ramp[0], look.ramp[-1], look.missing], "normal")
    assert np.linalg.norm(ends[0] - ends[2]) > 0.05
    lightness = _oklab(look.ramp, "normal")[:, 0]
    assert (np.diff(lightness) < 0).all() or (np.diff(lightness) > 0).all()


def test_colours_beyond_the_palette_are_new():
    assert len({group_colour(i, LIGHT) for i in range(3 * len(PALETTE))}) == 3 * len(PALETTE)


@pytest.fixture
def cells():
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"x": generator.normal(size=200), "y": generator.normal(size=200)}, dtype="float32")
    return frame.assign(modality=np.repeat(["rna", "atac"], 100), id=[f"cell{i}" for i in range(200)])


def groups(count):
    return pd.Series(pd.Categorical([f"type {i % count}" for i in range(200)]))


def test_one_trace_a_group_so_that_the_legend_toggles(cells):
    figure = embedding_figure(cells, groups(15), LIGHT, title="cell_type")
    assert [trace.name for trace in figure.data] == sorted(f"type {i}" for i in range(15))
    assert len({trace.marker.color for trace in figure.data}) == 15
    assert all(trace.type == "scattergl" and trace.x.dtype == np.float32 for trace in figure.data)
    assert sum(len(trace.x) for trace in figure.data) == 200
    assert {note.text for note in figure.layout.annotations} == {f"<b>type {i}</b>" for i in range(15)}
    assert "cell_type" in figure.layout.legend.title.text


def test_few_groups_are_drawn_in_turns_and_named_once(cells):
    figure = embedding_figure(cells, groups(2), LIGHT, title="modality")
    assert [trace.name for trace in figure.data[:4]] == ["type 0", "type 1", "type 0", "type 1"]
    assert sum(bool(trace.showlegend) for trace in figure.data) == 2
    assert sum(len(trace.x) for trace in figure.data) == 200
    assert not figure.layout.annotations


def test_panels_share_axes_and_legend(cells):
    figure = embedding_figure(cells, groups(5), LIGHT, title="t", panels=("rna", "atac"))
    assert sum(bool(trace.showlegend) for trace in figure.data) == 5
    assert figure.layout.xaxis2.matches == "x"
    assert "RNA · 100 cells" in {note.text for note in figure.layout.annotations}


def test_cells_of_no_group_lie_beneath(cells):
    values = groups(5)
    values.iloc[:10] = np.nan
    figure = embedding_figure(cells, values, LIGHT, title="t")
    assert figure.data[0].marker.color == LIGHT.missing
    assert len(figure.data[0].x) == 10


def test_high_values_lie_on_top_and_missing_ones_beneath(cells):
    values = pd.Series(np.random.default_rng(1).gamma(1.0, size=200).astype("float32"))
    values.iloc[100:] = np.nan
    figure = embedding_figure(cells, values, DARK, title="Gad1 · measured", unit="counts")
    missing, known = figure.data
    assert missing.marker.color == DARK.missing
    assert len(missing.x) == 100
    assert (np.diff(known.marker.color) >= 0).all()
    assert figure.layout.coloraxis.cmax == pytest.approx(np.percentile(values.dropna(), 99))
    assert "Gad1" in figure.layout.coloraxis.colorbar.title.text
    assert "cell" in known.text[0]
    assert "RNA" in known.text[0]


def test_the_colour_scale_opens_where_almost_all_agree():
    rare = pd.Series(np.r_[np.zeros(999), 5.0])
    assert clip_range(rare) == (0.0, 5.0)
    assert clip_range(pd.Series(np.zeros(9))) == (0.0, 1.0)
    assert clip_range(pd.Series([np.nan])) == (0.0, 1.0)


def test_labels_part_and_stay_near():
    places = np.zeros((5, 2))
    boxes = np.tile([4.0, 1.0], (5, 1))
    moved = spread(places, boxes)
    heights = np.sort(moved[:, 1])
    assert (np.diff(heights) > 0.9).all()
    assert (moved[:, 0] == 0).all()
    assert np.abs(moved).max() < 4
    apart = np.array([[0.0, 0.0], [10.0, 10.0]])
    assert (spread(apart, boxes[:2]) == apart).all()


def test_one_plot_a_loss_term_total_first():
    losses = pd.DataFrame({"step": [1, 2], "loss_kl_rna": [1.0, 0.5], "loss": [2.0, 1.0], "loss_new_term": [1.0, 1.0]})
    figure = loss_figure(losses, LIGHT)
    assert [trace.name for trace in figure.data] == ["loss", "loss_kl_rna", "loss_new_term"]
    assert len({trace.xaxis for trace in figure.data}) == 3
    assert loss_title("loss_nll_protein") == "Protein not explained"
    assert loss_title("loss_kl_features") == "Features: KL"
    assert loss_title("loss_new_term") == "new term"


def test_lines_stand_out_on_dark_ground():
    # what contrast is, worked out here anew (WCAG 2.2)
    def luminance(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        return float(
            np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
        )

    ground = luminance(DARK.surface)
    assert min(luminance(group_colour(i, DARK)) + 0.05 for i in range(len(PALETTE))) < 3 * (ground + 0.05)
    assert min(luminance(line_colour(i, DARK)) + 0.05 for i in range(2 * len(PALETTE))) >= 3 * (ground + 0.05)
    assert [line_colour(i, LIGHT) for i in range(9)] == [group_colour(i, LIGHT) for i in range(9)]


def test_names_of_a_volcano_stay_inside():
    names = [f"chr1:{i}0000000-{i}0005000_CG" for i in range(1, 9)]
    change = [-0.9, -0.8, -0.7, 0.2, 0.6, 0.7, 0.8, 0.9]
    table = pd.DataFrame({"feature": names, "difference": change, "fdr": 10.0 ** -np.arange(2, 10)})
    places = np.array(volcano(table, LIGHT).data[-1].x)
    half = 0.035 * len(names[0]) * 1.8 / 2
    assert (places - half >= -0.9 - 1e-9).all()
    assert (places + half <= 0.9 + 1e-9).all()
    # one that is longer than there is room stands in the middle
    long = table.assign(feature=[name * 5 for name in names])
    assert np.allclose(volcano(long, LIGHT).data[-1].x, 0)
