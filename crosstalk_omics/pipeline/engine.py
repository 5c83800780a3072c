"""Steps that remember what they were made from: nothing runs twice, an interrupted run resumes."""

import json
import logging
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..core.errors import CrosstalkWarning, ResourceError
from ..core.files import alone, write_text
from ..core.provenance import digest_json
from ..core.resources import packaged

log = logging.getLogger("crosstalk_omics")
SOURCES = (".py", ".j2", ".css", ".js", ".html", ".tsv", ".yaml")


@dataclass(frozen=True)
class Step:
    """One piece of work: `make(folder)` writes files and returns sentences for the reader.

    `inputs` is everything that the files depend on, besides the package itself.
    """

    name: str
    inputs: dict[str, Any]
    make: Callable[[Path], list[str]]

    @property
    def key(self) -> str:
        """Digest of the inputs and of the package: the step is done when this was recorded."""
        return digest_json({"inputs": self.inputs, "code": code_digest()})


@cache
def code_digest() -> str:
    """Digest of the package's own sources and tables, so that a changed one runs again."""
    import hashlib

    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for root in (package, packaged("signatures")):
        for path in sorted(root.rglob("*")):
            if path.suffix in SOURCES:
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


@dataclass
class Workspace:
    """The folder of an unfinished run, and the record of the steps that are done in it.

    The folder stands beside the final one under a hidden name and takes its place when all
    steps are done, so that the results are never a mixture of two runs.
    """

    final: Path
    done: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the steps write."""
        return self.final.with_name(f".{self.final.name}.partial")

    def is_finished(self, steps: list[Step]) -> bool:
        """Whether the final folder was made by exactly these steps."""
        for step in steps:
            path = self.final / "steps" / f"{step.name}.json"
            if not path.exists() or json.loads(path.read_text())["key"] != step.key:
                return False
        return True

    @contextmanager
    def open(self) -> Iterator[None]:
        """Continue an interrupted run, or start from the files of the last finished one.

        No other run can open the folder before the ``with`` block ends.
        """
        self._refuse_foreign()
        with self._writable():
            self.folder.mkdir(parents=True, exist_ok=True)
        with alone(self.folder, f"Another run is writing the results of {self.final}."):
            with self._writable():
                self._restore()
            for path in sorted((self.folder / "steps").glob("*.json")):
                self.done[path.stem] = json.loads(path.read_text(encoding="utf-8"))
            yield

    def _restore(self) -> None:
        """Copy the last finished run; the records of its steps come last, when all is there."""
        steps = self.folder / "steps"
        if (self.final / "steps").exists() and not steps.exists():
            rest = shutil.ignore_patterns("steps")
            shutil.copytree(self.final, self.folder, ignore=rest, dirs_exist_ok=True)
            shutil.copytree(self.final / "steps", steps)
        steps.mkdir(exist_ok=True)
        (steps / ".write").touch()
        (steps / ".write").unlink()

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            msg = (
                f"Cannot write the results to {self.final}: {error.strerror}. "
                "Name another folder with `output:` or --output."
            )
            raise ResourceError(msg) from error

    def _refuse_foreign(self) -> None:
        foreign = self.final.exists() and not (self.final / "run.json").exists()
        if foreign and any(self.final.iterdir()):
            msg = (
                f"{self.final} exists and holds files that are no crosstalk results; they are "
                "left alone. Name another folder with `output:` or --output."
            )
            raise ResourceError(msg)

    def is_done(self, step: Step) -> bool:
        """Whether the step was finished with the same inputs and package."""
        record = self.done.get(step.name)
        return record is not None and record["key"] == step.key

    def run(self, step: Step) -> None:
        """Make the step unless it is done; record its time, peak memory and notes."""
        if self.is_done(step):
            return
        log.info("%s ...", step.name)
        start = time.perf_counter()
        (self.folder / "steps" / f"{step.name}.json").unlink(missing_ok=True)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            warnings.simplefilter("always", CrosstalkWarning)
            notes = step.make(self.folder)
        said = [str(w.message) for w in caught if issubclass(w.category, CrosstalkWarning)]
        record = {
            "key": step.key,
            "seconds": round(time.perf_counter() - start, 2),
            "peak_mib": round(peak_mib(), 1),
            "notes": notes,
            "warnings": list(dict.fromkeys(said)),
        }
        text = json.dumps(record, indent=1)
        write_text(self.folder / "steps" / f"{step.name}.json", text)
        self.done[step.name] = record

    def drop_stale(self, steps: list[Step]) -> None:
        """Forget the steps of an earlier study file that this one no longer has."""
        names = {step.name for step in steps}
        for name in set(self.done) - names:
            (self.folder / "steps" / f"{name}.json").unlink()
            del self.done[name]

    def finish(self) -> Path:
        """Put the finished folder in the place of the old one."""
        if self.final.exists():
            old = self.final.with_name(f".{self.final.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            self.final.rename(old)
            self.folder.rename(self.final)
            shutil.rmtree(old)
        else:
            self.folder.rename(self.final)
        return self.final


def peak_mib() -> float:
    """Peak resident memory of this process so far, in MiB; NaN on Windows."""
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
