"""Links that come from the data and not from annotation: the choice before a training, and what a run inferred."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import alert
from monae_app.web.datasets import Source
from monae_app.web.modalities import modality_title

if TYPE_CHECKING:
    from monae_app.web.services import Services

SETTING, STANDARD = "infer_links", "no"
BOX, CHOICE, FOUND = "inferred-links", "inferred-links-choice", "inferred-links-found"
CHOICES = {
    "no": "No: links of the annotation alone",
    "extend": "Add pairs that go together in the data",
    "only": "Only pairs from the data: no annotation fits",
}
INTRODUCTION = (
    "Where an annotation knows few of the features, or none, features that go together over groups of cells can be "
    "linked instead. Such links show co-variation, not regulation; they are marked in every run, and scores that ask "
    "whether linked features agree leave them out."
)


def panel() -> html.Section:
    """Build the panel; it is hidden until there is RNA and another modality."""
    options = [{"label": label, "value": value} for value, label in CHOICES.items()]
    return html.Section(
        [
            html.H2("Links inferred from the data"),
            html.P(INTRODUCTION, className="muted"),
            html.Div(
                [
                    html.Label("Infer links", htmlFor=CHOICE),
                    dcc.Dropdown(options, STANDARD, id=CHOICE, clearable=False, searchable=False),
                    html.P("The next training takes this setting."),
                ],
                className="field",
            ),
            html.Div(id=FOUND),
        ],
        id=BOX,
        className="card",
        hidden=True,
    )


def register(app: Dash, services: Services) -> None:
    """Connect the panel."""

    @app.callback(Output(BOX, "hidden"), Output(CHOICE, "value"), Input(ids.SOURCE, "data"))
    def fill(chosen: Any) -> tuple[bool, Any]:
        source = Source.from_json(chosen) or services.catalogue.default()
        if source is None:
            return True, no_update
        try:
            inputs = services.catalogue.settings(source)["inputs"]
        except InputError:
            return True, no_update
        return "rna" not in inputs or len(inputs) < 2, source.settings.get(SETTING, STANDARD)

    @app.callback(
        Output(ids.SOURCE, "data", allow_duplicate=True),
        Input(CHOICE, "value"),
        State(ids.SOURCE, "data"),
        prevent_initial_call=True,
    )
    def keep(choice: str | None, chosen: Any) -> Any:
        source = Source.from_json(chosen) or services.catalogue.default()
        if source is None or choice not in CHOICES or choice == source.settings.get(SETTING, STANDARD):
            return no_update
        settings = {name: value for name, value in source.settings.items() if name != SETTING}
        return source.to_json() | {"settings": settings | ({} if choice == STANDARD else {SETTING: choice})}

    @app.callback(Output(FOUND, "children"), Input(ids.RUN, "value"))
    def show(run: str | None) -> list[Any]:
        view = services.opened(run)
        return [] if view is None else inferred_list(view.report)


def inferred_list(report: dict[str, Any]) -> list[Any]:
    """Show what the chosen run inferred: the verdict of every modality, and the strongest links."""
    parts: list[Any] = []
    for found in report.get("guidance_inferred", ()):
        title = f"In the chosen run: {' and '.join(map(modality_title, found['modalities']))}"
        parts.append(alert(title, str(found["verdict"]), tone="info" if found["count"] else "warning"))
        parts += [_strongest(found)] if found["strongest"] else []
    return parts


def _strongest(found: dict[str, Any]) -> html.Details:
    rows = [
        html.Tr(
            [
                html.Td(link["gene"]),
                html.Td(link["feature"]),
                html.Td(f"{link['correlation']:.3f}"),
                html.Td(f"{link['q']:.2g}"),
            ]
        )
        for link in found["strongest"]
    ]
    heads = ("Gene", f"{modality_title(found['modalities'][1])} feature", "Correlation", "q")
    head = html.Thead(html.Tr([html.Th(each, scope="col") for each in heads]))
    return html.Details(
        [
            html.Summary(f"The strongest {len(rows)} of {found['count']:,} inferred links"),
            html.Div(
                html.Table([head, html.Tbody(rows)], className="table"), className="table-scroll tall", tabIndex="0"
            ),
        ],
        className="fold",
    )
