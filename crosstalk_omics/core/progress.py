"""One progress bar, silent when standard error is not a terminal."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress(items: Iterable[T], desc: str, *, total: int | None = None) -> Iterator[T]:
    """Yield `items` behind a bar labelled `desc`; no bar where output is not a terminal."""
    from tqdm import tqdm

    yield from tqdm(items, desc=desc, total=total, disable=None, leave=False)
