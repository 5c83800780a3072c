import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import typer

from crosstalk_omics import cli
from crosstalk_omics.cli import output

DATASET = "mouse_bm_endosteal_stroma_250"


def crosstalk(capsys, *arguments: str) -> tuple[int, str, str]:
    """Run the command line in this process: exit code, output, errors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["crosstalk", *arguments])
        try:
            code = cli.main()
        except SystemExit as end:
            code = end.code
    out, err = capsys.readouterr()
    return int(code or 0), out, err


def test_version(capsys):
    from crosstalk_omics import __version__

    assert crosstalk(capsys, "--version") == (0, f"{__version__}\n", "")


def test_init_then_run_explains_the_missing_file(capsys, tmp_path):
    study = tmp_path / "study.yaml"
    code, out, _ = crosstalk(capsys, "init", str(study))
    assert code == 0
    assert f"crosstalk run {study}" in out
    code, _, err = crosstalk(capsys, "run", str(study), "--output", str(tmp_path / "out"))
    assert code == 2
    assert "muscle_counts.tsv" in err
    assert not (tmp_path / "out").exists()


def test_unknown_key_in_a_study_is_exit_code_2(capsys, tmp_path):
    study = tmp_path / "study.yaml"
    study.write_text("name: a\ntissues: {m: {dataset: x, dono: y}}\n")
    code, _, err = crosstalk(capsys, "run", str(study))
    assert code == 2
    assert "Did you mean 'donor'?" in err


def test_lists_are_json_for_machines(capsys):
    code, out, _ = crosstalk(capsys, "datasets", "list", "--json")
    assert code == 0
    ids = {row["id"] for row in json.loads(out)}
    assert "gse184951_human_vastus_lateralis_dm1_cycling" in ids


def test_unknown_dataset_names_the_nearest(capsys):
    code, _, err = crosstalk(capsys, "datasets", "info", "motrpac_rat_gastrocnemiu")
    assert code == 2
    assert "motrpac_rat_gastrocnemius" in err


def test_interrupt_is_exit_code_130(capsys, monkeypatch, tmp_path):
    from crosstalk_omics import pipeline

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "run", interrupted)
    code, _, err = crosstalk(capsys, "run", str(tmp_path / "s.yaml"))
    assert code == 130
    assert "run the command again" in err


def test_interrupt_of_a_download_is_exit_code_130_too(capsys, monkeypatch):
    from crosstalk_omics import datasets

    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(datasets, "fetch", interrupted)
    assert crosstalk(capsys, "datasets", "fetch", DATASET)[0] == 130


def test_a_command_that_cannot_be_read_is_exit_code_2(capsys):
    assert crosstalk(capsys, "interactions", "routes", "brain")[0] == 2


def commands() -> dict[str, object]:
    """Every command with its words, as in `datasets list`."""
    top = typer.main.get_command(cli.app)
    found = {}
    for name, command in top.commands.items():
        inner = getattr(command, "commands", None)
        found |= {f"{name} {k}": v for k, v in inner.items()} if inner else {name: command}
    return found


@pytest.mark.parametrize("name", list(commands()))
def test_every_command_has_help_with_an_example_of_itself(capsys, name):
    code, out, _ = crosstalk(capsys, *name.split(), "--help")
    assert code == 0
    assert "Examples:" in out
    assert f"crosstalk {name}" in out
    for parameter in commands()[name].params:
        assert parameter.help, f"{parameter.name} is not explained"


@pytest.mark.parametrize("group", [(), ("datasets",), ("signatures",), ("interactions",)])
def test_help_tells_the_exit_codes(capsys, group):
    _, out, _ = crosstalk(capsys, *group, "--help")
    assert " ".join(cli.EXIT_CODES.split()) in " ".join(out.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("datasets", "info", DATASET),
        ("datasets", "check", DATASET),
        ("datasets", "schema"),
        ("signatures", "list"),
        ("signatures", "show", "irisin"),
        ("signatures", "validate"),
        ("interactions", "list", "--route", "endocrine"),
        ("interactions", "routes", "brain", "bone", "--max-steps", "1"),
    ],
    ids=" ".join,
)
def test_commands_print_json(capsys, arguments):
    more = () if "schema" in arguments else ("--json",)
    code, out, _ = crosstalk(capsys, *arguments, *more)
    assert code == 0
    assert json.loads(out)


def test_run_and_calibrate_print_json(capsys, monkeypatch, tmp_path):
    from crosstalk_omics import pipeline

    (tmp_path / "run.json").write_text('{"config": {"name": "a"}, "notes": ["x: n", "y: n"]}')
    (tmp_path / "crosstalk.tsv").write_text("source\ttarget\na\tb\n")
    monkeypatch.setattr(pipeline, "run", lambda *_, **__: tmp_path)
    code, out, _ = crosstalk(capsys, "run", "s.yaml", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["tables"] == {"crosstalk.tsv": 1}
    assert found["notes"] == ["x; y: n"]
    _, out, _ = crosstalk(capsys, "run", "s.yaml")
    assert out.startswith("Note: x; y: n\nResults of a in")
    assert "crosstalk.tsv    1 rows" in out
    table = pd.DataFrame({"side": ["ligand"], "value": [0.05]})
    monkeypatch.setattr(pipeline, "calibrate", lambda *_, **__: table)
    _, out, _ = crosstalk(capsys, "calibrate", "s.yaml", "a", "b", "--json")
    assert json.loads(out) == [{"side": "ligand", "value": 0.05}]


def test_json_keeps_small_p_values_and_has_null_for_what_is_missing(capsys):
    table = pd.DataFrame(
        {"p": [1.23456789012e-300, float("nan"), float("inf")], "s": ["é", None, ""]}
    )
    output.show(table, True)
    assert json.loads(capsys.readouterr().out) == [
        {"p": 1.23456789012e-300, "s": "é"},
        {"p": None, "s": None},
        {"p": None, "s": ""},
    ]


def test_a_terminal_gets_whole_columns_and_the_names_of_the_others(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")  # no colours, whose codes count as characters
    code, out, _ = crosstalk(capsys, "datasets", "list")
    assert code == 0
    assert "gse184951_human_vastus_lateralis_dm1_cycling" in out
    assert max(map(len, out.splitlines())) <= 100
    assert "In --json and in a pipe: " in out
    assert "licence" in out.split("In --json")[1]


def test_markup_in_data_is_shown_as_it_is(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output.show(pd.DataFrame({"gene": ["[red]IL6[/red]"]}), False)
    assert "[red]IL6[/red]" in capsys.readouterr().out


def test_findings_of_grade_error_are_exit_code_2_in_json_too(capsys, monkeypatch):
    from crosstalk_omics import signatures
    from crosstalk_omics.signatures.validate import Report

    bad = pd.DataFrame(
        [["ERROR", "t", "row 1", "f"]], columns=["grade", "table", "where", "finding"]
    )
    none = pd.DataFrame(columns=["signature", "added", "removed"])
    monkeypatch.setattr(signatures, "validate", lambda _: Report(bad, none, none))
    code, out, _ = crosstalk(capsys, "signatures", "validate", "--json")
    assert code == 2
    assert json.loads(out)["findings"][0]["grade"] == "ERROR"


def test_a_closed_pipe_is_no_error():
    code = f"{sys.executable} -m crosstalk_omics.cli interactions routes brain bone --json"
    done = subprocess.run(
        ["bash", "-c", f"{code} | head -c 1; exit ${{PIPESTATUS[0]}}"], capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_installed_completion_offers_commands_and_ids(tmp_path):
    program = tmp_path / "bin" / "crosstalk"
    program.parent.mkdir()
    start = "import sys; sys.argv[0] = 'crosstalk'; from crosstalk_omics.cli import main; main()"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{start}" "$@"\n')
    program.chmod(0o755)
    script = """crosstalk --install-completion >&2; source ~/.bash_completions/crosstalk.sh
complete -p crosstalk
COMP_WORDS=(crosstalk sign); COMP_CWORD=1; _crosstalk_completion crosstalk; echo ${COMPREPLY[@]}
COMP_WORDS=(crosstalk datasets info mouse_bm_); COMP_CWORD=3; _crosstalk_completion crosstalk
echo ${COMPREPLY[@]}"""
    path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    environment = {**os.environ, "HOME": str(tmp_path), "PATH": path}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True)
    first, command, ids = done.stdout.splitlines()
    assert "_crosstalk_completion" in first, done.stderr
    assert command == "signatures"
    assert DATASET in ids.split()
