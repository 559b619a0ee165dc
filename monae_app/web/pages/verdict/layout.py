"""The parts of the Verdict page and their ids."""

from __future__ import annotations

from dash import html

from monae_app.web.components.aria import aria
from monae_app.web.components.code_link import code_link
from monae_app.web.components.short_job import ShortJob

MESSAGE, BODY, HEAD, PICTURE, FINDINGS, GLOSSARY, CSV, JSON = (
    "verdict-message", "verdict-body", "verdict-head", "verdict-picture", "verdict-findings", "verdict-glossary",
    "verdict-csv", "verdict-json",
)  # fmt: skip
CODE = "verdict-code"
REPORT = ShortJob("verdict-report", "report", "Make the report", primary=True)
INTRODUCTION = "Did it work? What speaks for and against this run, with the figures behind it and what to try next."
OF_REPORT = (
    "One file with data, settings, versions, figures, scores, this verdict and a methods paragraph. It opens anywhere, "
    "without a network."
)


def layout(**_: str) -> html.Div:
    """Build the page."""
    downloads = html.Div(
        [
            html.Span("Download the findings"),
            html.A("CSV", id=CSV, href="", className="link-button"),
            html.A("JSON", id=JSON, href="", className="link-button"),
            code_link(CODE),
        ],
        className="downloads",
    )
    return html.Div(
        [
            html.Div([html.H1("Verdict"), html.P(INTRODUCTION, className="lead")], className="page-head"),
            html.Div(id=MESSAGE),
            html.Div(
                [
                    html.Div(
                        [
                            html.Div(
                                [
                                    html.Section(id=HEAD, className="card verdict-answer", **aria(live="polite")),
                                    html.Div(id=FINDINGS, className="finding-list"),
                                    downloads,
                                ],
                                className="stack",
                            ),
                            html.Aside(
                                [
                                    html.Section(id=PICTURE, className="card"),
                                    html.Section(
                                        [
                                            html.H2("Report"),
                                            html.P(OF_REPORT, className="muted small"),
                                            REPORT.layout(),
                                        ],
                                        className="card",
                                    ),
                                ],
                                className="stack",
                            ),
                        ],
                        className="two-columns verdict-page",
                    ),
                    html.Section(
                        [html.H2("What the scores mean"), html.Div(id=GLOSSARY)], className="card glossary-card"
                    ),
                ],
                id=BODY,
                hidden=True,
                className="stack",
            ),
        ]
    )
