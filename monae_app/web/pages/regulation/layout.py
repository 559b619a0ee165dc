"""What the page Regulation consists of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_ag_grid as dag  # type: ignore[import-untyped]
from dash import dcc, html

from monae_app.web.components.aria import aria, data
from monae_app.web.components.code_link import code_link
from monae_app.web.components.figure_out import figure_out
from monae_app.web.components.graph_config import FIGURE_CONFIG
from monae_app.web.components.grid_theme import GRID_OPTIONS
from monae_app.web.components.short_job import ShortJob

if TYPE_CHECKING:
    from collections.abc import Sequence

JOB = ShortJob("regulation-work", "regulation", "Work out what regulates what", primary=True)
# what the URL asked for, what is there by now, and what is chosen
ASKED, READY, TARGET = "regulation-asked", "regulation-ready", "regulation-target"
GROUPS, GROUP, FACTOR, REGULATORS = (
    "regulation-groups", "regulation-group", "regulation-factor", "regulation-regulators",
)  # fmt: skip
HINT = "regulation-hint"
REMEMBERED, NOTE, FORM, SHOWN, MISSING = (
    "regulation-remembered", "regulation-note", "regulation-form", "regulation-shown", "regulation-missing",
)  # fmt: skip
TABLE, SENTENCE, CREDIT, CSV, SHORTLIST, LINKS = (
    "regulation-table", "regulation-sentence", "regulation-credit", "regulation-csv", "regulation-shortlist",
    "regulation-links",
)  # fmt: skip
WHICH, SIGN, MOST_Q, BACKING, TOP = (
    "regulation-which", "regulation-sign", "regulation-q", "regulation-backing", "regulation-top",
)  # fmt: skip
OWN, OWN_FILE, OWN_BUTTON, OWN_DROP, OWN_SAID = (
    "regulation-own", "regulation-own-file", "regulation-own-button", "regulation-own-drop", "regulation-own-said",
)  # fmt: skip
TRACK, REGION, JUMP, JUMP_SAID, ARCS, PEAK, PEAK_SAID, TRACK_NOTE, TARGETS_CODE = (
    "regulation-track", "regulation-region", "regulation-jump", "regulation-jump-said", "regulation-arcs",
    "regulation-peak", "regulation-peak-said", "regulation-track-note", "regulation-code",
)  # fmt: skip
LEFT, RIGHT, CLOSER, FARTHER, FIT = (f"regulation-{each}" for each in ("left", "right", "closer", "farther", "fit"))
GRAPH: Any = FIGURE_CONFIG | {
    "scrollZoom": True,
    "modeBarButtonsToRemove": ["toImage", "lasso2d", "select2d", "autoScale2d", "resetScale2d"],
}
MOST_BYTES = 5_000_000
TOLD = (
    "Genes are ranked as targets of a factor by what the run learned and, where motifs are there, by the peaks that go "
    "with them. Peaks go with genes by what was measured."
)
RATES = (0.05, 0.1, 0.25)
WHICHES = {"all": "All", "novel": "Not reported", "known": "Known"}
SIGNS = {"both": "Both", "up": "Rise", "down": "Fall"}
BACKINGS = {
    "any": "any evidence",
    "peak": "a peak, p ≤ .05",
    "motif": "motifs beyond chance",
    "both": "peak and motifs",
}


def layout(asked: dict[str, str], more: Sequence[Any], agreement: Any) -> html.Div:
    """Build the page in the state that its URL names.

    Parameters
    ----------
    asked
        By the URL.
    more
        Cards that follow the track.
    agreement
        What stands below the known targets.
    """
    return html.Div(
        [
            dcc.Store(id=ASKED, data=asked),
            dcc.Store(id=READY),
            dcc.Store(id=TARGET, data={"tf": asked.get("tf"), "target": asked.get("target")}),
            dcc.Store(id=REGION),
            dcc.Store(id=PEAK),
            dcc.Store(id=OWN, storage_type="session"),
            dcc.Store(id=OWN_FILE),
            html.Div(id=REMEMBERED, hidden=True),
            html.H1("Regulation", className="visually-hidden"),
            html.Div(id=NOTE),
            html.Div(
                [
                    html.Div([_form(asked), _known(agreement)], className="stack regulation-side"),
                    html.Div(
                        [
                            html.Div(id=HINT),
                            html.Div([_targets(asked), _track(), *more], id=SHOWN, className="stack", hidden=True),
                        ]
                    ),
                ],
                className="regulation",
            ),
        ]
    )


def _form(asked: dict[str, str]) -> html.Section:
    chosen = asked.get("tf") or None
    return html.Section(
        [
            html.H2("A transcription factor"),
            html.P(TOLD, className="muted small"),
            field("Groups of", GROUPS, dcc.Dropdown(id=GROUPS, options=[], clearable=False)),
            JOB.layout(),
            html.Div(
                [
                    field("Factor, or any gene", FACTOR, dcc.Dropdown(
                        id=FACTOR, options=[chosen] if chosen else [], value=chosen, placeholder="type its name …",
                        optionHeight=32,
                    )),
                    field("Most active in", GROUP, dcc.Dropdown(id=GROUP, options=[], clearable=False)),
                    grid(REGULATORS, "regulation-regulators", pagination=False),
                    html.P(
                        "Activity: how far the leading 50 targets are among the genes that cells express most; beside "
                        "other cells, in standard deviations.",
                        className="muted small",
                    ),
                ],
                id=FORM, hidden=True,
            ),
        ],
        className="card regulation-form",
    )  # fmt: skip


def _known(agreement: Any) -> html.Section:
    return html.Section(
        [
            html.H2("Known targets"),
            html.P(id=CREDIT, className="muted small"),
            html.Div(
                [
                    html.Button(
                        "Load your own table", id=OWN_BUTTON, className="button small", type="button",
                        title="Text with the columns tf, target and, if known, mode and pmid",
                        **data(most=str(MOST_BYTES)),
                    ),
                    html.Button("Take TRRUST again", id=OWN_DROP, className="link-button", type="button", hidden=True),
                ],
                className="buttons",
            ),
            html.Div(id=OWN_SAID, role="status", className="small"),
            agreement,
        ],
        className="card",
    )  # fmt: skip


def _targets(asked: dict[str, str]) -> html.Section:
    def segments(name: str, told: dict[str, str], value: str) -> dcc.RadioItems:
        options: Any = [{"label": title, "value": key} for key, title in told.items()]
        return dcc.RadioItems(options, value, id=name, inline=True, className="segments")

    rates: Any = [{"label": "any q", "value": 1}, *({"label": f"q ≤ {q:g}", "value": q} for q in RATES)]
    tops: Any = [{"label": f"best {count:,}", "value": count} for count in (25, 100, 500, 5000)]
    backings: Any = [{"label": title, "value": key} for key, title in BACKINGS.items()]
    rate = next((q for q in RATES if f"{q:g}" == asked.get("q")), 1)

    def first(name: str, known: dict[str, str]) -> str:
        return asked[name] if asked.get(name) in known else next(iter(known))

    return html.Section(
        [
            html.Div(
                [
                    html.H2("Targets", id="regulation-title"),
                    html.Div(
                        [
                            html.A("Shortlist of candidates (CSV)", id=SHORTLIST, href="", className="link-button"),
                            html.A("All targets (CSV)", id=CSV, href="", className="link-button"),
                            html.A("All links (CSV)", id=LINKS, href="", className="link-button"),
                            code_link(TARGETS_CODE),
                        ],
                        className="downloads",
                    ),
                ],
                className="card-head",
            ),
            html.P(id=SENTENCE, className="muted", **aria(live="polite")),
            html.Div(
                [
                    segments(WHICH, WHICHES, first("which", WHICHES)),
                    segments(SIGN, SIGNS, first("sign", SIGNS)),
                    dcc.Dropdown(rates, rate, id=MOST_Q, clearable=False, className="regulation-q"),
                    dcc.Dropdown(
                        backings, first("backing", BACKINGS), id=BACKING, clearable=False,
                        className="regulation-backing",
                    ),
                    dcc.Dropdown(tops, 100, id=TOP, clearable=False, className="regulation-q"),
                ],
                className="regulation-filters",
            ),
            dcc.Loading(grid(TABLE, "regulation-table"), delay_show=500),
            html.Div(id=MISSING),
        ],
        className="card",
    )  # fmt: skip


def _track() -> html.Section:
    def button(name: str, mark: str, told: str) -> html.Button:
        return html.Button(mark, id=name, className="button small", type="button", title=told, **aria(label=told))

    arcs: Any = {"gene": "Links of the target", "all": "of all genes", "sure": "of all genes, p ≤ .05"}
    return html.Section(
        [
            html.H2("Track", id=f"{TRACK}-title"),
            html.Div(
                [
                    field("Go to a gene or a region", JUMP, dcc.Input(
                        id=JUMP, type="text", debounce=True, placeholder="Mbp, or chr7:1,000-2,000", maxLength=120,
                    )),
                    html.Div(
                        [button(LEFT, "◀", "Move left"), button(RIGHT, "▶", "Move right"),
                         button(CLOSER, "+", "Zoom in"), button(FARTHER, "−", "Zoom out"),
                         button(FIT, "Fit", "The target and all of its links")],
                        className="regulation-moves", role="group", **aria(label="Move and zoom"),
                    ),
                    dcc.RadioItems([{"label": told, "value": key} for key, told in arcs.items()], "gene",
                                   id=ARCS, inline=True, className="segments"),
                ],
                className="regulation-filters",
            ),
            html.Div(id=JUMP_SAID, role="status"),
            html.Div(id=TRACK_NOTE),
            dcc.Graph(id=TRACK, config=GRAPH, responsive=True, className="regulation-track"),
            figure_out(TRACK, "track"),
            html.P(
                "Arcs: height and strength are the score; green where both rise together, orange where one falls. "
                "Bars: measured, on one scale; lines: imputed in cells of RNA. Click a peak for its links, a gene to "
                "make it the target; drag to move, scroll to zoom.",
                className="muted small",
            ),
            html.Div(id=PEAK_SAID, **aria(live="polite")),
        ],
        className="card",
    )  # fmt: skip


def grid(name: str, look: str, *, pagination: bool = True) -> dag.AgGrid:
    """Build an empty table whose rows can be chosen, one at a time."""
    return dag.AgGrid(
        id=name, columnDefs=[], rowData=[], className=look, getRowId="params.data.id",
        defaultColDef={"sortable": True, "filter": True, "resizable": True, "minWidth": 64, "flex": 1,
                       "suppressHeaderMenuButton": True, "suppressHeaderFilterButton": True},
        dashGridOptions={
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            "pagination": pagination, "paginationPageSize": 100, **GRID_OPTIONS,
        },
    )  # fmt: skip


def field(title: str, name: str, control: Any) -> html.Div:
    """Build a control with its label."""
    return html.Div([html.Label(title, htmlFor=name), control], className="field")
