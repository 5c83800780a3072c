"""Data set id -> AnnData or table, with where it comes from."""

from pathlib import Path
from typing import Any

import anndata as ad
import pandas as pd

from ..core.checks import check_columns, nearest
from ..core.errors import InputError
from ..core.names import CELL_TYPE, TISSUE, UNS
from ..core.provenance import digest_file
from .fetch import local_files
from .manifest import Dataset, entry, load_manifest, tissue_terms
from .readers import READERS
from .readers.samples import annotate


def list_datasets() -> pd.DataFrame:
    """Return one row per public data set that the package knows.

    Returns
    -------
    Columns ``id, title, organism, tissue, modality, value_state, replicates, parts, n_files,
    bytes, accession, licence``; `bytes` is missing where a file's size is not known.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> known = cx.datasets.list()
    >>> known.loc[known["organism"] == "rat", "id"].head(2).tolist()
    ['motrpac_rat_gastrocnemius', 'motrpac_rat_vastus_lateralis']
    """
    rows = []
    for name, data in load_manifest().items():
        sizes = [file.bytes for file in data.files]
        rows.append(
            {
                "id": name,
                "title": data.title,
                "organism": data.organism,
                "tissue": data.tissue,
                "modality": data.modality,
                "value_state": data.value_state,
                "replicates": data.replicates,
                "parts": "; ".join(data.parts),
                "n_files": len(data.files),
                "bytes": None if None in sizes else sum(sizes),
                "accession": data.accession,
                "licence": data.licence,
            }
        )
    return pd.DataFrame(rows).astype({"bytes": "Int64"})


def info(dataset: str) -> dict[str, Any]:
    """Return everything that the manifest says about `dataset`.

    Parameters
    ----------
    dataset
        Identifier, as in `list`.

    Returns
    -------
    Plain values, named as in ``data_manifest.yaml``, and ``id``.

    Raises
    ------
    InputError
        No data set has this id.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> cx.datasets.info("motrpac_rat_gastrocnemius")["columns"]
    {'donor': 'pid', 'condition': 'timepoint', 'time': 'timepoint', 'sex': 'sex'}
    """
    return {"id": dataset, **entry(dataset).model_dump(by_alias=True, exclude_defaults=True)}


def load(dataset: str, *, part: str | None = None) -> ad.AnnData | pd.DataFrame:
    """Fetch `dataset` if it is not in the cache, and read it.

    Parameters
    ----------
    dataset
        Identifier, as in `list`.
    part
        For a data set of several tables (`list`, column `parts`): which one.

    Returns
    -------
    AnnData (samples or cells x genes) for expression, a DataFrame where the entry's modality is
    "table". Gene and sample identifiers are as in the source: `cx.pp.standardise` makes them
    current symbols. `obs` has the source's columns and, where the manifest's `columns` names
    them, the categoricals `donor`, `condition`, `cell_type`, `batch`, `time`, `sex`, `age` and
    always `tissue`; `tissue_ontology_term_id` (UBERON) and `cell_type_ontology_term_id` (Cell
    Ontology) are those of the CELLxGENE schema, for the names that the manifest maps.
    `uns["crosstalk"]` tells organism, tissue, modality, value state, licence,
    accession, checksums, replicates and the caveat. Tables carry the same in
    `attrs["crosstalk"]`.

    Raises
    ------
    InputError
        Unknown id or part.
    ResourceError
        A file cannot be fetched, verified or read.
    """
    data = entry(dataset)
    options = {**data.options, **_part(dataset, data, part)}
    data = data.model_copy(update={"tissue": options.pop("tissue", data.tissue)})
    files = local_files(dataset, _needed(data, options))
    found = READERS[data.reader](files, **options)
    where = provenance(dataset, data, files, part)
    if isinstance(found, pd.DataFrame):
        found.attrs[UNS] = where
        return found
    if data.samples is not None:
        found = annotate(found, files, data.samples)
    name_columns(found, dict(data.columns), data.tissue, dataset)
    _add_terms(found, data)
    found.uns[UNS] = where
    return found


def _part(dataset: str, data: Dataset, part: str | None) -> dict[str, Any]:
    if part is None and not data.parts:
        return {}
    if part is None or part not in data.parts:
        has = f"its parts are: {', '.join(data.parts)}" if data.parts else "it has no parts"
        asked = "needs `part=`" if part is None else f"has no part {part!r}"
        hint = nearest(part or "", data.parts)
        msg = f"Data set {dataset!r} {asked}; {has}. {hint}"
        raise InputError(msg.strip())
    return data.parts[part]


def _needed(data: Dataset, options: dict[str, Any]) -> list[str]:
    """Names of the files of a part: the one that it names, and the sample table."""
    names = [file.name for file in data.files]
    if not data.parts or "file" not in options:
        return names
    samples = data.samples.file if data.samples else None
    return [name for name in names if name in (options["file"], samples)]


def name_columns(adata: ad.AnnData, columns: dict[str, str], tissue: str, what: str) -> None:
    """Add the contract's categorical obs columns beside the source's, in place."""
    check_columns(adata.obs, columns.values(), f"{what} (obs)")
    for role, column in columns.items():
        source = adata.obs[column]
        adata.obs[role] = pd.Categorical(source.astype(str).where(source.notna(), None))
    where = adata.obs[TISSUE] if TISSUE in adata.obs else [tissue] * adata.n_obs
    adata.obs[TISSUE] = pd.Categorical(where)


def _add_terms(adata: ad.AnnData, data: Dataset) -> None:
    """Add the ontology terms of the names; a place within the tissue has the term of the tissue."""
    tissues = tissue_terms()
    if "tissue" not in data.columns and data.tissue in tissues:
        tissues = tissues | dict.fromkeys(adata.obs[TISSUE].cat.categories, tissues[data.tissue])
    for column, terms in ((TISSUE, tissues), (CELL_TYPE, data.cell_types)):
        if column in adata.obs:
            names = adata.obs[column].cat.categories
            known = {name: term for name in names if (term := _term(name, terms)) is not None}
            if known:
                found = adata.obs[column].astype(object).map(known)
                adata.obs[f"{column}_ontology_term_id"] = pd.Categorical(found)


def _term(name: str, terms: dict[str, str]) -> str | None:
    if name in terms:
        return terms[name]
    starts = (
        term for key, term in terms.items() if key.endswith("*") and name.startswith(key[:-1])
    )
    return next(starts, None)


def provenance(
    dataset: str, data: Dataset, files: dict[str, Path], part: str | None
) -> dict[str, Any]:
    """Return what `uns["crosstalk"]` holds: plain values only, so that h5ad takes it."""
    known = {file.name: file.sha256 for file in data.files if file.sha256 != "unknown"}
    sums = {name: known.get(name) or digest_file(path) for name, path in files.items()}
    read = f"read by {data.reader}" if part is None else f"read by {data.reader}, part {part}"
    return {
        "dataset": dataset,
        "title": data.title,
        "organism": data.organism,
        "tissue": data.tissue,
        "modality": data.modality,
        "value_state": data.value_state or "unknown",
        "accession": data.accession,
        "licence": data.licence,
        "citation": data.citation,
        "caveat": data.caveat or "",
        "replicates": data.replicates,
        "files": sums,
        "steps": [read],
    }
