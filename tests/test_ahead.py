"""Reading one step ahead of the work."""

from threading import Event

import pytest

from crosstalk_omics.core.ahead import ahead


def test_items_come_in_order_and_the_next_is_read_meanwhile():
    started = {n: Event() for n in range(3)}

    def read(n: int) -> int:
        started[n].set()
        return n * n

    found = []
    for n, value in ahead(read, range(3)):
        found.append((n, value))
        assert n == 2 or started[n + 1].wait(5)
    assert found == [(0, 0), (1, 1), (2, 4)]
    assert list(ahead(read, [])) == []


def test_an_error_of_the_reader_reaches_the_caller():
    with pytest.raises(ZeroDivisionError):
        list(ahead(lambda n: 1 / n, [1, 0]))
