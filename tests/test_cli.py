import json
import subprocess
import sys

import pytest

from crosstalk_omics import cli


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


def test_every_command_has_help():
    done = subprocess.run(
        [sys.executable, "-m", "crosstalk_omics.cli", "--help"], capture_output=True, text=True
    )
    for command in ("run", "init", "datasets", "signatures", "interactions"):
        assert command in done.stdout
