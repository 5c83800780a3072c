"""Where scores go while they are computed: arrays in memory, or a file larger than memory."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

from ...core.errors import InputError
from ...core.files import atomic
from .registry import METHODS

STREAMED = ("rank", "linear")


def check_out(out: str | Path | None, chosen: Mapping, null: str | None) -> None:
    """Raise unless scores can be written to `out` block by block."""
    if out is None:
        return
    if Path(out).suffix != ".h5ad":
        msg = f"out is {str(out)!r}; expected a name that ends in .h5ad."
        raise InputError(msg)
    others = [name for name in chosen if METHODS[name].family not in STREAMED]
    if others or null is not None:
        what = ", ".join(others) or f"null={null!r}"
        msg = (
            f"out= writes block by block, and {what} needs all scores or values at once. Score "
            "that in a call of its own without out=."
        )
        raise InputError(msg)


@contextmanager
def kept(
    out: str | Path | None, obs_names: pd.Index, signatures: tuple[str, ...], names: list[str]
) -> Iterator[dict]:
    """Yield what the runner fills, per method: arrays, or data sets of the file `out`.

    The file is an h5ad with observations, signatures as variables, and one float32 layer per
    method. It appears under its name when it is complete.
    """
    shape = len(obs_names), len(signatures)
    if out is None:
        yield {name: np.full(shape, np.nan) for name in names}
        return
    import h5py

    with atomic(out) as temporary:
        frames = {"obs": pd.DataFrame(index=obs_names), "var": pd.DataFrame(index=signatures)}
        AnnData(**frames).write_h5ad(temporary)
        with h5py.File(temporary, "a") as file:
            layers = file.require_group("layers")
            for name in names:
                chunk = (max(1, min(shape[0], 2**18 // max(1, shape[1]))), shape[1])
                data = layers.create_dataset(name, shape, np.float32, chunks=chunk)
                data.attrs["encoding-type"], data.attrs["encoding-version"] = "array", "0.2.0"
            yield {name: layers[name] for name in names}
