"""Ids of the components that more than one file touches; a page's own ids stand in the page."""

from __future__ import annotations

LOCATION = "_pages_location"
THEME = "theme"
RUN = "run-picker"
# {"id": run id, "nonce": ...} of a run that was just started and becomes the current one.
NEW_RUN = "new-run"
# What the watched run and those that wait or compute are at: a change makes the lists of runs fresh.
RUN_STATE = "run-state"
# Something new whenever the list of runs has changed for another reason: a run was renamed, deleted or brought back.
RUNS = "runs-changed"
# The data set that the next training takes, see monae_app.web.datasets.Source.
SOURCE = "source"
# The files that are chosen on the Data page and not read yet, see monae_app.web.basket.Basket.
BASKET = "basket"
# What the files of the basket hold, by reference, as soon as somebody has looked.
LOOKS = "looks"
# {"uploads": [{"id", "name", "size", "folder"} of each finished upload, newest first], "new": ids of those that this
# page has finished}; set by assets/upload_box.js.
UPLOADS = "uploads-done"
