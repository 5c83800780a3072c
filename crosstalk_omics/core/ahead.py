"""Reading one step ahead of the work."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(read: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R]]:
    """Yield each item with `read(item)`; the next is read while the caller works on this one."""
    with ThreadPoolExecutor(1) as reader:
        waiting: list = []
        for item in items:
            waiting.append((item, reader.submit(read, item)))
            if len(waiting) > 1:
                first, coming = waiting.pop(0)
                yield first, coming.result()
        for last, coming in waiting:
            yield last, coming.result()
