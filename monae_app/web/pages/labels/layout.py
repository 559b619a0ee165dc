"""What the Labels page consists of."""

from __future__ import annotations

from typing import Any

from dash import dcc, html

from monae_app.web.components.aria import aria
from monae_app.web.components.notice import empty
from monae_app.web.components.short_job import ShortJob
from monae_app.web.label_files import GETS, GIVES

JOB = ShortJob("labels", "labels", "Transfer the labels", primary=True)
FILE = ShortJob("labels-file", "labels_file", "Make a table (CSV)")
MARKERS = ShortJob("labels-markers", "markers", "Score the markers")
# What a row of a table of scores is.
TABLES = {
    each: ShortJob(f"labels-marked-{each}", "markers_file", f"Table of {each}s (CSV)") for each in ("cluster", "cell")
}
SOURCE, COLUMN, TARGET, THRESHOLD = "labels-source", "labels-column", "labels-target", "labels-threshold"
# Another file whose cells take part: its name, what it does, what it holds, and what is said of it.
OTHER, ROLE, LOOK, TOLD, ROLE_BOX = "labels-other", "labels-role", "labels-look", "labels-told", "labels-role-box"
ROLES = {GIVES: "Its labels go to cells of the run", GETS: "Its cells get labels of the run"}
# What the URL asked for, and the choice that a run begins with.
ASKED, FIRST = "labels-asked", "labels-first"
FORM, NOTE, RESULT, TILES, TABLE = "labels-form", "labels-note", "labels-result", "labels-tiles", "labels-table"
FIGURES, SUMMARY, EXPLAINED, HINT = "labels-figures", "labels-summary", "labels-explained", "labels-hint"
SAVE, SAVED, UNDO, STEP = "labels-save", "labels-saved", "labels-undo", "labels-step"
LISTS, LISTS_FILE, LISTS_SAID, MARKED = "labels-lists", "labels-lists-file", "labels-lists-said", "labels-marked"
MARKED_SAVE, MARKED_SAVED, MARKED_TEXT = "labels-marked-save", "labels-marked-saved", "labels-marked-text"
STANDARD = 0.5
MOST_BYTES = 500_000

INTRODUCTION = (
    "Cells of one modality are labelled by those of another that lie around them. The confidence is meant literally: "
    "of cells with 80 %, about four in five should be right. Cells whose kind the source seems to lack stay unassigned."
)
PLACEHOLDER = "T cell: CD3D, CD3E\nB cell: CD79A, MS4A1"


def layout(**asked: str) -> html.Div:
    """Build the page in the state that its URL names."""
    form = html.Section(
        [
            html.H2("Transfer"),
            _other(asked.get("role", "")),
            _field("Labels of", SOURCE, dcc.Dropdown(id=SOURCE, options=[], clearable=False)),
            _field("Column", COLUMN, dcc.Dropdown(id=COLUMN, options=[], clearable=False)),
            _field("To the cells of", TARGET, dcc.Dropdown(id=TARGET, options=[], clearable=False)),
            _field(
                "Unassigned below a confidence of",
                THRESHOLD,
                dcc.Slider(0, 1, 0.05, value=_threshold(asked.get("least")), id=THRESHOLD, marks=_MARKS),
            ),
            JOB.layout(),
        ],
        id=FORM,
        className="card labels-form",
        hidden=True,
    )
    return html.Div(
        [
            dcc.Store(id=ASKED, data=asked),
            dcc.Store(id=FIRST),
            html.Div([html.H1("Labels"), html.P(INTRODUCTION, className="lead")], className="page-head"),
            html.Div(
                [
                    html.Div([form, _markers()], className="stack"),
                    html.Div([html.Div(id=NOTE), _hint(), _result(), _marked()], className="stack"),
                ],
                className="two-columns training-page",
            ),
        ]
    )


_MARKS: Any = {0: "0", 0.5: ".5", 1: "1"}


def _other(role: str) -> html.Div:
    return html.Div(
        [
            html.Label("Cells of another file", htmlFor=OTHER),
            dcc.Dropdown(id=OTHER, options=[], placeholder="None: within the run"),
            dcc.Loading(html.Div(id=TOLD, role="status", className="small muted labels-told"), delay_show=400),
            html.Div(
                dcc.RadioItems(
                    [{"label": told, "value": name} for name, told in ROLES.items()],
                    role if role in ROLES else GIVES,
                    id=ROLE,
                    className="labels-role small",
                ),
                id=ROLE_BOX,
                hidden=True,
            ),
            dcc.Store(id=LOOK),
        ],
        className="field",
    )


def _hint() -> html.Section:
    told = empty(
        "No labels yet",
        html.P(
            "Press “Transfer the labels”. Within a run of up to 30,000 cells they come by themselves, within seconds; "
            "cells of another file are placed in the run first."
        ),
    )
    return html.Section(told, id=HINT, className="card", hidden=True)


def _result() -> html.Section:
    head = html.Div(
        [
            html.H2("What was found"),
            html.Button("Save as columns of the map", id=SAVE, className="button", type="button"),
        ],
        className="card-head",
    )
    return html.Section(
        [
            head,
            html.Div(id=SAVED, role="status"),
            html.Button("Undo", id=UNDO, className="link-button", type="button", hidden=True),
            dcc.Store(id=STEP),
            html.P(id=SUMMARY, className="muted"),
            html.Div(id=TILES, **aria(live="polite")),
            html.P(id=EXPLAINED, className="small muted"),
            html.Div(id=FIGURES),
            html.Div(id=TABLE, className="table-scroll"),
            FILE.layout(),
        ],
        id=RESULT,
        className="card",
        hidden=True,
    )


def _markers() -> html.Section:
    return html.Section(
        [
            html.H2("From lists of markers"),
            html.P(
                "Clusters are named by the markers that they have more of than others. One line a type, a table of "
                "two columns (type, gene), or GMT.",
                className="muted small",
            ),
            html.Label("Markers", htmlFor=LISTS),
            dcc.Textarea(id=LISTS, value="", placeholder=PLACEHOLDER, rows=6, className="imputed-features"),
            # A list of names, at most 500 kB.
            dcc.Upload(  # noqa: TID251
                html.Button("From a file", className="link-button", type="button"), id=LISTS_FILE,
                max_size=MOST_BYTES, accept=".txt,.csv,.tsv,.gmt",
            ),
            html.Div(id=LISTS_SAID, role="status", className="small"),
            MARKERS.layout(),
        ],
        className="card labels-markers",
    )  # fmt: skip


def _marked() -> html.Section:
    return html.Section(
        [
            html.Div(
                [
                    html.H2("What the markers say"),
                    html.Button("Save as a column of the map", id=MARKED_SAVE, className="button", type="button"),
                ],
                className="card-head",
            ),
            html.Div(id=MARKED_SAVED, role="status"),
            html.Div(id=MARKED_TEXT),
            html.Div([job.layout() for job in TABLES.values()], className="labels-tables"),
        ],
        id=MARKED,
        className="card",
        hidden=True,
    )


def _field(title: str, name: str, inner: Any) -> html.Div:
    return html.Div([html.Label(title, htmlFor=name), inner], className="field")


def _threshold(text: str | None) -> float:
    try:
        return min(max(float(text or STANDARD), 0.0), 1.0)
    except ValueError:
        return STANDARD
