"""The steps of a study: what each reads, calls and writes."""

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd

from ..config import Paired, Study, Tissue
from ..core.checks import check_columns, check_one_of, nearest
from ..core.errors import InputError, ResourceError
from ..core.files import atomic, write_table, write_text
from ..core.names import BATCH, CELL_TYPE, CONDITION, DONOR, UNS, score_key
from ..core.provenance import digest_file
from .engine import Step

SIMULATED = "simulated:"  # dataset ids of the embedded data set


@dataclass
class Context:
    """The study and the tissues that were loaded so far; a tissue is loaded when first needed."""

    study: Study
    loaded: dict[str, ad.AnnData] = field(default_factory=dict)

    def tissue(self, name: str) -> ad.AnnData:
        """Return the standardised data set of tissue `name`."""
        if name not in self.loaded:
            self.loaded[name] = load_tissue(name, self.study)
        return self.loaded[name]

    def group(self, name: str) -> str | None:
        """Column with the groups of tissue `name`, where it has some."""
        return CELL_TYPE if self.study.grouped(name) else None

    def interactions(self, *, all_routes: bool = False) -> pd.DataFrame:
        """Return the interaction table of the study, in human symbols."""
        from .. import interactions

        asked = self.study.interactions
        route = None if all_routes else asked.route
        return interactions.load(
            asked.resource, organism="human", route=route, min_evidence=asked.min_evidence
        )


def plan(context: Context) -> list[Step]:
    """List the steps of a study in the order in which they run."""
    from .outputs import draw, finish

    study = context.study
    steps = []
    for name, block in study.tissues.items():
        inputs = {"tissue": block.model_dump(mode="json"), "data": _data_digest(block, study)}
        inputs["organism"] = study.organism
        steps.append(Step(f"load_{name}", inputs, partial(describe, context, name)))
        scoring = {**inputs, "scoring": study.scoring.model_dump(mode="json")}
        scoring["own"] = _own_digests(*study.scoring.signatures)
        steps.append(Step(f"score_{name}", scoring, partial(score, context, name)))
    by_name = {step.name: step for step in steps}
    for source, target in study.directions:
        sides = {side: by_name[f"load_{side}"].inputs for side in (source, target)}
        base = {**sides, "interactions": study.interactions.model_dump(mode="json")}
        base |= {"own": _own_digests(study.interactions.resource), "seed": study.seed}
        asked = {**base, "inference": study.inference.model_dump(mode="json")}
        label = f"{source}__{target}"
        steps.append(Step(f"crosstalk_{label}", asked, partial(infer, context, source, target)))
        if study.tissues[source].contrast is not None:
            make = partial(contrast, context, source, target)
            steps.append(Step(f"contrast_{label}", asked, make))
        if study.paired is not None:
            pairing = {**base, "paired": study.paired.model_dump(mode="json")}
            steps.append(
                Step(f"paired_{label}", pairing, partial(pair_donors, context, source, target))
            )
    everything = {"steps": [step.key for step in steps], "title": study.title}
    steps.append(Step("figures", everything, partial(draw, study)))
    whole = {**everything, "study": study.model_dump(mode="json")}
    names = [step.name for step in steps]
    steps.append(Step("report", whole, partial(finish, study, names)))
    return steps


def _own_digests(*names: str) -> list[str]:
    """Digests of the user's signature and interaction files among names of ours."""
    return [digest_file(path) for path in map(Path, names) if path.suffix and path.is_file()]


def _data_digest(block: Tissue, study: Study) -> Any:
    from .. import datasets

    if block.path is not None:
        paths = [path for path in (block.path, block.samples) if path is not None]
        for path in paths:
            if not path.exists():
                msg = f"{path} is not there. Paths in a study file start at the file's own folder."
                raise ResourceError(msg)
        files = [f for p in paths for f in (sorted(p.rglob("*")) if p.is_dir() else [p])]
        return [digest_file(file) for file in files if file.is_file()]
    if block.dataset.startswith(SIMULATED):
        return {"seed": study.seed}
    return [file["sha256"] for file in datasets.info(block.dataset)["files"]]


