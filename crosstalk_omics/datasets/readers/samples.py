"""Sample annotation of a manifest entry: from a file, from the sample names, or both."""

import warnings
from pathlib import Path
from typing import Any

import anndata as ad
import pandas as pd

from ...core.checks import check_columns
from ...core.errors import CrosstalkWarning, InputError
from .common import Files, reading, separator
from .delimited import read_text
from .r_data import load_object, plain_frame


def annotate(adata: ad.AnnData, files: Files, rules: Any) -> ad.AnnData:
    """Fill `obs` of `adata` as `rules` (`manifest.Samples`) say, and rename its samples.

    With a file, `obs` has the `fields` only, or without `fields` all columns of the file. The
    fields may use its columns, the columns that the reader made, ``sample`` and ``index``.
    """
    source = adata.obs.assign(sample=adata.obs_names, index=range(adata.n_obs))
    if rules.file is not None:
        sheet = sample_sheet(files[rules.file], rules.object)
        source = _join(source, sheet, rules, str(files[rules.file]))
    obs = adata.obs.copy() if rules.file is None else pd.DataFrame(index=adata.obs_names)
    if rules.file is not None and not rules.fields:
        obs = source.drop(columns=["sample", "index"])
    for name, rule in rules.fields.items():
        source[name] = obs[name] = _field(source, rule, name)
    if rules.name is not None:
        obs.index = pd.Index(_template(source, rules.name))
    adata.obs = obs
    return adata


def sample_sheet(path: Path, name: str | None = None) -> pd.DataFrame:
    """Read a sample table (tsv, csv, xlsx or an R data.frame) as text, row names as a column."""
    suffix = path.suffix.lower()
    with reading(path):
        if suffix in (".xlsx", ".xls"):
            return pd.read_excel(path, dtype=str)
        if suffix in (".rds", ".rda", ".rdata"):
            frame = plain_frame(load_object(path, name))
            frame.insert(0, "row_name", frame.index)
            return frame
        return read_text(path, sep=separator(path), missing=["NA"])


def _join(source: pd.DataFrame, sheet: pd.DataFrame, rules: Any, path: str) -> pd.DataFrame:
    key = sheet.columns[0] if rules.id is None else rules.id
    check_columns(sheet, [key], path)
    names = sheet[key].astype(str).str.strip()
    if rules.id_pattern is not None:
        names = names.str.extract(rules.id_pattern, expand=False)
    sheet = sheet.set_index(rules.id_prefix + names).rename_axis(None)
    sheet = sheet[~sheet.index.duplicated()]
    for name, rule in rules.fields.items():  # the join key may itself be made from a name
        if name == rules.join:
            source[name] = _field(source, rule, name)
    keys = source[rules.join].astype(str)
    absent = [k for k in keys if k not in sheet.index]
    if absent:
        msg = (
            f"{len(absent)} of {len(keys)} samples are not in {path} (column {key!r}), "
            f"first 5: {absent[:5]}; the table has {list(sheet.index[:5])}."
        )
        if not rules.optional or len(absent) == len(keys):
            raise InputError(msg)
        warnings.warn(msg, CrosstalkWarning, stacklevel=5)
    joined = sheet.reindex(keys).set_axis(source.index)
    return source.join(joined[[c for c in joined.columns if c not in source.columns]])


def _field(source: pd.DataFrame, rule: Any, name: str) -> pd.Series:
    if rule.template is not None:
        column = pd.Series(_template(source, rule.template), index=source.index, dtype=object)
    else:
        check_columns(source, [rule.from_], f"Sample table (field {name!r})")
        column = source[rule.from_]
    if rule.pattern is not None:
        column = column.astype(str).str.extract(rule.pattern, expand=False)
        column = column.str.split().str.join(" ")
    if rule.values is not None:
        mapped = column.astype(str).map(rule.values)
        column = mapped.fillna(rule.default) if rule.default is not None else mapped
        if column.isna().any():
            unknown = sorted(set(source.loc[column.isna()].index))[:5]
            msg = f"Field {name!r} has no value for the samples {unknown}: extend `values`."
            raise InputError(msg)
    return column


def _template(source: pd.DataFrame, template: str) -> list[str]:
    return [template.format(**row) for row in source.to_dict("records")]
