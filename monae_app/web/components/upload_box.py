"""The door for files from the browser's own disk; assets/upload_box.js fills it, assets/upload.js does the work.

Every page of the app shares one list of uploads: they go on while another page is shown. What is finished stands in
the store ``ids.UPLOADS``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dash import ClientsideFunction, Dash, Input, Output, html

from monae_app.web.components.aria import aria, data

if TYPE_CHECKING:
    from monae_app.jobs.upload_limits import UploadLimits

BOX, FILES, FOLDER, LIST, SPOKEN = "upload-box", "upload-files", "upload-folder", "upload-list", "upload-spoken"
GIGABYTE = 10**9


def upload_box(limits: UploadLimits, told: str = "") -> html.Div:
    """Show where files are dropped, and what became of those that were.

    Parameters
    ----------
    limits
        Told to those who upload.
    told
        A sentence on what may be dropped.
    """
    largest = f"Up to {limits.file_bytes / GIGABYTE:,.0f} GB a file. An interrupted upload goes on where it stopped."
    drop = html.Div(
        [
            html.P("Drop files or a folder here", className="upload-call"),
            html.Div(
                [
                    html.Button("Choose files", id=FILES, className="button primary", type="button"),
                    html.Button("Choose a folder", id=FOLDER, className="button", type="button"),
                ],
                className="buttons",
            ),
            html.P([f"{told} " if told else "", largest], className="muted small"),
        ],
        className="upload-drop",
    )
    return html.Div(
        [
            drop,
            html.Ul(id=LIST, className="upload-list", **aria(label="Uploads")),
            html.Div(id=SPOKEN, className="visually-hidden", role="status", **aria(live="polite")),
        ],
        id=BOX,
        className="upload-box",
        **data(slice=str(limits.slice_bytes)),
    )


def register(app: Dash) -> None:
    """Have the box filled whenever a page shows it."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("upload", "mount"), Output(BOX, "title"), Input(BOX, "id")
    )