def load_tissue(name: str, study: Study) -> ad.AnnData:
    """Load one tissue, keep the rows that the study selects, and standardise it."""
    from .. import datasets, pp

    block = study.tissues[name]
    if block.path is not None:
        adata = datasets.read(block.path, samples=block.samples)
    elif block.dataset.startswith(SIMULATED):
        simulated = block.dataset.removeprefix(SIMULATED)
        check_one_of(simulated, ("muscle", "bone", "brain"), f"tissues.{name}.dataset")
        adata = getattr(datasets.simulate(seed=study.seed), simulated)
    else:
        adata = datasets.load(block.dataset, part=block.part)
    if not isinstance(adata, ad.AnnData):
        msg = f"tissues.{name}: {block.dataset!r} is a table, not expression data of samples."
        raise InputError(msg)
    adata = _select(adata, block.select, name)
    adata = pp.standardise(
        adata,
        organism=block.organism or adata.uns.get(UNS, {}).get("organism") or study.organism,
        donor=block.donor,
        condition=block.condition,
        cell_type=block.groupby,
        batch=block.batch,
        value_state=block.value_state,
    )
    if block.donor is not None and adata.uns[UNS].get("modality") != "celltype_means":
        adata.uns[UNS]["replicates"] = "donor"  # whoever names the donors knows them
    for key in ("modality", "tissue"):
        if getattr(block, key) is not None:
            adata.uns[UNS][key] = getattr(block, key)
    return pp.label_cells(adata) if block.label_cells else adata


def _select(adata: ad.AnnData, select: dict[str, tuple[str, ...]], name: str) -> ad.AnnData:
    keep = np.ones(adata.n_obs, dtype=bool)
    for column, values in select.items():
        check_columns(adata.obs, [column], f"The sample table of tissues.{name}")
        present = adata.obs[column].astype(str)
        for value in values:
            if not (present == value).any():
                msg = (
                    f"tissues.{name}.select: no row has {column} = {value!r}. "
                    f"{nearest(value, present.unique())}Values: {sorted(present.unique())[:20]}."
                )
                raise InputError(msg)
        keep &= present.isin(values).to_numpy()
    if not keep.any():
        msg = f"tissues.{name}.select keeps no row: no sample has all of {dict(select)}."
        raise InputError(msg)
    return adata[keep].copy() if select else adata


def describe(context: Context, name: str, folder: Path) -> list[str]:
    """Write what a tissue holds: samples, donors, genes, what was dropped, contamination."""
    from .. import pp

    adata = context.tissue(name)
    about = dict(adata.uns[UNS])
    obs = adata.obs
    record = {
        "id": name,
        **{k: about.get(k) for k in ("dataset", "title", "organism", "tissue", "modality")},
        **{k: about.get(k) for k in ("value_state", "accession", "licence", "caveat", "files")},
        "n_obs": adata.n_obs,
        "n_vars": adata.n_vars,
        "donors": int(obs[DONOR].nunique()) if DONOR in obs else 0,
        "groups": obs[CELL_TYPE].value_counts().to_dict() if CELL_TYPE in obs else {},
        "conditions": obs[CONDITION].value_counts().to_dict() if CONDITION in obs else {},
        "genes": about.get("genes", {}),
        "steps": list(about.get("steps", [])),
    }
    text = json.dumps(record, indent=1, default=_plain, ensure_ascii=False)
    write_text(folder / "tissues" / f"{name}.json", text)
    if about.get("modality") == "single_cell" and about["value_state"] == "counts":
        pp.ambient(adata, library=BATCH if BATCH in obs else None)  # warns; the report shows it
    contamination = pp.contamination(_profiles(adata)).assign(tissue=name)
    write_table(folder / "parts" / f"contamination_{name}.tsv", contamination)
    return [f"{name}: {about['caveat']}"] if about.get("caveat") else []


def _profiles(adata: ad.AnnData) -> ad.AnnData:
    """Sum cells per donor and group, where there are such; samples stay as they are."""
    from .. import pp

    if adata.uns[UNS].get("modality") != "single_cell":
        return adata
    donor, group = (key if key in adata.obs else None for key in (DONOR, CELL_TYPE))
    statistic = "sum" if adata.uns[UNS]["value_state"] == "counts" else "mean"
    return pp.pseudobulk(adata, donor=donor, groupby=group, statistic=statistic)


def score(context: Context, name: str, folder: Path) -> list[str]:
    """Score the signatures of the study on one tissue and test them between conditions."""
    from .. import pp, signatures, tl

    adata, asked = pp.lognormalise(context.tissue(name)), context.study.scoring
    organism = adata.uns[UNS]["organism"]
    net = signatures.load(list(asked.signatures), organism=organism)
    coverage = tl.coverage(adata, net, min_targets=asked.min_targets)
    write_table(folder / "parts" / f"coverage_{name}.tsv", coverage.assign(tissue=name))
    tl.score(adata, net, list(asked.methods), min_targets=asked.min_targets)
    kept = [c for c in (DONOR, CONDITION, CELL_TYPE) if c in adata.obs]
    wide = [adata.obs[kept].astype(object).assign(tissue=name, observation=adata.obs_names)]
    wide += [adata.obsm[score_key(m)].add_prefix(f"{m}__") for m in asked.methods]
    with atomic(folder / "parts" / f"scores_{name}.parquet") as path:
        pd.concat(wide, axis=1).to_parquet(path, index=False)
    block = context.study.tissues[name]
    if block.contrast is None:
        (folder / "parts" / f"tests_{name}.tsv").unlink(missing_ok=True)
        return []
    group = context.group(name)
    tests = [_compare(adata, m, block, group) for m in asked.methods]
    write_table(folder / "parts" / f"tests_{name}.tsv", pd.concat(tests).assign(tissue=name))
    return list(dict.fromkeys(note for t in tests for note in t.attrs.get("notes", [])))


