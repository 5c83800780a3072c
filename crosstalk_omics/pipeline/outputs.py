"""What a run leaves behind: joined tables, figures with captions, run.json and the report."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ..config import Study
from ..core.files import write_table, write_text
from ..core.names import CELL_TYPE, CONDITION, DONOR, score_key
from ..core.provenance import versions
from .methods import paragraphs

KINDS = ("crosstalk", "contrast", "paired")
EACH_SAMPLE = 60  # above this, a heat map shows means of groups
NA = {"keep_default_na": False, "na_values": ["NA"]}


def joined(folder: Path, kind: str, study: Study) -> pd.DataFrame | None:
    """Join the tables of all directions of one kind; None where the study has none."""
    paths = [folder / "parts" / f"{kind}_{a}__{b}.parquet" for a, b in study.directions]
    tables = [pd.read_parquet(path) for path in paths if path.exists()]
    return pd.concat(tables, ignore_index=True) if tables else None


def scores_of(folder: Path, study: Study) -> pd.DataFrame:
    """Join the scores of all tissues, one row per observation and tissue."""
    paths = [folder / "parts" / f"scores_{name}.parquet" for name in study.tissues]
    return pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)


def tests_of(folder: Path, study: Study, kind: str) -> pd.DataFrame | None:
    """Join the `tests`, `coverage` or `contamination` tables of all tissues."""
    paths = [folder / "parts" / f"{kind}_{name}.tsv" for name in study.tissues]
    tables = [pd.read_csv(path, sep="\t", **NA) for path in paths if path.exists()]
    return pd.concat(tables, ignore_index=True) if tables else None


def draw(study: Study, folder: Path) -> list[str]:
    """Draw every figure of the study with the table behind it and a caption."""
    import matplotlib as mpl

    from .. import pl

    captions = {}
    with mpl.rc_context({"backend": "agg"}):
        for stem, caption, make, table in _figures(study, folder):
            pl.save(make(), folder / "figures" / stem, table=table, close=True)
            captions[stem] = caption
    write_text(folder / "figures" / "captions.json", json.dumps(captions, indent=1))
    return []


STAND_INS = {"cell": ", cells as replicates: descriptive", "gene": ", genes compared"}
KINDS_TESTED = {
    "specificity": "higher than in the tissue's other groups",
    "presence": "high among the expressed genes that no interaction names",
    "contrast": "changed between the conditions",
}
Captioned = tuple[str, str, Callable[[], Any]]
Figure = tuple[str, str, Callable[[], Any], pd.DataFrame]


def _figures(study: Study, folder: Path) -> Iterator[Figure]:
    for kind in KINDS:
        table = joined(folder, kind, study)
        if table is not None:
            for (source, target), part in table.groupby(
                ["source_tissue", "target_tissue"], sort=False
            ):
                yield from _pair_figures(kind, f"{source}__{target}", part, study)
    scores, tests = scores_of(folder, study), tests_of(folder, study, "tests")
    for name, part in scores.groupby("tissue", sort=False):
        yield from _score_figures(name, part, tests, study)
    yield from _coverage_figures(folder, study)


def _pair_figures(kind: str, label: str, table: pd.DataFrame, study: Study) -> Iterator[Figure]:
    captioned = {"crosstalk": _candidates, "contrast": _changes, "paired": _correlations}[kind]
    source, target = label.split("__")
    for stem, caption, make in captioned(source, target, table, study.inference.fdr):
        yield f"{stem}_{label}", f"{source} to {target}{caption}", make, table


def _candidates(source: str, target: str, table: pd.DataFrame, fdr: float) -> Iterator[Captioned]:
    from .. import pl

    tested = _tested(table)
    yield (
        "ranks",
        ": ligands by their rank in the sender and receptors by their rank in the receiver "
        f"(percentile among all measured genes). {tested}",
        lambda: pl.crosstalk_ranks(table, fdr=fdr),
    )
    yield (
        "dotplot",
        f": best candidates; size and colour as in the legend. {tested}",
        lambda: pl.crosstalk_dotplot(table, fdr=fdr),
    )
    yield (
        "network",
        ": the best candidates from sender to receiver, with the effects that the literature "
        f"reports of them there (not tested here). {tested}",
        lambda: pl.crosstalk_network(table),
    )


def _changes(source: str, target: str, table: pd.DataFrame, fdr: float) -> Iterator[Captioned]:
    from .. import pl

    yield (
        "volcano",
        f": change of each ligand in {source} between conditions "
        f"({_replicates(table, 'ligand', 'sender')}); colours mark raw p up to 0.05.",
        lambda: pl.volcano(table, fdr=fdr),
    )


def _correlations(source: str, target: str, table: pd.DataFrame, fdr: float) -> Iterator[Captioned]:
    from .. import pl

    yield (
        "paired",
        f", the same donors: correlation of each ligand in {source} with its receptor in {target} "
        "and with values in blood; p by re-pairing donors.",
        lambda: pl.volcano(table, effect="correlation", pvalue="pvalue", padj="fdr", fdr=fdr),
    )


def _tested(table: pd.DataFrame) -> str:
    """Say what was tested, with how many donors on each side."""
    if "unit_ligand" not in table or table.empty:
        return ""
    if table["pvalue" if "pvalue" in table else "specificity_pvalue"].isna().all():
        return "Ranks only: there are no replicates, so nothing was tested."
    sides = (
        f"in the {who} the {what} is {KINDS_TESTED.get(kind, kind)} "
        f"({_replicates(table, what, who)})"
        for what, who, kind in (
            ("ligand", "sender", table["kind_ligand"].iloc[0]),
            ("receptor", "receiver", table["kind_receptor"].iloc[0]),
        )
    )
    return f"Tested: {'; '.join(sides)}. FDR over the pairs of this direction."


def _replicates(table: pd.DataFrame, what: str, who: str) -> str:
    """Number of donors, and what stood for them: ``4 to 5 donors, cells as replicates``."""
    n = table[f"n_donors_{'source' if who == 'sender' else 'target'}"].fillna(0).astype(int)
    donors = f"{n.min()} to {n.max()} donors" if n.min() < n.max() else f"{n.max()} donors"
    donors = donors if n.max() else "no donors known"
    return donors + STAND_INS.get(table[f"unit_{what}"].iloc[0], "")


def _score_figures(
    name: str, scores: pd.DataFrame, tests: pd.DataFrame | None, study: Study
) -> Iterator[Figure]:
    import anndata as ad

    from .. import pl

    method = study.scoring.methods[0]
    wide = scores.filter(regex=f"^{method}__").dropna(axis=1, how="all")
    wide = wide.rename(columns=lambda c: c.split("__", 1)[1])
    wide.index = scores["observation"].astype(str)
    meta = scores.filter([DONOR, CONDITION, CELL_TYPE]).dropna(axis=1, how="all")
    several = (c for c in (CELL_TYPE, CONDITION, DONOR) if c in meta and len(set(meta[c])) > 1)
    group = next(several, None)
    adata = ad.AnnData(obs=meta.set_axis(wide.index).astype("category"))
    adata.obsm[score_key(method)] = wide
    each = adata.n_obs <= EACH_SAMPLE  # few samples are shown one by one, with their group above
    columns = "one column per sample" if each else f"mean per {group or 'sample'}"
    yield (
        f"scores_{name}",
        f"{name}: {method} scores, {columns}; scale as in the legend. Nothing is tested here.",
        lambda: pl.score_heatmap(
            adata, score_key(method), None if each else group, annotate=group if each else None
        ),
        wide.reset_index(),
    )
    if tests is not None and (tests["tissue"] == name).any():
        part = tests[(tests["tissue"] == name) & (tests["score"] == method)]
        yield from _test_figures(name, scores, part, study)


def _test_figures(
    name: str, scores: pd.DataFrame, part: pd.DataFrame, study: Study
) -> Iterator[Figure]:
    from .. import pl

    method = study.scoring.methods[0]
    contrast = study.tissues[name].contrast
    donors = int(part["n_donors"].max())
    yield (
        f"effects_{name}",
        f"{name}: difference of {method} scores, {contrast.test} minus {contrast.reference}, with "
        f"95 % intervals; the donor is the replicate (n = {donors}).",
        lambda: pl.score_effects(part),
        part,
    )
    best = part.sort_values("pvalue").iloc[0]
    rows = scores[scores[CONDITION].isin([contrast.reference, contrast.test])]
    where = ""
    if study.grouped(name):
        rows = rows[rows[CELL_TYPE] == best["group"]]
        where = f" in {best['group']}"
    rows = rows.rename(columns=lambda c: c.removeprefix(f"{method}__"))
    one = part[(part["signature"] == best["signature"]) & (part["group"] == best["group"])]
    yield (
        f"strip_{name}",
        f"{name}{where}: {best['signature']}, the signature with the smallest of {len(part)} "
        f"p-values; donors are the replicates.",
        lambda: pl.score_strip(rows, best["signature"], tests=one, unit=method),
        rows[[c for c in (DONOR, CONDITION, CELL_TYPE, best["signature"]) if c in rows]],
    )


def _coverage_figures(folder: Path, study: Study) -> Iterator[Figure]:
    from .. import pl

    coverage = tests_of(folder, study, "coverage")
    for name, part in coverage.groupby("tissue", sort=False):
        yield (
            f"coverage_{name}",
            f"{name}: share of each signature's genes that the data measure.",
            lambda part=part: pl.coverage(part),
            part,
        )
    foreign = tests_of(folder, study, "contamination")
    for name, part in foreign.groupby("tissue", sort=False):
        yield (
            f"contamination_{name}",
            f"{name}: median percentile of marker genes of other tissues in each sample; blood, "
            "fat or nerve in a sample makes false candidates.",
            lambda part=part: pl.contamination(part),
            part,
        )


def finish(study: Study, step_names: list[str], folder: Path) -> list[str]:
    """Write the joined tables, the record of the run and the report."""
    from .. import report

    for kind in KINDS:
        _write_or_drop(folder / f"{kind}.tsv", joined(folder, kind, study))
    _write_or_drop(folder / "score_tests.tsv", tests_of(folder, study, "tests"))
    for kind in ("coverage", "contamination"):
        _write_or_drop(folder / f"{kind}.tsv", tests_of(folder, study, kind))
    scores_of(folder, study).to_parquet(folder / "scores.parquet", index=False)
    steps = {
        name: json.loads((folder / "steps" / f"{name}.json").read_text(encoding="utf-8"))
        for name in (*step_names, "figures")
    }
    data = [
        json.loads((folder / "tissues" / f"{name}.json").read_text(encoding="utf-8"))
        for name in study.tissues
    ]
    config = study.model_dump(mode="json")
    record = {
        "config": config,
        "seed": study.seed,
        "versions": versions("decoupler", "gseapy", "statsmodels"),
        "datasets": data,
        "gene_reports": {d["id"]: d["genes"] for d in data},
        "timings": {n: {k: s[k] for k in ("seconds", "peak_mib")} for n, s in steps.items()},
        "notes": _unique(s["notes"] for s in steps.values()),
        "warnings": _unique(s["warnings"] for s in steps.values()),
        "methods": paragraphs(study, data),
    }
    write_text(folder / "study.json", json.dumps(config, indent=1))
    write_text(folder / "run.json", json.dumps(record, indent=1, ensure_ascii=False))
    report.build(folder)
    return []


def _write_or_drop(path: Path, table: pd.DataFrame | None) -> None:
    if table is None:
        path.unlink(missing_ok=True)
    else:
        write_table(path, table)


def _unique(lists: Iterator[list[str]]) -> list[str]:
    return list(dict.fromkeys(text for texts in lists for text in texts))
