"""Signals over several steps."""

import pytest

from crosstalk_omics.core.errors import InputError
from crosstalk_omics.interactions import routes
from crosstalk_omics.interactions.routes import COLUMNS
from crosstalk_omics.signatures.tables import evidence_table


def chains(table):
    """Each chain as a list of (from, factor, to)."""
    steps = table[["from_tissue", "factor", "to_tissue"]].apply(tuple, axis=1)
    return [list(part) for _, part in steps.groupby(table["route"])]


def test_stress_axis_leads_from_hypothalamus_to_bone_and_muscle():
    for target in ("bone", "skeletal_muscle"):
        table = routes("hypothalamus", target, through="cortisol")
        assert [
            ("hypothalamus", "CRH", "pituitary"),
            ("pituitary", "ACTH", "adrenal_cortex"),
            ("adrenal_cortex", "cortisol", target),
        ] in chains(table)
        assert table["context"].str.contains(r"stress:\+").any()


def test_leptin_reaches_the_osteoblast_through_the_sympathetic_nerve():
    table = routes("adipose", "bone", max_steps=3, through="sympathetic_nerve")
    leptin = table[table["route"].isin(table.loc[table["factor"] == "leptin", "route"])]
    assert [
        ("adipose", "leptin", "brain"),
        ("brain", "sympathetic_tone", "sympathetic_nerve"),
        ("sympathetic_nerve", "norepinephrine", "bone"),
    ] in chains(leptin)
    assert "ADRB2" in set(leptin["receptor"])
    tone = leptin[leptin["factor"] == "sympathetic_tone"]
    assert tone["effect"].str.contains(r"sympathetic_tone:\+").all()


def test_every_step_rests_on_evidence_and_follows_the_one_before():
    table = routes("brain", "bone", max_steps=4)
    assert list(table.columns) == COLUMNS
    known = set(evidence_table()["factor"]) | {"sympathetic_tone", "parasympathetic_tone"}
    assert set(table["factor"]) <= known
    assert (table["n_evidence"] > 0).all()
    for _, chain in table.groupby("route"):
        assert chain["step"].tolist() == list(range(1, len(chain) + 1))
        assert len(chain) <= 4
        assert chain["from_tissue"].tolist()[1:] == chain["to_tissue"].tolist()[:-1]
        visited = [chain["from_tissue"].iloc[0], *chain["to_tissue"]]
        places = [t for i, t in enumerate(visited) if i == 0 or t != visited[i - 1]]
        assert len(places) == len(set(places))
        assert chain["link"].iloc[0] == ""
        assert set(chain["link"].iloc[1:]) <= {"cell", "tone", "effect", "context"}


def test_more_steps_and_looser_links_only_add_chains():
    short, long = (set(map(tuple, chains(routes("brain", "bone", max_steps=n)))) for n in (2, 3))
    assert short < long
    loose = routes("brain", "bone", max_steps=2, loose=True)
    assert short < set(map(tuple, chains(loose)))
    assert "tissue" in set(loose["link"])


def test_evidence_threshold_holds_for_every_step():
    table = routes("brain", "bone", max_steps=2, min_evidence="in_vivo")
    assert set(table["evidence_level"]) <= {"human", "in_vivo"}


def test_an_effect_that_names_the_next_factor_links():
    table = routes("bone", "skeletal_muscle", max_steps=2, through="testosterone")
    assert chains(table) == [
        [("bone", "osteocalcin", "gonad"), ("gonad", "testosterone", "skeletal_muscle")]
    ]
    assert table["link"].tolist() == ["", "effect"]


def test_no_chain_is_an_empty_table():
    table = routes("gut", "bone", max_steps=1, through="cortisol")
    assert table.empty
    assert list(table.columns) == COLUMNS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"source": "brian", "target": "bone"}, "source is 'brian'. Did you mean 'brain'"),
        ({"source": "brain", "target": "bones"}, "target is 'bones'. Did you mean 'bone'"),
        ({"source": "brain", "target": "bone", "max_steps": 0}, "max_steps is 0. Expected 1"),
        ({"source": "brain", "target": "bone", "through": "leptn"}, "Did you mean 'leptin'"),
        ({"source": "brain", "target": "bone", "min_evidence": "x"}, "min_evidence is 'x'"),
    ],
)
def test_wrong_arguments_say_what_is_right(arguments, message):
    with pytest.raises(InputError, match=message):
        routes(**arguments)
