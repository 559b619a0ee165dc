"""JASPAR CORE, vertebrates: the motifs that come with the package pyjaspar; no network is asked.

Data: JASPAR, CC BY 4.0, jaspar.elixir.no.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from functools import lru_cache

import numpy as np

from monae_app.engine.data.motifs.motif import BASES, Motif, MotifCollection

RELEASE = "JASPAR2026"
SOURCE = "JASPAR CORE vertebrates"
# the newest version of each motif; pyjaspar's own call asks for every motif by itself and takes 20 times as long
_MOTIFS = """
SELECT m.ID, m.BASE_ID, m.VERSION, m.NAME FROM MATRIX m
JOIN MATRIX_ANNOTATION a ON a.ID = m.ID AND a.TAG = 'tax_group' AND a.VAL = 'vertebrates'
WHERE m.COLLECTION = 'CORE'
AND m.VERSION = (SELECT MAX(n.VERSION) FROM MATRIX n WHERE n.BASE_ID = m.BASE_ID AND n.COLLECTION = 'CORE')
GROUP BY m.ID ORDER BY m.BASE_ID
"""


@lru_cache(maxsize=2)
def read_jaspar_core(release: str = RELEASE) -> MotifCollection:
    """Read the newest version of each CORE motif of vertebrates, ordered by id.

    Parameters
    ----------
    release
        One of those that pyjaspar carries, ``JASPAR2014`` to ``JASPAR2026``.
    """
    # here, not above: it brings biopython, and most runs have no motifs
    from pyjaspar import jaspar_releases
    from pyjaspar.utils import get_jaspardb_path

    place = get_jaspardb_path(jaspar_releases[release])
    with closing(sqlite3.connect(f"file:{place}?mode=ro&immutable=1", uri=True)) as database:
        rows = database.execute(_MOTIFS).fetchall()
        said: dict[tuple[int, str], list[str]] = defaultdict(list)
        for key, tag, value in database.execute(
            "SELECT ID, TAG, VAL FROM MATRIX_ANNOTATION WHERE TAG IN ('family', 'class') ORDER BY LOCAL_ID"
        ):
            said[int(key), tag].append(value)
        wanted = {int(row[0]) for row in rows}
        counts: dict[int, dict[str, list[float]]] = defaultdict(lambda: {base: [] for base in BASES})
        for key, base, value in database.execute("SELECT ID, row, val FROM MATRIX_DATA ORDER BY ID, col"):
            if int(key) in wanted:
                counts[int(key)][base].append(float(value))
    motifs = tuple(
        Motif(
            f"{base_id}.{version}",
            name,
            np.array([counts[int(key)][base] for base in BASES]).T,
            families=tuple(said[int(key), "family"]),
            classes=tuple(said[int(key), "class"]),
        )
        for key, base_id, version, name in rows
    )
    return MotifCollection(motifs, SOURCE, release.removeprefix("JASPAR"))
