"""A run's folder with hostile names, and a headless Chromium behind two pipes."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import numpy as np
import pandas as pd
import pytest

from crosstalk_omics import pl, report
from crosstalk_omics.core.files import write_table
from crosstalk_omics.report.columns import COLUMNS

EVIL = "<script>window.hacked = true</script>"
IMAGE = "</script><img src=x onerror='window.hacked = true'>"


def candidates(n: int, *, tested: bool = True) -> pd.DataFrame:
    rng = np.random.default_rng(n)
    levels = ["human", "in_vivo", "in_vitro", "review", "database"]
    table = pd.DataFrame(
        {
            "source_tissue": np.where(np.arange(n) < n * 2 // 3, "muscle", "bone"),
            "target_tissue": np.where(np.arange(n) < n * 2 // 3, "bone", "muscle"),
            "source": "fibre",
            "target": "osteoblast",
            "factor": [f"factor {i}" for i in range(n)],
            "ligand_complex": [f"LIG{i}" for i in range(n)],
            "receptor_complex": [f"REC{i}A+REC{i}B" for i in range(n)],
            "evidence_level": [levels[i % 5] for i in range(n)],
            "effects": "bone_formation:+; muscle_mass:-",
            "references": "PMID:27304508; doi:10.1016/S0092-8674(02)01049-8",
            "conflict": [i % 4 == 0 for i in range(n)],
            "magnitude_ligand": rng.random(n),
            "magnitude_receptor": rng.random(n),
            "magnitude_gmean": np.sort(rng.random(n))[::-1],
            "specificity_pvalue": np.sort(rng.random(n)) if tested else np.nan,
            "n_donors_source": 11,
            "n_donors_target": 3,
        }
    )
    table["specificity_fdr"] = table["specificity_pvalue"]
    return table


def run_record() -> dict:
    return {
        "config": {"title": f"Muscle to bone {EVIL}", "inference": {"fdr": 0.05}},
        "seed": 1,
        "versions": {"crosstalk_omics": "0.1.0", "python": "3.11"},
        "datasets": [
            {
                "id": "muscle",
                "dataset": "gse184951",
                "title": "Vastus lateralis & training",
                "organism": "human",
                "modality": "bulk_rna",
                "n_obs": 42,
                "n_vars": 15890,
                "donors": 21,
                "caveat": "Biopsies hold blood.",
                "files": {"counts.tsv": "ab" * 32},
                "genes": {"n_in": 20000, "examples": ["A", "B"]},
            }
        ],
        "timings": {"load_muscle": {"seconds": 12.3, "peak_mib": 800}},
        "notes": ["Sender and receiver come from different subjects: hypotheses."],
        "warnings": ["Blood genes vary between the biopsies."],
        "methods": ["Scores: UCell (Andreatta & Carmona 2021, doi:10.1016/j.csbj.2021.06.043)."],
    }


def results(folder: Path, n: int = 12, *, tested: bool = True) -> Path:
    """Write the files of a run, with names that try to break out of the page."""
    table = candidates(n, tested=tested)
    table.loc[0, ["factor", "ligand_complex"]] = EVIL
    table.loc[1, "source"] = IMAGE
    write_table(folder / "crosstalk.tsv", table)
    coverage = pd.DataFrame(
        {
            "signature": ["good", "poor"],
            "n_targets": 10,
            "n_found": [9, 2],
            "coverage": [0.9, 0.2],
            "missing": ["A", "B;C"],
            "scored": [True, False],
            "tissue": "muscle",
        }
    )
    write_table(folder / "coverage.tsv", coverage)
    pl.save(pl.crosstalk_ranks(table), folder / "figures" / "ranks", table=table, close=True)
    pl.save(pl.coverage(coverage), folder / "figures" / "coverage", table=coverage, close=True)
    captions = {"ranks": f"Sender: presence, 11 donors {EVIL}.", "coverage": "Measured genes."}
    (folder / "figures" / "captions.json").write_text(json.dumps(captions), encoding="utf-8")
    (folder / "run.json").write_text(json.dumps(run_record()), encoding="utf-8")
    return report.build(folder)


def wide_results(folder: Path) -> Path:
    """A run whose tables have every column that a report can show, with long names."""
    table = candidates(16)
    receptors = [f"BMPR1A+BMPR2|BMPR1B+BMPR2|ACVR1+ACVR2{i}" for i in range(16)]
    table = table.assign(
        receptor_complex=receptors,
        source="hypothalamic arcuate neurons, fed",
        target="osteoblast-reticular transition",
        references="PMID:27304508; doi:10.1016/S0092-8674(02)01049-8; doi:10.3390/ijms21072547",
        route="endocrine",
        unit_ligand="donor",
        unit_receptor="donor",
        n_donors_source=range(16),
        contrast="food_deprived vs fed",
        predicted_effect="anabolic",
        direction="up, up",
        missing=";".join(f"Gene{i}" for i in range(90)),
        note="Cells are replicates: descriptive.",
    )
    numbers = (c for c in COLUMNS if c.startswith(("logfc", "p_", "ci_", "magnitude", "strength")))
    for name in (*numbers, "pvalue", "fdr", "estimate"):
        table[name] = 0.000123456 * np.arange(1, 17)
    write_table(folder / "crosstalk.tsv", table)
    table = table.drop(columns=["specificity_pvalue", "specificity_fdr"])
    write_table(folder / "contrast.tsv", table)
    write_table(folder / "score_tests.tsv", table.assign(signature="response_calcineurin_nfat"))
    return report.build(folder)


@pytest.fixture
def wide_folder() -> Callable[..., Path]:
    return wide_results


@pytest.fixture(scope="session")
def rows() -> Callable[..., pd.DataFrame]:
    return candidates


@pytest.fixture(scope="session")
def run_folder() -> Callable[..., Path]:
    return results


@pytest.fixture(scope="session")
def page_file(tmp_path_factory) -> Path:
    return results(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def hostile() -> tuple[str, str]:
    """Names that try to break out of the page; both set `window.hacked`."""
    return EVIL, IMAGE


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
FLAGS = """
--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
--disable-background-networking --disable-component-update --hide-scrollbars
--remote-debugging-pipe
""".split()  # noqa: SIM905
PATIENCE = 60.0  # seconds


class Page:
    """One tab; `events` keeps what the browser told without being asked."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._buffer, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]
            self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        end = monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            assert select([self._receive], [], [], max(0, end - monotonic()))[0], "no answer"
            read = os.read(self._receive, 1 << 20)
            assert read, "the browser has gone"
            self._buffer += read
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)

    def open(self, path: Path, *, width: int = 1366, height: int = 900) -> None:
        """Load a file in a window of this size and wait until it is drawn."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=width < 600)  # fmt: skip
        self.call("Page.navigate", url=path.as_uri())
        while self.run("location.href") == "about:blank":
            pass
        done = "document.readyState == 'complete' ? d() : addEventListener('load', d)"
        self.run(f"new Promise(d => {done})")

    def run(self, script: str) -> Any:
        """Evaluate JavaScript, awaiting promises, and return its value."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def complaints(self) -> list[str]:
        """Errors and warnings that the page caused."""
        found = []
        for event in self.events:
            details = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(details["exceptionDetails"]))
            elif event.get("method") == "Runtime.consoleAPICalled":
                found.append(str(details["args"]))
            elif event.get("method") == "Log.entryAdded":
                found.append(details["entry"]["text"])
        return found

    def requests(self) -> list[str]:
        """Addresses that the page asked for."""
        return [
            event["params"]["request"]["url"]
            for event in self.events
            if event.get("method") == "Network.requestWillBeSent"
        ]


@pytest.fixture
def page() -> Iterator[Page]:
    """Start Chromium with a new profile, and end it."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium to open the report")
    into, send = os.pipe()
    receive, out = os.pipe()

    def connect() -> None:
        os.dup2(into, 1000)
        os.dup2(out, 1001)
        os.dup2(1000, 3)
        os.dup2(1001, 4)

    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=connect,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(into)
        os.close(out)
        try:
            yield Page(send, receive)
        finally:
            process.terminate()
            process.wait(timeout=20)
            os.close(send)
            os.close(receive)
