from pathlib import Path

import pytest

from crosstalk_omics.config import read_study, write_template
from crosstalk_omics.core.errors import InputError, ResourceError

MINIMAL = """
name: tiny
tissues:
  muscle: {dataset: "simulated:muscle", donor: donor}
  bone: {dataset: "simulated:bone", donor: donor}
"""


def study(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return path


def test_template_is_a_valid_study(tmp_path):
    read = read_study(write_template(tmp_path / "study.yaml"))
    assert read.tissues["muscle"].contrast.test == "Post"
    assert read.tissues["muscle"].path == tmp_path / "muscle_counts.tsv"


def test_template_never_overwrites(tmp_path):
    path = study(tmp_path, MINIMAL)
    with pytest.raises(InputError, match="exists already"):
        write_template(path)
    assert path.read_text() == MINIMAL


def test_both_directions_are_the_default(tmp_path):
    read = read_study(study(tmp_path, MINIMAL))
    assert read.directions == [("muscle", "bone"), ("bone", "muscle")]


def test_all_errors_come_at_once_with_the_nearest_key(tmp_path):
    text = MINIMAL.replace("donor: donor}", "dono: donor}", 1) + "sed: 3\norganism: humna\n"
    with pytest.raises(InputError) as caught:
        read_study(study(tmp_path, text))
    message = str(caught.value)
    assert "tissues.muscle.dono: unknown key. Did you mean 'donor'?" in message
    assert "sed: unknown key. Did you mean 'seed'?" in message
    assert "organism" in message
    assert "humna" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: [", "not valid YAML"),
        ("- 1\n", "holds list"),
        ("name: Bad Name\ntissues: {m: {path: x.h5ad}}\n", "use only a-z, 0-9 and _"),
        ("name: a\ntissues: {m: {}}\n", "give either `dataset`"),
        ("name: a\ntissues: {m: {dataset: x, path: y}}\n", "give either `dataset`"),
        (
            "name: a\ntissues: {m: {dataset: x, contrast: {test: b, reference: a}}}\n",
            "`contrast` needs `condition`",
        ),
        (
            "name: a\ntissues: {muscle: {dataset: x}}\npairs: [{source: muscel, target: muscle}]\n",
            "Did you mean 'muscle'?",
        ),
    ],
)
def test_misuse_is_explained(tmp_path, text, expected):
    with pytest.raises(InputError, match=expected.replace("?", r"\?")):
        read_study(study(tmp_path, text))


def test_missing_file_names_init(tmp_path):
    with pytest.raises(ResourceError, match="crosstalk init"):
        read_study(tmp_path / "nowhere.yaml")


def test_own_tables_start_at_the_file_and_a_changed_one_runs_again(tmp_path):
    from crosstalk_omics.pipeline.steps import Context, plan

    text = (
        MINIMAL + "scoring: {signatures: [myokine, mine.gmt]}\ninteractions: {resource: my.tsv}\n"
    )
    path = study(tmp_path, text)
    (tmp_path / "mine.gmt").write_text("mine\tof a paper\tMSTN\tIL6\n")
    (tmp_path / "my.tsv").write_text("ligand\treceptor\nMSTN\tACVR2B\n")
    read = read_study(path)
    assert read.scoring.signatures == ("myokine", str(tmp_path / "mine.gmt"))
    assert read.interactions.resource == str(tmp_path / "my.tsv")
    before = {step.name: step.key for step in plan(Context(read))}
    (tmp_path / "mine.gmt").write_text("mine\tof a paper\tMSTN\tIL15\n")
    after = {step.name: step.key for step in plan(Context(read))}
    assert before["score_muscle"] != after["score_muscle"]
    assert before["crosstalk_muscle__bone"] == after["crosstalk_muscle__bone"]
    (tmp_path / "my.tsv").write_text("ligand\treceptor\nIL6\tIL6R\n")
    again = {step.name: step.key for step in plan(Context(read))}
    assert after["crosstalk_muscle__bone"] != again["crosstalk_muscle__bone"]
