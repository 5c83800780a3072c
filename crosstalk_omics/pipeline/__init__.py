"""The main job: one study file in, one folder of tables, figures and a report out."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..config import Study, read_study
from ..core.checks import check_one_of
from ..core.files import write_table
from ..core.names import CONDITION
from ..core.notes import merged
from ..core.progress import progress
from .engine import Workspace
from .steps import Context, plan

__all__ = ["calibrate", "run", "summary"]
log = logging.getLogger("crosstalk_omics")


def run(study: str | Path | Study, *, output: str | Path | None = None) -> Path:
    """Run a study: load, standardise, score, compare, infer, draw, report.

    Parameters
    ----------
    study
        Path of a study file (see `crosstalk init`), or a validated study.
    output
        Folder of the results, instead of the one that the study names.

    Returns
    -------
    The folder with `crosstalk.tsv`, `score_tests.tsv`, `coverage.tsv`, `scores.parquet`,
    `contrast.tsv` and `paired.tsv` where they were asked for, `figures/`, `report.html`,
    `run.json` and `study.json`. A step whose inputs did not change is not run again; an
    interrupted run continues where it stopped; the folder appears under its final name only
    when everything is done.

    Raises
    ------
    InputError
        The study file, a data set or a column cannot be used.
    ResourceError
        A file cannot be read, fetched or verified, or the folder cannot be written.
    """
    study = study if isinstance(study, Study) else read_study(study)
    work = Workspace(Path(output) if output is not None else study.folder)
    steps = plan(Context(study))
    if work.is_finished(steps):
        log.info("Nothing has changed since the last run: %s", work.final)
        return work.final
    with work.open():
        work.drop_stale(steps)
        for step in progress(steps, study.name):
            work.run(step)
        return work.finish()


def calibrate(
    study: str | Path | Study,
    source: str,
    target: str,
    *,
    scenarios: Sequence[str] = ("labels", "rewired", "decoys", "positives"),
    unrelated: str | None = None,
    n_repeats: int = 20,
    output: str | Path | None = None,
) -> pd.DataFrame:
    """Rerun one direction of a study where the answer is known; see `cx.tl.calibrate`.

    Parameters
    ----------
    study
        Path of a study file, or a validated study.
    source, target
        Names of the sending and the receiving tissue in the study.
    scenarios
        As in `cx.tl.calibrate`; ``"conditions"`` takes the contrast of the source in the study.
    unrelated
        Name of the tissue that stands in for the source in the scenario ``"swap"``.
    n_repeats
        Repeats of each shuffle.
    output
        Folder for `calibration.tsv`, `qq.csv` and the QQ plot; None writes nothing.

    Returns
    -------
    One row per scenario, side and measure, with its bar and whether it is met.

    Raises
    ------
    InputError
        The study has no such tissue, or its data cannot be used.
    """
    from .. import pl, tl

    study = study if isinstance(study, Study) else read_study(study)
    for name in filter(None, (source, target, unrelated)):
        check_one_of(name, list(study.tissues), "The tissue")
    context, contrast = Context(study), study.tissues[source].contrast
    result = tl.calibrate(
        context.tissue(source),
        context.tissue(target),
        groupby=(context.group(source), context.group(target)),
        interactions=context.interactions(all_routes=True),  # contact pairs are a control
        route=study.interactions.route,
        null=study.inference.null,
        scenarios=scenarios,
        unrelated=context.tissue(unrelated) if unrelated else None,
        condition=CONDITION if contrast else None,
        reference=contrast.reference if contrast else None,
        n_repeats=n_repeats,
        level=study.inference.fdr,
        seed=study.seed,
    )
    if output is not None:
        write_table(Path(output) / "calibration.tsv", result.summary)
        pl.save(pl.calibration_qq(result.qq), Path(output) / "qq", table=result.qq, close=True)
    return result.summary


def summary(folder: str | Path) -> dict[str, Any]:
    """Say where the results of a run are and what they hold.

    Parameters
    ----------
    folder
        What `run` returned.

    Returns
    -------
    Plain values: `name`, `folder`, `tables` (file -> rows), `figures` (how many), `report` (its
    path), `notes` (what the reader should know; once where it holds for several tissues).
    """
    folder = Path(folder)
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    names = ("crosstalk", "contrast", "paired", "score_tests", "coverage")
    tables = [path for name in names if (path := folder / f"{name}.tsv").exists()]
    return {
        "name": record["config"]["name"],
        "folder": str(folder),
        "tables": {path.name: len(pd.read_csv(path, sep="\t", usecols=[0])) for path in tables},
        "figures": len(list((folder / "figures").glob("*.svg"))),
        "report": str(folder / "report.html"),
        "notes": merged(record["notes"]),
    }
