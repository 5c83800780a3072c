"""The study file: its schema, its reading with all errors at once, and a commented template."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .core.checks import nearest
from .core.errors import InputError, ResourceError
from .core.names import EVIDENCE_LEVELS, MODALITIES, ORGANISMS, ROUTES, VALUE_STATES

Name = Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Contrast(_Strict):
    """Which two conditions of a tissue are compared, and how donors enter the design."""

    test: str
    reference: str
    paired: bool | None = None  # None: paired when the same donors have both conditions
    covariates: tuple[str, ...] = ()


class Tissue(_Strict):
    """One data set: a manifest id or a path, and which columns mean what."""

    dataset: str | None = None
    path: Path | None = None
    samples: Path | None = None  # sample table beside a counts table
    part: str | None = None  # which table of a data set that has several
    organism: Literal[ORGANISMS] | None = None
    modality: Literal[MODALITIES] | None = None
    value_state: Literal[VALUE_STATES] | None = None
    tissue: str | None = None
    donor: str | None = None
    condition: str | None = None
    batch: str | None = None
    groupby: str | None = None
    select: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    label_cells: bool = False  # give cells types by marker scores where the source has none
    contrast: Contrast | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "Tissue":
        if (self.dataset is None) == (self.path is None):
            msg = "give either `dataset` (a manifest id) or `path` (.h5ad or a counts table)"
            raise ValueError(msg)
        if self.samples is not None and self.path is None:
            msg = "`samples` belongs to a counts table given by `path`"
            raise ValueError(msg)
        if self.contrast is not None and self.condition is None:
            msg = "`contrast` needs `condition`, the column that holds its two levels"
            raise ValueError(msg)
        return self


class Pair(_Strict):
    """Sender and receiver, by their names under `tissues`."""

    source: Name
    target: Name


class Scoring(_Strict):
    """Which signatures are scored, how, and how many genes each must have in the data."""

    signatures: tuple[str, ...] = ("myokine", "osteokine", "neuroendocrine")
    methods: tuple[str, ...] = ("ucell",)
    min_targets: int = Field(5, ge=1)


class Interactions(_Strict):
    """Which ligand-receptor table is used, and what of it."""

    resource: str = "curated"
    route: Literal[ROUTES] | None = "endocrine"
    min_evidence: Literal[EVIDENCE_LEVELS] | None = None


class Inference(_Strict):
    """The null of the cross-tissue test, and the level at which calls are listed."""

    null: Literal["auto", "donor", "analytic", "permutation", "none"] = "auto"
    n_perms: int = Field(1000, ge=100)
    fdr: float = Field(0.1, gt=0, lt=1)


class Analytes(_Strict):
    """Blood values or phenotypes of the same donors: a table of the manifest."""

    dataset: str
    key: str  # column with the donor; several rows of a donor are averaged
    columns: tuple[str, ...] = Field(min_length=1)


class Paired(_Strict):
    """Correlate tissues of the same donors; donors are re-paired within `strata`."""

    method: Literal["bicor", "spearman", "pearson"] = "bicor"
    covariates: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    analytes: Analytes | None = None
    n_perms: int = Field(1000, ge=100)


class Study(_Strict):
    """A whole run: `tissues`, the `pairs` between them, and what is done with each."""

    name: Name
    title: str = ""
    organism: Literal[ORGANISMS] | None = None  # of tissues that state none; None: by the genes
    tissues: dict[Name, Tissue] = Field(min_length=1)
    pairs: tuple[Pair, ...] | None = None  # None: both directions between all tissues
    scoring: Scoring = Scoring()
    interactions: Interactions = Interactions()
    inference: Inference = Inference()
    paired: Paired | None = None
    output: Path | None = None  # default: results/<name> beside where the command runs
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _pairs_exist(self) -> "Study":
        for pair in self.pairs or ():
            for name in (pair.source, pair.target):
                if name not in self.tissues:
                    msg = (
                        f"`pairs` names {name!r}, which is not under `tissues`. "
                        f"{nearest(name, self.tissues)}"
                    )
                    raise ValueError(msg)
        return self

    @property
    def folder(self) -> Path:
        """Where the results go."""
        return self.output if self.output is not None else Path("results") / self.name

    def grouped(self, name: str) -> bool:
        """Whether the tissue has groups such as cell types, from the source or by marker scores."""
        block = self.tissues[name]
        return block.groupby is not None or block.label_cells

    @property
    def directions(self) -> list[tuple[str, str]]:
        """Sender and receiver of every pair; both directions where `pairs` is left out."""
        if self.pairs is not None:
            return [(pair.source, pair.target) for pair in self.pairs]
        return [(a, b) for a in self.tissues for b in self.tissues if a != b]


def read_study(path: str | Path) -> Study:
    """Read and validate a study file.

    Parameters
    ----------
    path
        YAML file. Relative paths inside it are taken from its own folder.

    Returns
    -------
    The validated study, immutable.

    Raises
    ------
    InputError
        The file is no YAML mapping, a key is unknown or a value cannot be used; all
        errors are listed at once, each with its place and the nearest valid key.
    ResourceError
        The file cannot be read.
    """
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"Cannot read the study file {path}: {error.strerror}. `crosstalk init` writes one."
        raise ResourceError(msg) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        msg = f"{path} is not valid YAML: {error}. `crosstalk init` writes a template."
        raise InputError(msg) from error
    if isinstance(raw, dict) and isinstance(raw.get("inference"), dict):
        # YAML reads the bare key `null` as None
        raw["inference"] = {"null" if k is None else k: v for k, v in raw["inference"].items()}
    if not isinstance(raw, dict):
        msg = f"{path} holds {type(raw).__name__}, expected keys such as `name` and `tissues`."
        raise InputError(msg)
    try:
        return Study.model_validate(_own_tables(_resolve_paths(raw, path.parent), path.parent))
    except ValidationError as error:
        lines = "\n".join(f"  {line}" for line in _explain(error))
        msg = f"{path} cannot be used as a study file:\n{lines}"
        raise InputError(msg) from error


def _resolve_paths(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    tissues = raw.get("tissues")
    if not isinstance(tissues, dict):
        return raw
    resolved = {}
    for name, block in tissues.items():
        if isinstance(block, dict):
            files = {
                key: folder / block[key]
                for key in ("path", "samples")
                if isinstance(block.get(key), str)
            }
            select = block.get("select")
            if isinstance(select, dict):
                files["select"] = {
                    column: [str(v) for v in (values if isinstance(values, list) else [values])]
                    for column, values in select.items()
                }
            block = {**block, **files}
        resolved[name] = block
    return {**raw, "tissues": resolved}


def _own_tables(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Let the user's signatures and pairs start at `folder`; names of ours have no suffix."""

    def place(name: object) -> object:
        return str(folder / name) if isinstance(name, str) and Path(name).suffix else name

    raw = dict(raw)
    match raw.get("scoring"):
        case {"signatures": list(names)} as block:
            raw["scoring"] = {**block, "signatures": [place(name) for name in names]}
    match raw.get("interactions"):
        case {"resource": name} as block:
            raw["interactions"] = {**block, "resource": place(name)}
    return raw


