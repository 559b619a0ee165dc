"""Files come into the basket through one of the doors, are looked into, and are used as something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State, ctx, no_update

from monae_app.web import ids
from monae_app.web.basket import Basket
from monae_app.web.components import basket_table, file_browser
from monae_app.web.datasets import GENOMES, ROOT, UPLOAD
from monae_app.web.pages.data import layout as page

if TYPE_CHECKING:
    from monae_app.web.services import Services

BY_FILES, INFERRED = "auto", "inferred"


def register(app: Dash, services: Services) -> None:
    """Connect doors and basket."""
    _register_doors(app, services)
    _register_uploads(app, services)
    _register_looking(app, services)
    _register_table(app)
    _register_choices(app)


def _register_doors(app: Dash, services: Services) -> None:
    @app.callback(
        Output(page.DOORS, "children"),
        Output(page.SAMPLES, "children"),
        Input(page.DOORS, "id"),
        State(ids.BASKET, "data"),
    )
    def offer(_: str, kept: Any) -> tuple[list[Any], list[Any]]:
        chosen = [each.ref for each in Basket.from_json(kept).files if each.ref.startswith(ROOT)]
        samples = [page.sample_card(sample) for sample in services.catalogue.samples]
        return [page.upload_card(services), page.server_card(services.catalogue.root, chosen)], samples

    @app.callback(Output(ids.BASKET, "data"), Input(page.BASKET_CARD, "id"), State(ids.BASKET, "data"))
    def begin(_: str, kept: Any) -> Any:
        named = [(name, services.catalogue.label(name)) for name in services.catalogue.named()]
        return Basket().add(named).to_json() if kept is None and named else no_update

    @app.callback(
        Output(ids.BASKET, "data", allow_duplicate=True),
        Input(file_browser.CHOSEN, "data"),
        State(ids.BASKET, "data"),
        prevent_initial_call=True,
    )
    def picked(chosen: list[str] | None, kept: Any) -> Any:
        before = Basket.from_json(kept)
        basket = before.keep(ROOT, chosen or []).add([(ref, services.catalogue.label(ref)) for ref in chosen or []])
        return no_update if basket == before else basket.to_json()


def _register_uploads(app: Dash, services: Services) -> None:
    # Two callbacks: the basket is there on every page, the list of earlier uploads is not.
    @app.callback(
        Output(ids.BASKET, "data", allow_duplicate=True),
        Input(ids.UPLOADS, "data"),
        State(ids.BASKET, "data"),
        prevent_initial_call=True,
    )
    def uploaded(uploads: Any, kept: Any) -> Any:
        if not isinstance(uploads, dict):
            return no_update
        names = _names(uploads)
        fresh = [f"{UPLOAD}{upload}" for upload in uploads.get("new") or []]
        before = Basket.from_json(kept)
        basket = before.keep(UPLOAD, names).take([(ref, names[ref]) for ref in fresh if ref in names])
        return no_update if basket == before else basket.to_json()

    @app.callback(
        Output(page.EARLIER, "options"),
        Output(page.EARLIER_BOX, "hidden"),
        Input(ids.UPLOADS, "data"),
        Input(ids.BASKET, "data"),
    )
    def earlier(uploads: Any, kept: Any) -> tuple[list[dict[str, str]], bool]:
        basket = Basket.from_json(kept)
        names = _names(uploads) if isinstance(uploads, dict) else {}
        rest = [{"label": name, "value": ref} for ref, name in names.items() if basket.file(ref) is None]
        return rest, not rest

    @app.callback(
        Output(ids.BASKET, "data", allow_duplicate=True),
        Output(page.EARLIER, "value"),
        Input(page.EARLIER, "value"),
        State(ids.BASKET, "data"),
        prevent_initial_call=True,
    )
    def again(ref: str | None, kept: Any) -> tuple[Any, Any]:
        if not ref:
            return no_update, no_update
        return Basket.from_json(kept).add([(ref, services.catalogue.label(ref))]).to_json(), None


def _names(uploads: dict[str, Any]) -> dict[str, str]:
    """Names of finished uploads, by reference."""
    return {f"{UPLOAD}{each['id']}": str(each["name"]) for each in uploads.get("uploads") or []}


def _register_looking(app: Dash, services: Services) -> None:
    @app.callback(Output(ids.LOOKS, "data"), Input(ids.BASKET, "data"), prevent_initial_call=True)
    def look(kept: Any) -> Any:
        waiting = [each for each in Basket.from_json(kept).files if each.waiting]
        # A store of its own: whoever adds a file meanwhile must not lose it when the answer comes.
        return {each.ref: services.look(each.ref, each.turned) for each in waiting} or no_update

    # In the browser, where nothing can happen between the question and the answer: an answer of the server would undo
    # what was added while it was on its way. The same as Basket.with_look.
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("basket", "note"),
        Output(ids.BASKET, "data", allow_duplicate=True),
        Input(ids.LOOKS, "data"),
        State(ids.BASKET, "data"),
        prevent_initial_call=True,
    )


def _register_table(app: Dash) -> None:
    @app.callback(
        Output(page.BASKET_CARD, "hidden"),
        Output(page.TABLE, "children"),
        Output(page.REMOVED, "children"),
        Output(page.COUNTED, "children"),
        Output(page.SEVERAL, "hidden"),
        Input(ids.BASKET, "data"),
        # It is shown whenever the page is, also where another callback ran first and left the basket as it was.
        Input(page.TABLE, "id"),
    )
    def show(kept: Any, _: str) -> tuple[Any, ...]:
        basket = Basket.from_json(kept)
        several = any(len(refs) > 1 for refs in basket.modalities().values())
        return (
            not basket.files and basket.removed is None,
            basket_table.basket_table(basket),
            basket_table.removed_note(basket, page.UNDO),
            basket_table.counted(basket),
            not several,
        )

    @app.callback(
        Output(page.PLACES, "options"),
        Output(page.PLACES, "value"),
        Output(page.PLACES_NOTE, "children"),
        Output(page.JOIN, "value"),
        Output(page.AS_BATCH, "value"),
        Input(ids.BASKET, "data"),
        Input(page.PLACES, "id"),
    )
    def places(kept: Any, _: str) -> tuple[list[dict[str, str]], str, str, str, str]:
        basket = Basket.from_json(kept)
        found = Basket(basket.files).places()
        own = {each.ref: each.name for each in basket.files if each.kind == "coordinates"}
        titles = {**{name: name for name in GENOMES}, **own}
        auto = f"{titles.get(found, found)} (found)" if found else "None was recognised: choose one"
        options = [{"label": auto, "value": BY_FILES}, *({"label": told, "value": ref} for ref, told in titles.items())]
        options.append({"label": "None fits: infer links from the data", "value": INFERRED})
        value = basket.genome if basket.genome in titles else BY_FILES
        value = INFERRED if basket.settings.get("infer_links") == "only" else value
        note = "" if found or value != BY_FILES else NO_GENOME
        join = str(basket.settings.get("join_genes", "intersection"))
        return options, value, note, join, "yes" if basket.settings.get("sample_as_batch", True) else "no"

    @app.callback(
        Output(file_browser.CHOSEN, "data", allow_duplicate=True),
        Input(ids.BASKET, "data"),
        State(file_browser.CHOSEN, "data"),
        prevent_initial_call=True,
    )
    def agree(kept: Any, chosen: list[str] | None) -> Any:
        now = [each.ref for each in Basket.from_json(kept).files if each.ref.startswith(ROOT)]
        return no_update if now == chosen else now

    @app.callback(
        Output(ids.BASKET, "data", allow_duplicate=True),
        Input({"type": basket_table.REMOVE, "ref": ALL}, "n_clicks"),
        Input({"type": basket_table.TURN, "ref": ALL}, "n_clicks"),
        State(ids.BASKET, "data"),
        prevent_initial_call=True,
    )
    def press(_removed: list[int | None], _turned: list[int | None], kept: Any) -> Any:
        if not any(trigger["value"] for trigger in ctx.triggered):
            return no_update
        pressed: Any = ctx.triggered_id
        basket = Basket.from_json(kept)
        changed = basket.turn if pressed["type"] == basket_table.TURN else basket.without
        return changed(pressed["ref"]).to_json()

    @app.callback(
        Output(ids.BASKET, "data", allow_duplicate=True),
        Input(page.UNDO, "n_clicks"),
        State(ids.BASKET, "data"),
        prevent_initial_call=True,
    )
    def undo(clicks: int | None, kept: Any) -> Any:
        return Basket.from_json(kept).restored().to_json() if clicks else no_update


NO_GENOME = "With ATAC, genes and peaks are linked by their places: choose a genome, or add a GTF or BED file."


def _register_choices(app: Dash) -> None:
    @app.callback(
        Output(ids.BASKET, "data", allow_duplicate=True),
        Input({"type": basket_table.USE, "ref": ALL, "part": ALL}, "value"),
        Input({"type": basket_table.MATRIX, "ref": ALL, "part": ALL}, "value"),
        State(ids.BASKET, "data"),
        prevent_initial_call=True,
    )
    def use(_uses: list[str], _matrices: list[str], kept: Any) -> Any:
        basket = before = Basket.from_json(kept)
        for trigger in ctx.triggered:
            chosen: Any = ctx.triggered_prop_ids.get(trigger["prop_id"])
            if not isinstance(chosen, dict) or trigger["value"] is None:
                continue
            if chosen["type"] == basket_table.USE:
                basket = basket.used_as(chosen["ref"], chosen["part"], trigger["value"])
            else:
                basket = basket.with_matrix(chosen["ref"], chosen["part"], trigger["value"])
        # Drawing the table sets these values too: only a change is one.
        return no_update if basket == before else basket.to_json()

    @app.callback(
        Output(ids.BASKET, "data", allow_duplicate=True),
        Input(page.PLACES, "value"),
        Input(page.JOIN, "value"),
        Input(page.AS_BATCH, "value"),
        State(ids.BASKET, "data"),
        prevent_initial_call=True,
    )
    def choose(places: str | None, join: str, as_batch: str, kept: Any) -> Any:
        before = Basket.from_json(kept)
        if not before.files:
            return no_update
        basket = before.with_places("" if places in (None, BY_FILES, INFERRED) else str(places))
        basket = basket.with_setting("infer_links", "only" if places == INFERRED else "no", "no")
        basket = basket.with_setting("join_genes", join, "intersection")
        basket = basket.with_setting("sample_as_batch", as_batch == "yes", default=True)
        return no_update if basket == before else basket.to_json()