def _compare(adata: ad.AnnData, method: str, block: Tissue, group: str | None) -> pd.DataFrame:
    from .. import tl

    table = tl.compare_scores(
        two_conditions(adata, block),
        score_key(method),
        condition=CONDITION,
        reference=block.contrast.reference,
        donor=DONOR,
        groupby=group,
        covariates=block.contrast.covariates,
        paired=block.contrast.paired,
    )
    return table.assign(score=method)


def two_conditions(adata: ad.AnnData, block: Tissue) -> ad.AnnData:
    """Keep the samples of the two conditions that `block` contrasts."""
    present = adata.obs[CONDITION].astype(str)
    wanted = (block.contrast.reference, block.contrast.test)
    for value in wanted:
        if not (present == value).any():
            msg = (
                f"contrast: no sample has {block.condition} = {value!r}. "
                f"{nearest(value, present.unique())}Values: {sorted(present.unique())}."
            )
            raise InputError(msg)
    kept = adata[present.isin(wanted).to_numpy()].copy()
    kept.obs[CONDITION] = pd.Categorical(kept.obs[CONDITION].astype(str), categories=wanted)
    return kept


def infer(context: Context, source: str, target: str, folder: Path) -> list[str]:
    """Test which ligands of one tissue meet receptors of the other."""
    from .. import tl

    study = context.study
    table = tl.crosstalk(
        context.tissue(source),
        context.tissue(target),
        groupby=(context.group(source), context.group(target)),
        donor=DONOR,
        interactions=context.interactions(),
        route=None,  # the table was filtered when it was read
        null=study.inference.null,
        n_perms=study.inference.n_perms,
        seed=study.seed,
    )
    return _keep(table, folder, "crosstalk", source, target)


def contrast(context: Context, source: str, target: str, folder: Path) -> list[str]:
    """Test which ligands change in the source, and what the target has for them."""
    from .. import tl

    study = context.study
    block, receiver = study.tissues[source], study.tissues[target]
    sender = two_conditions(context.tissue(source), block)
    received, own = context.tissue(target), None
    if receiver.contrast is not None:
        received = two_conditions(received, receiver)
        own = receiver.contrast.model_dump(include={"reference", "covariates", "paired"})
    table = tl.crosstalk_contrast(
        sender,
        received,
        condition=CONDITION,
        reference=block.contrast.reference,
        donor=DONOR,
        groupby=(context.group(source), context.group(target)),
        covariates=block.contrast.covariates,
        paired=block.contrast.paired,
        interactions=context.interactions(),
        route=None,
        n_perms=study.inference.n_perms,
        seed=study.seed,
        target_contrast=own is not None,
        target_design=own,
    )
    return _keep(table, folder, "contrast", source, target)


def pair_donors(context: Context, source: str, target: str, folder: Path) -> list[str]:
    """Correlate ligands and receptors over the donors that both tissues share."""
    from .. import tl

    asked = context.study.paired
    table = tl.crosstalk_paired(
        context.tissue(source),
        context.tissue(target),
        donor=DONOR,
        method=asked.method,
        covariates=asked.covariates,
        strata=asked.strata,
        interactions=context.interactions(),
        route=None,
        analytes=_analytes(asked),
        n_perms=asked.n_perms,
        seed=context.study.seed,
    )
    return _keep(table, folder, "paired", source, target)


def _analytes(asked: Paired) -> pd.DataFrame | None:
    """Read the blood values, one row per donor."""
    from .. import datasets

    if asked.analytes is None:
        return None
    table = datasets.load(asked.analytes.dataset)
    check_columns(table, [asked.analytes.key, *asked.analytes.columns], asked.analytes.dataset)
    values = table.groupby(table[asked.analytes.key].astype(str))[list(asked.analytes.columns)]
    return values.mean()


def _keep(table: pd.DataFrame, folder: Path, kind: str, source: str, target: str) -> list[str]:
    named = table.assign(source_tissue=source, target_tissue=target)
    with atomic(folder / "parts" / f"{kind}_{source}__{target}.parquet") as path:
        named.reset_index(drop=True).to_parquet(path, index=False)
    return [f"{source} to {target}: {note}" for note in table.attrs.get("notes", [])]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
