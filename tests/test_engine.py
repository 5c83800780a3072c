import json

import pytest

from crosstalk_omics.core.errors import ResourceError
from crosstalk_omics.core.files import atomic, write_text
from crosstalk_omics.pipeline.engine import Step, Workspace


def make(calls, name, inputs, *, fail=False):
    def work(folder):
        calls.append(name)
        if fail:
            raise KeyboardInterrupt
        write_text(folder / f"{name}.txt", str(inputs))
        return [f"{name} was made"]

    return Step(name, {"x": inputs}, work)


def run(final, steps):
    work = Workspace(final)
    if work.is_finished(steps):
        return final
    with work.open():
        work.drop_stale(steps)
        for step in steps:
            work.run(step)
        return work.finish()


def test_second_run_does_nothing_and_a_changed_input_runs_only_its_step(tmp_path):
    calls = []
    final = tmp_path / "results"
    run(final, [make(calls, "a", 1), make(calls, "b", 1)])
    run(final, [make(calls, "a", 1), make(calls, "b", 1)])
    assert calls == ["a", "b"]
    (final / "run.json").write_text("{}")
    run(final, [make(calls, "a", 1), make(calls, "b", 2)])
    assert calls == ["a", "b", "b"]
    assert (final / "b.txt").read_text() == "2"


def test_interrupted_run_leaves_no_final_folder_and_resumes(tmp_path):
    calls = []
    final = tmp_path / "results"
    with pytest.raises(KeyboardInterrupt):
        run(final, [make(calls, "a", 1), make(calls, "b", 1, fail=True)])
    assert not final.exists()
    run(final, [make(calls, "a", 1), make(calls, "b", 1)])
    assert calls == ["a", "b", "b"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["results"]


def test_steps_that_left_the_study_are_forgotten(tmp_path):
    final = tmp_path / "results"
    run(final, [make([], "a", 1), make([], "b", 1)])
    (final / "run.json").write_text("{}")
    run(final, [make([], "a", 1), make([], "c", 1)])
    assert sorted(p.stem for p in (final / "steps").glob("*.json")) == ["a", "c"]


def test_record_keeps_notes_and_time(tmp_path):
    final = run(tmp_path / "results", [make([], "a", 1)])
    record = json.loads((final / "steps" / "a.json").read_text())
    assert record["notes"] == ["a was made"]
    assert record["seconds"] >= 0


def test_folder_with_other_files_is_left_alone(tmp_path):
    final = tmp_path / "results"
    final.mkdir()
    (final / "thesis.doc").write_text("years of work")
    with pytest.raises(ResourceError, match="no crosstalk results"):
        run(final, [make([], "a", 1)])
    assert [p.name for p in final.iterdir()] == ["thesis.doc"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["results"]


def test_two_runs_do_not_write_into_one_folder(tmp_path):
    pytest.importorskip("fcntl", reason="Windows has no lock on folders")
    final = tmp_path / "results"
    with Workspace(final).open(), pytest.raises(ResourceError, match="Another run is writing"):
        run(final, [make([], "a", 1)])
    run(final, [make([], "a", 1)])


def test_a_copy_of_the_last_run_that_was_interrupted_is_made_again(tmp_path):
    calls, final = [], tmp_path / "results"
    run(final, [make(calls, "a", 1), make(calls, "b", 1)])
    (final / "run.json").write_text("{}")
    half = Workspace(final).folder
    half.mkdir()  # as left behind before a.txt and the records of the steps were copied
    (half / "b.txt").write_text("1")
    run(final, [make(calls, "a", 1), make(calls, "b", 2)])
    assert calls == ["a", "b", "b"]
    assert (final / "a.txt").read_text() == "1"


def test_output_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="Name another folder"):
        run(tmp_path / "file" / "results", [make([], "a", 1)])


def test_atomic_leaves_nothing_behind_on_an_error(tmp_path):
    path = tmp_path / "table.tsv"
    path.write_text("old")

    def interrupted():
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["table.tsv"]
