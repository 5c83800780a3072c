"""Tiny readable fixtures; real files come from CROSSTALK_CACHE or from beside the checkout."""

import os
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with `data` and `oracles`; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("needs the folder of real tables and oracles beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def oracles(shared: Path) -> Path:
    return shared / "oracles"


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Download cache that already holds the real public files; skipped where it is absent."""
    path = Path(os.environ.get("CROSSTALK_CACHE", SHARED / "cache"))
    if not path.is_dir():
        pytest.skip("needs the real public files: set CROSSTALK_CACHE to a filled cache")
    monkeypatch.setenv("CROSSTALK_CACHE", str(path))
    return path


@pytest.fixture
def net() -> pd.DataFrame:
    """Two signatures of four genes, the second one signed."""
    genes = [f"G{i}" for i in range(8)]
    return pd.DataFrame(
        {
            "source": ["first"] * 4 + ["second"] * 4,
            "target": genes,
            "weight": [1.0, 1, 1, 1, 1, 1, -1, -1],
        }
    )


@pytest.fixture
def adata(rng: np.random.Generator) -> ad.AnnData:
    """Forty cells of four donors and two types, fifty genes, log-normalised and sparse."""
    from scipy.sparse import csr_matrix

    counts = rng.poisson(1.0, size=(40, 50)).astype(np.float64)
    obs = pd.DataFrame(
        {
            "donor": pd.Categorical(np.repeat(["d1", "d2", "d3", "d4"], 10)),
            "condition": pd.Categorical(np.repeat(["control", "treated"], 20)),
            "cell_type": pd.Categorical(np.tile(["a", "b"], 20)),
        },
        index=[f"cell{i}" for i in range(40)],
    )
    var = pd.DataFrame(index=[f"G{i}" for i in range(50)])
    return ad.AnnData(csr_matrix(np.log1p(counts)), obs=obs, var=var)
