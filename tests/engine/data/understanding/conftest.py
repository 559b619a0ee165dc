from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monae_app.engine.data.contents import Matrix, Part


@pytest.fixture
def part():
    """Build a part from feature names and matrices; counts in X unless matrices are given."""

    def build(features, matrices=None, *, var=None, cells=6, **about) -> Part:
        values = np.random.default_rng(0).poisson(1, (cells, len(features)))
        given = {"X": values} if matrices is None else matrices
        return Part(
            pd.DataFrame(index=[f"cell{i}" for i in range(cells)]),
            pd.DataFrame(var or {}, index=pd.Index(list(features), dtype=object)),
            {name: each if isinstance(each, Matrix) else Matrix.of(each) for name, each in given.items()},
            **about,
        )

    return build
