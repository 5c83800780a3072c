import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError


def data(x) -> ad.AnnData:
    x = x if sp.issparse(x) else np.asarray(x, dtype=float)
    obs = pd.DataFrame(index=[f"s{i}" for i in range(x.shape[0])])
    return ad.AnnData(x, obs=obs, var=pd.DataFrame(index=[f"G{i}" for i in range(x.shape[1])]))


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ([[0, 3, 5], [2, 0, 100]], "counts"),
        ([[0, 3.4, 5], [2, 0, 100]], "counts"),
        ([[0, 1.2, 3.4], [0.7, 0, 2.2]], "lognorm"),
        ([[5.1, 7.2, 3.4], [4.7, 9.0, 2.2]], "log_intensity"),
        ([[np.nan, 17.2, 13.4], [14.7, 19.0, 12.2]], "log_intensity"),
        ([[np.nan, 17.2e6, 13.4], [14.7, 19.0e5, 12.2]], "intensity"),
        ([[0.3, 120.5, 13.4], [14.7, 0.2, 12.2]], "intensity"),
        ([[-1, 0.5, -0.5], [1, -0.5, 0.5]], "scaled"),
        ([[-1.5, 8.5, 6.5], [-1.0, 9.5, 7.5]], "log_intensity"),
        ([[-1.5, 800.5, 6.5], [-1.0, 90.5, 7.5]], "unknown"),
    ],
)
def test_the_state_is_read_from_the_values(values, state):
    dense = cx.pp.value_state(data(values))
    assert dense.state == state
    assert dense.reason
    assert cx.pp.value_state(data(sp.csr_matrix(values))).state == state


def test_minus_zero_is_no_negative_count():
    cx.pp.check_state(data([[-0.0, 3], [2, 1]]), "counts")


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    ("value", "state", "text"),
    [
        (-2.0, "counts", "Negative value -2 at row 's1', gene 'G2'"),
        (np.nan, "counts", r"first \(nan\) at row 's1', gene 'G2'"),
        (np.nan, "lognorm", r"first \(nan\) at row 's1', gene 'G2'"),
        (np.inf, "log_intensity", r"first \(inf\) at row 's1', gene 'G2'"),
        (-0.5, "intensity", "Negative value -0.5 at row 's1', gene 'G2'"),
    ],
)
def test_an_impossible_value_is_refused_with_its_place(value, state, text, sparse):
    x = np.array([[1.0, 2, 3], [4, 5, value]])
    adata = data(sp.csr_matrix(x) if sparse else x)
    with pytest.raises(InputError, match=text):
        cx.pp.check_state(adata, state)


def test_missing_values_are_allowed_in_proteomes():
    cx.pp.check_state(data([[np.nan, 14.0], [15.0, 16.0]]), "log_intensity")


def test_logged_values_are_no_counts():
    with pytest.raises(InputError, match="Only 0% of the non-zero values are whole numbers"):
        cx.pp.check_state(data([[0.5, 1.5], [2.5, 0.1]]), "counts")


def test_an_unknown_state_names_the_nearest_one():
    with pytest.raises(InputError, match="Did you mean 'counts'"):
        cx.pp.check_state(data([[1, 2]]), "count")


def test_an_empty_matrix_has_no_state():
    with pytest.raises(InputError, match="no value other than 0 and NaN"):
        cx.pp.value_state(data(np.zeros((2, 3))))
