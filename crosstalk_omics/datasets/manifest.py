"""What each public data set is and where its files are: schema of `data_manifest.yaml`."""

import inspect
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..core.checks import nearest
from ..core.errors import InputError, ResourceError
from ..core.names import MODALITIES, VALUE_STATES
from ..core.resources import packaged

Text = Annotated[str, Field(min_length=1)]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64}|unknown)$")]
FileName = Annotated[str, Field(pattern=r"^[^/\\\x00]+$")]
CellTerm = Annotated[str, Field(pattern=r"^CL:\d{7}$")]
TissueTerm = Annotated[str, Field(pattern=r"^UBERON:\d{7}$")]
Organism = Literal["human", "mouse", "rat", "several"]
Role = Literal["donor", "condition", "cell_type", "tissue", "batch", "time", "sex", "age"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class File(_Strict):
    """One file at its public address; `sha256: unknown` is trusted on first use."""

    name: FileName
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]
    sha256: Sha256
    bytes: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _size_known(self) -> "File":
        if self.sha256 != "unknown" and self.bytes is None:
            msg = f"file {self.name!r} has a checksum but no size: add `bytes`"
            raise ValueError(msg)
        return self


class SampleField(_Strict):
    """How one column of the sample table is made; the rules apply in the order of the keys."""

    from_: Annotated[Text | None, Field(alias="from")] = None
    pattern: Text | None = None
    template: Text | None = None
    values: dict[str, str] | None = None
    default: str | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> "SampleField":
        if (self.from_ is None) == (self.template is None):
            msg = "say either `from` (a column) or `template` (text with {column} names)"
            raise ValueError(msg)
        return self


class Samples(_Strict):
    """Sample annotation: a file of the data set, the sample names themselves, or both."""

    file: FileName | None = None
    object: Text | None = None  # name inside an R file
    id: Text | None = None  # column that holds the sample names
    id_prefix: str = ""
    id_pattern: Text | None = None  # the part of `id` that counts, as a group
    join: Text = "sample"  # column of the expression side that `id` matches
    optional: bool = False  # a sample that the file lacks keeps empty fields
    name: Text | None = None  # template of the final sample names
    fields: dict[Text, SampleField] = {}


class Dataset(_Strict):
    """One public data set or resource table."""

    title: Text
    organism: Organism
    tissue: Text
    modality: Literal[MODALITIES]  # type: ignore[valid-type]
    value_state: Literal[VALUE_STATES] | None = None  # type: ignore[valid-type]
    gene_ids: Text | None = None
    replicates: Literal["donor", "cells", "none"] = "none"
    accession: Text
    licence: Text
    citation: Text
    caveat: Text | None = None
    columns: dict[Role, Text] = {}
    cell_types: dict[Text, CellTerm] = {}  # label of the source, or its beginning and *
    samples: Samples | None = None
    reader: Text
    options: dict[str, Any] = {}
    parts: dict[Identifier, dict[str, Any]] = {}  # options of each, and its `tissue`
    files: Annotated[list[File], Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> "Dataset":
        problems = [*self._reader_problems(), *self._file_problems()]
        if self.modality != "table" and (self.value_state is None or self.gene_ids is None):
            problems.append("expression data need `value_state` and `gene_ids`")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _reader_problems(self) -> list[str]:
        from .readers import READERS

        if self.reader not in READERS:
            return [f"reader {self.reader!r} is unknown. {nearest(self.reader, READERS)}"]
        known = set(inspect.signature(READERS[self.reader]).parameters) - {"files"}
        given = {*self.options, *(name for part in self.parts.values() for name in part)}
        unknown = sorted(given - known - ({"tissue"} if self.parts else set()))
        return [
            f"reader {self.reader!r} takes no option {name!r}. {nearest(name, known)}"
            for name in unknown
        ]

    def _file_problems(self) -> list[str]:
        names = [file.name for file in self.files]
        problems = [] if len(set(names)) == len(names) else ["a file name occurs twice"]
        asked = [self.samples.file] if self.samples and self.samples.file else []
        for options in (self.options, *self.parts.values()):
            asked += [options["file"]] if "file" in options else []
        return problems + [f"no file is named {name!r}" for name in asked if name not in names]


class Manifest(_Strict):
    """All data sets; the identifier is also the folder name in the download cache."""

    tissues: dict[Text, TissueTerm] = {}
    datasets: dict[Identifier, Dataset]


def load_manifest(path: str | Path | None = None) -> dict[str, Dataset]:
    """Return the validated entries of the manifest, by identifier.

    Parameters
    ----------
    path
        A manifest of your own in the same form; `None` takes the packaged one.

    Raises
    ------
    InputError
        The file breaks the schema; all problems are listed at once.
    ResourceError
        The file is not there or is no YAML.
    """
    return _content(path).datasets


def tissue_terms(path: str | Path | None = None) -> dict[str, str]:
    """Return the UBERON term of each tissue name of the manifest; `path` as in `load_manifest`."""
    return _content(path).tissues


def _content(path: str | Path | None) -> Manifest:
    path = packaged("data_manifest.yaml") if path is None else Path(path)
    try:
        stamp = path.stat().st_mtime_ns
    except OSError as error:
        msg = f"Cannot read the data manifest {path}: {error.strerror}."
        raise ResourceError(msg) from error
    return _load(path, stamp)


@lru_cache(maxsize=4)
def _load(path: Path, stamp: int) -> Manifest:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        msg = f"{path} is not valid YAML: {error}. Compare with the entries above that line."
        raise ResourceError(msg) from error
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        lines = [f"- {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        msg = f"{path} has {len(lines)} problems:\n" + "\n".join(lines)
        raise InputError(msg) from error


def entry(dataset: str, *, manifest: str | Path | None = None) -> Dataset:
    """Return the manifest entry of `dataset`; an unknown id names the nearest known one."""
    entries = load_manifest(manifest)
    if dataset not in entries:
        msg = (
            f"No data set is named {dataset!r}. {nearest(dataset, entries)}"
            f"`cx.datasets.list()` shows all {len(entries)}."
        )
        raise InputError(msg)
    return entries[dataset]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of `data_manifest.yaml`, for editors that check while one types.

    Returns
    -------
    The schema as plain values: `json.dump` writes it.
    """
    return Manifest.model_json_schema(by_alias=True)
