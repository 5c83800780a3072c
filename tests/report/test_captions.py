import numpy as np
import pandas as pd
import pytest

from crosstalk_omics.pipeline.outputs import _tested

TABLE = pd.DataFrame(
    {
        "kind_ligand": "presence",
        "kind_receptor": "specificity",
        "unit_ligand": "gene",
        "unit_receptor": ["donor", "donor"],
        "n_donors_source": 21,
        "n_donors_target": [4, 5],
        "specificity_pvalue": [0.1, 0.2],
    }
)


def test_a_caption_says_what_was_tested_on_how_many_donors():
    text = _tested(TABLE)
    assert (
        "the ligand is high among the expressed genes that no interaction names (21 donors" in text
    )
    assert "21 donors, genes compared" in text
    assert (
        "in the receiver the receptor is higher than in the tissue's other groups (4 to 5" in text
    )


@pytest.mark.parametrize("unit", ["none", "cell"])
def test_a_caption_of_ranks_promises_no_test(unit):
    none = TABLE.assign(unit_ligand="none", unit_receptor=unit, specificity_pvalue=np.nan)
    assert _tested(none).startswith("Ranks only")


def test_cells_that_stand_for_donors_are_named():
    cells = TABLE.assign(unit_receptor="cell", n_donors_target=np.nan)
    assert "(no donors known, cells as replicates: descriptive)" in _tested(cells)
