"""What every reader needs: open any wrapping, name the file in errors, build AnnData."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
from anndata.utils import make_index_unique
from scipy import sparse

from ...core.errors import InputError, ResourceError
from ...core.names import GENE_ID, SYMBOL

Files = Mapping[str, Path]
MAX_UNPACKED = 4 * 1024**3  # a zip member above this is taken for a bomb

# what parsers raise on truncated or foreign bytes
BROKEN = (OSError, EOFError, ValueError, LookupError, NotImplementedError, TypeError)
BROKEN += (zlib.error, zipfile.BadZipFile, AttributeError, MemoryError)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever a parser raises into one error that names the file and the way out."""
    try:
        yield
    except (InputError, ResourceError):
        raise
    except BROKEN as error:
        size = path.stat().st_size if path.exists() else 0
        reason = f"{type(error).__name__}: {error}".strip(": ").splitlines()[0][:200]
        msg = (
            f"Cannot read {path} ({size} bytes): {reason}. It may be truncated or of another "
            "format than its name says. Fetch or export it again."
        )
        raise ResourceError(msg) from error


def pick(files: Files, file: str | None) -> Path:
    """Return the named file, or the only one of the data set."""
    return files[file] if file is not None else next(iter(files.values()))


def content(path: Path) -> Path | BytesIO:
    """Return what pandas should read: the path, or the one real member of a zip archive."""
    if path.suffix.lower() != ".zip":
        return path
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and "__MACOSX" not in m.filename]
        if len(members) != 1:
            msg = f"{path} holds {len(members)} files, expected 1. Unpack it and read one of them."
            raise InputError(msg)
        if members[0].file_size > MAX_UNPACKED:
            size = members[0].file_size
            msg = f"{path} unpacks to {size} bytes; unpack it yourself if you trust it."
            raise InputError(msg)
        return BytesIO(archive.read(members[0]))


def separator(path: Path) -> str:
    """Comma for names with ``.csv``, tab for all others."""
    return "," if ".csv" in path.name.lower() else "\t"


def to_anndata(
    values: Any,
    genes: Any,
    samples: Any,
    *,
    var: pd.DataFrame | None = None,
    obs: pd.DataFrame | None = None,
) -> ad.AnnData:
    """Genes x samples -> AnnData, samples x genes; sparse stays sparse (CSR, float32).

    Repeated gene identifiers get a number in `var_names`; `var["gene_id"]` keeps the original.
    """
    if sparse.issparse(values):
        x = sparse.csr_matrix(values.T, dtype=np.float32)
    else:
        x = np.array(np.asarray(values).T, dtype=np.float64, order="C")  # never the source's own
    ids = np.asarray(genes, dtype=object).astype(str).astype(object)
    names = make_index_unique(pd.Index(ids), join="-dup")
    var = pd.DataFrame(index=names) if var is None else var.set_axis(names)
    var.insert(0, GENE_ID, ids)
    if SYMBOL in var:
        var[SYMBOL] = var[SYMBOL].where(var[SYMBOL].notna(), None)
    index = pd.Index(np.asarray(samples, dtype=object).astype(str))
    obs = pd.DataFrame(index=index) if obs is None else obs.set_axis(index)
    return ad.AnnData(x, obs=obs, var=var)
