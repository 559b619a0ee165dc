"""Neighbours, clusters and map by RAPIDS (rapids-singlecell), where that is installed and finds a GPU.

Its functions have the names of scanpy's, take what says what is asked for, and write into the same places of
a table.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
from typing import Any

logger = logging.getLogger(__name__)

LIBRARY, ARRAYS = "rapids_singlecell", "cupy"
# set to 0, it leaves RAPIDS alone
SWITCH = "MONAE_RAPIDS"


def rapids() -> Any | None:
    """Return the library; None where it, a GPU or a driver is missing, or it was switched off."""
    if os.environ.get(SWITCH) == "0" or importlib.util.find_spec(LIBRARY) is None:
        return None
    try:
        if importlib.import_module(ARRAYS).cuda.runtime.getDeviceCount() > 0:
            return importlib.import_module(LIBRARY)
    except Exception:
        # whatever a driver that does not fit says: the map is drawn without
        logger.exception("RAPIDS is installed and cannot be used")
    return None
