"""Motifs of transcription factors for the next training: a table of them in peaks, or a genome to find them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html, no_update

from monae_app.engine.config import JASPAR
from monae_app.engine.errors import InputError
from monae_app.web import ids
from monae_app.web.components.notice import refused
from monae_app.web.datasets import ROOT, Source

if TYPE_CHECKING:
    from monae_app.web.datasets import Catalogue
    from monae_app.web.services import Services

BOX, CHOICE, FILE, FILE_BOX, TYPED, SAID, FILLED = (
    "motif-choice", "motif-choice-from", "motif-choice-file", "motif-choice-files", "motif-choice-path",
    "motif-choice-said", "motif-choice-filled",
)  # fmt: skip
NONE, TABLE, GENOME = "none", "table", "genome"
CHOICES = {
    NONE: "No motifs: targets are told by the data alone",
    TABLE: "A table of motifs in peaks that was made already",
    GENOME: "JASPAR's motifs, found in the peaks by a genome (FASTA)",
}
SETTINGS = ("motif_peaks", "motifs", "fasta")
INTRODUCTION = (
    "Motifs say which factors can bind a peak, and raise the targets that are true. A table may be "
    "peak_motif_mapping.bed of Cell Ranger, columns peak and motif, or a matrix. A genome is read where it lies on the "
    "server: docs/motifs.md says where to get one."
)
PAUSE_SECONDS = 0.5


def panel() -> html.Section:
    """Build the panel; it is hidden until there are peaks."""
    options = [{"label": label, "value": value} for value, label in CHOICES.items()]
    return html.Section(
        [
            dcc.Store(id=FILLED),
            html.H2("Motifs of transcription factors"),
            html.P(INTRODUCTION, className="muted"),
            html.Div(
                [
                    html.Label("Where motifs are from", htmlFor=CHOICE),
                    dcc.Dropdown(options, NONE, id=CHOICE, clearable=False, searchable=False),
                ],
                className="field",
            ),
            html.Div(
                [
                    html.Label("File", htmlFor=FILE),
                    dcc.Dropdown([], None, id=FILE, placeholder="one of your uploads, or of those at hand"),
                    html.Label("or its path below the folder of the server's data", htmlFor=TYPED),
                    dcc.Input(id=TYPED, type="text", debounce=PAUSE_SECONDS, autoComplete="off", spellCheck=False),
                ],
                id=FILE_BOX,
                className="field",
                hidden=True,
            ),
            html.Div(id=SAID, role="status"),
        ],
        id=BOX,
        className="card",
        hidden=True,
    )


def register(app: Dash, services: Services) -> None:
    """Connect the panel."""
    _register_filling(app, services.catalogue)
    _register_keeping(app, services.catalogue)


def _register_filling(app: Dash, catalogue: Catalogue) -> None:
    @app.callback(
        Output(BOX, "hidden"), Output(CHOICE, "value"), Output(FILE, "options"), Output(FILE, "value"),
        Output(TYPED, "value"), Output(TYPED, "disabled"), Output(FILLED, "data"),
        Input(ids.SOURCE, "data"),
        State(FILLED, "data"),
    )  # fmt: skip
    def fill(chosen: Any, filled: Any) -> tuple[Any, ...]:
        source = Source.from_json(chosen) or catalogue.default()
        if source is None:
            return (True, *[no_update] * 6)
        # for other data alone: what is being chosen must not be written over by what was chosen before
        which = {"sample": source.sample, "inputs": source.to_json()["inputs"]}
        if which == filled:
            return (no_update,) * 7
        try:
            inputs = catalogue.settings(Source(source.sample, source.inputs, source.genome))["inputs"]
        except InputError:
            return (True, *[no_update] * 6)
        choice, file = chosen_of(source.settings)
        known = {name: catalogue.label(name) for name in (*catalogue.uploaded(), *catalogue.named())}
        typed = ""
        if file.startswith(ROOT):
            typed, file = file.removeprefix(ROOT), ""
        elif file:
            known.setdefault(file, catalogue.label(file))
        options = [{"label": label, "value": name} for name, label in known.items()]
        return "atac" not in inputs, choice, options, file or None, typed, catalogue.root is None, which


def _register_keeping(app: Dash, catalogue: Catalogue) -> None:
    @app.callback(
        Output(ids.SOURCE, "data", allow_duplicate=True), Output(SAID, "children"), Output(FILE_BOX, "hidden"),
        Input(CHOICE, "value"),
        Input(FILE, "value"),
        Input(TYPED, "value"),
        State(ids.SOURCE, "data"),
        prevent_initial_call=True,
    )  # fmt: skip
    def keep(choice: str | None, file: str | None, typed: str | None, chosen: Any) -> tuple[Any, Any, bool]:
        source = Source.from_json(chosen) or catalogue.default()
        if source is None or choice not in CHOICES:
            return no_update, None, True
        name = (f"{ROOT}{typed.strip()}" if typed and typed.strip() else file) or ""
        try:
            told, said = asked_for(choice, name, catalogue)
        except InputError as error:
            told, said = {}, refused(error)
        others = {key: value for key, value in source.settings.items() if key not in SETTINGS}
        settings = others | told
        changed = settings != source.settings
        return source.to_json() | {"settings": settings} if changed else no_update, said, choice == NONE


def chosen_of(settings: dict[str, Any]) -> tuple[str, str]:
    """Read where motifs are from, and the file."""
    if settings.get("motif_peaks"):
        return TABLE, str(settings["motif_peaks"])
    return (GENOME, str(settings["fasta"])) if settings.get("fasta") else (NONE, "")


def asked_for(choice: str, name: str, catalogue: Catalogue) -> tuple[dict[str, str], Any]:
    """Return the settings of a choice, and what is to be said of it.

    Raises
    ------
    InputError
        If the file is not on offer.
    """
    if choice == NONE:
        return {}, None
    if not name:
        return {}, html.P("Choose a file: without one the next training has no motifs.", className="muted small")
    path = catalogue.path(name)
    if not path.is_file():
        raise InputError(f"{path.name} is no file.", "a file.", "choose the file itself.")
    said = html.P(f"The next training takes {path.name}.", className="small")
    return ({"motif_peaks": name} if choice == TABLE else {"motifs": JASPAR, "fasta": name}), said