def _explain(error: ValidationError) -> list[str]:
    lines = []
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"] if part != "[key]")
        if item["type"] == "extra_forbidden":
            valid = _keys_at(item["loc"][:-1])
            text = (
                f"unknown key. {nearest(item['loc'][-1], valid)}"
                f"Valid keys here: {', '.join(valid)}."
            )
        elif item["type"] == "string_pattern_mismatch":
            text = f"is {item['input']!r}; use only a-z, 0-9 and _."
        else:
            text = item["msg"].removeprefix("Value error, ")
            if isinstance(item["input"], str):
                text += f" (found {item['input']!r})"
        lines.append(f"{place or 'study'}: {text}")
    return lines


def _keys_at(place: tuple[Any, ...]) -> list[str]:
    blocks: dict[str, type[BaseModel]] = {
        "tissues": Tissue,
        "pairs": Pair,
        "scoring": Scoring,
        "interactions": Interactions,
        "inference": Inference,
        "paired": Paired,
    }
    model: type[BaseModel] = blocks.get(place[0], Study) if place else Study
    if place and place[-1] in ("contrast", "analytes"):
        model = {"contrast": Contrast, "analytes": Analytes}[place[-1]]
    return list(model.model_fields)


TEMPLATE = """\
# A study: which tissues, what is compared, where the results go. Run it with
#   crosstalk run {file}
name: my_study                # letters a-z, digits and _; results go to results/<name>
title: Muscle to bone, before and after training
organism: human               # human, mouse or rat, where a tissue below says nothing else

tissues:
  muscle:
    path: muscle_counts.tsv   # .h5ad, or a table of genes x samples ...
    samples: muscle_samples.tsv  # ... with one row per sample here
    # dataset: gse184951_human_vastus_lateralis_dm1_cycling   # or one of `crosstalk datasets list`
    # organism: mouse         # where tissues differ, genes are mapped by one-to-one orthologs
    donor: subject            # column with the animal or person: the replicate
    condition: group          # column with what is compared
    # groupby: cell_type      # column with cell types (single cell); leave out for bulk
    # batch: library          # column with the batch
    # select: {{group: [Pre, Post]}}   # keep only these rows
    contrast: {{test: Post, reference: Pre, paired: true, covariates: []}}
  bone:
    dataset: human_osteoblast_huvec_coculture
    select: {{group: [osteoblast_control]}}
    donor: donor

# Both directions between all tissues unless pairs are listed:
# pairs:
#   - {{source: muscle, target: bone}}

scoring:
  signatures: [myokine, osteokine]  # class names, ids of `crosstalk signatures list`, or a GMT file
  methods: [ucell]
  min_targets: 5              # a signature with fewer genes in the data is reported, not scored

interactions:
  resource: curated           # curated (offline), consensus, all, or a table of your own
  route: endocrine            # endocrine, paracrine, juxtacrine, synaptic; leave empty for all
  min_evidence:               # human, in_vivo, in_vitro, review: the weakest level to keep

inference:
  null: auto                  # donors where there are at least 3, cells otherwise (descriptive)
  n_perms: 1000
  fdr: 0.1

seed: 0
"""


def write_template(path: str | Path) -> Path:
    """Write a commented study file to `path`, which must not exist yet; return the path."""
    from .core.files import write_text

    path = Path(path)
    if path.exists():
        msg = f"{path} exists already and is left as it is. Choose another name."
        raise InputError(msg)
    write_text(path, TEMPLATE.format(file=path.name))
    return path
