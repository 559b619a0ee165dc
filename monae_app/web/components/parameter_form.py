"""The form of a run's settings, made from RunConfig: names, defaults, bounds and help stand there alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from dash import dcc, html
from dash._utils import stringify_id

from monae_app.engine.config import RunConfig
from monae_app.jobs import devices
from monae_app.jobs.cluster import redis_url
from monae_app.web.components import words
from monae_app.web.components.aria import aria

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo

    from monae_app.jobs.devices import Device

KIND = "parameter"
TITLES = {
    "model": "Model",
    "n_top_genes": "Variable genes",
    "n_top_peaks": "Peaks",
    "n_top_regions": "Methylation regions",
    "min_counts": "Fewest counts a cell",
    "steps": "Training steps",
    "device": "Compute on",
    "seed": "Random seed",
    "low_count_mads": "Low-count cut-off (MADs)",
}
GROUPS = {
    "data": "Data",
    "guidance": "Guidance graph",
    "length": "Length and device",
    "model": "Model",
    "graph": "Graph stage of Monae-E",
    "loss": "Loss",
    "anchors": "Anchors",
    "analysis": "Map and clusters",
}
MODEL_TITLE = "parameter-model-title"
MODELS = {
    "monae": (
        "Monae",
        "Encoders read components of the values: the usual choice, and the best ATAC after long trainings.",
    ),
    "monae-e": (
        "Monae-E",
        "Cells and features are embedded in one graph first: as good after fewer steps, for a quick look.",
    ),
}
LACKING = {
    "cuda": "none on this machine, or its driver does not answer",
    "mps": "only on Macs with Apple's own processor",
}
# What people look for first.
FIRST = ("model", "steps", "n_top_genes", "n_top_peaks", "n_top_regions", "min_counts", "seed", "device")


def parameter_id(name: str) -> dict[str, str]:
    """Id of the input of one setting."""
    return {"type": KIND, "name": name}


def standard_fields() -> list[Any]:
    """Return inputs of the settings that everybody may want to set."""
    names = [name for name in _settable() if not _extra(name)["expert"]]
    names.sort(key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST))
    return [_field(name) for name in names]


def expert_fields() -> list[Any]:
    """Return inputs of all other settings, by group."""
    groups = []
    for group, title in GROUPS.items():
        names = [name for name in _settable() if _extra(name)["expert"] and _extra(name)["group"] == group]
        if names:
            fields = html.Div([_field(name) for name in names], className="fields")
            groups.append(html.Fieldset([html.Legend(title), fields]))
    return groups


def read_parameters(ids: list[dict[str, str]], values: list[Any]) -> dict[str, Any]:
    """Turn what was typed into values for make_config; an empty field means the default."""
    typed = {given["name"]: value for given, value in zip(ids, values, strict=True)}
    settable = set(_settable())
    found: dict[str, Any] = {}
    for name, value in typed.items():
        text = value.strip() if isinstance(value, str) else value
        if name not in settable or text in ("", None):
            continue
        found[name] = _parsed(RunConfig.model_fields[name], text)
    return found


def shown_values(ids: list[dict[str, str]], config: RunConfig) -> list[Any]:
    """Turn the settings of a run into what stands in the inputs, in the order of their ids."""
    return [_shown(getattr(config, given["name"])) for given in ids]


def default_values(ids: list[dict[str, str]]) -> list[Any]:
    """Return what stands in the inputs at first, in the order of their ids."""
    return [_shown(RunConfig.model_fields[given["name"]].default) for given in ids]


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _parsed(field: FieldInfo, text: Any) -> Any:
    if not isinstance(text, str):
        return text
    if _is_tuple(field):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    # People write 10,000 and 10 000.
    plain = text.replace(",", "").replace(" ", "").replace("_", "")
    return plain if plain.replace(".", "", 1).isdigit() else text


def _settable() -> list[str]:
    return [name for name, field in RunConfig.model_fields.items() if field.json_schema_extra]


def _extra(name: str) -> dict[str, Any]:
    extra = RunConfig.model_fields[name].json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}


def _field(name: str) -> html.Div:
    field = RunConfig.model_fields[name]
    title = TITLES.get(name, name.replace("_", " ").capitalize())
    bounds = _bounds(field)
    note: list[Any] = [f"{field.description} ", f"{bounds}. " if bounds else "", html.Code(name)]
    if name == "model":
        group = aria(labelledby=MODEL_TITLE)
        parts = [html.P(title, id=MODEL_TITLE, className="field-title"), _input(name, field), html.P(html.Code(name))]
        return html.Div(parts, className="field whole-line choices", role="group", **group)
    label = html.Label(title, htmlFor=stringify_id(parameter_id(name)))
    # Names of devices are long.
    look = "field whole-line" if name == "device" else "field"
    return html.Div([label, _input(name, field), html.P(note)], className=look)


def _input(name: str, field: FieldInfo) -> Any:
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    if name == "device":
        return dcc.Dropdown(
            device_options(choices), field.default, id=parameter_id(name), clearable=False, searchable=False
        )
    if name == "model":
        told = {
            value: html.Span([html.Strong(title), html.Small(meaning)]) for value, (title, meaning) in MODELS.items()
        }
        options = [{"label": told[value], "value": value} for value in choices]
        return dcc.RadioItems(options, field.default, id=parameter_id(name), className="answers")
    if choices:
        return dcc.Dropdown(list(choices), field.default, id=parameter_id(name), clearable=False, searchable=False)
    default = field.default
    placeholder = "standard" if default is None else "none" if _is_tuple(field) else ""
    # Text, not number: a number input keeps a wrong value to itself, and the page could not say what is wrong.
    # Not debounced: whoever types and presses Start at once means what was typed.
    return dcc.Input(
        id=parameter_id(name), type="text", value=_shown(default), placeholder=placeholder,
        autoComplete="off", spellCheck=False,
    )  # fmt: skip


def device_options(choices: Sequence[str], found: Sequence[Device] | None = None) -> list[dict[str, Any]]:
    """Offer what this machine has, with free memory; what it lacks stands there, and why.

    Parameters
    ----------
    choices
        Values of the setting.
    found
        Devices of the machine; looked for if left out.
    """
    if found is None and redis_url() is not None:
        # Other machines compute: what this one has does not matter, and the check below the form says what is there.
        return [{"label": _named(choice), "value": choice} for choice in choices]
    here = tuple(devices.devices() if found is None else found)
    return [_device_option(choice, here) for choice in choices]


def _device_option(choice: str, here: tuple[Device, ...]) -> dict[str, Any]:
    lanes = devices.lanes_for(choice, here)
    taken = [device for device in here if device.lane in lanes]
    title = _named(choice)
    if not taken:
        return {"label": f"{title}: {LACKING.get(choice, 'this machine has none')}", "value": choice, "disabled": True}
    names = words.listed([_told(device) for device in taken])
    return {"label": names if choice == "cpu" else f"{title}: {names}", "value": choice}


def _named(choice: str) -> str:
    return "Automatic" if choice == "auto" else devices.NAMES.get(choice, choice)


def _told(device: Device) -> str:
    return f"{device.title} ({words.size(device.memory_free)} free)" if device.memory_free else device.title


def _is_tuple(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _bounds(field: FieldInfo) -> str:
    low = next(
        (bound for rule in field.metadata if (bound := getattr(rule, "ge", getattr(rule, "gt", None))) is not None),
        None,
    )
    high = next(
        (bound for rule in field.metadata if (bound := getattr(rule, "le", getattr(rule, "lt", None))) is not None),
        None,
    )
    if low is not None and high is not None:
        return f"From {low:,} to {high:,}"
    return f"At least {low:,}" if low is not None else ""
