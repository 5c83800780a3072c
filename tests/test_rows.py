"""Rows of a matrix: read ahead of the work, and not copied where they are in memory."""

from threading import Event

import numpy as np
import pytest
import scipy.sparse as sp

from crosstalk_omics.core.rows import ahead, by_rows, read_rows


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


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csr_array, sp.csc_matrix, np.asarray])
def test_rows_are_those_of_the_matrix_and_shared_where_they_can_be(kind):
    dense = np.random.default_rng(0).poisson(0.5, (7, 5)).astype(np.float32)
    x = by_rows(kind(dense))
    part = read_rows(x, 2, 5)
    np.testing.assert_array_equal(part.toarray(), dense[2:5])
    assert kind is np.asarray or np.shares_memory(part.data, x.data)


def test_an_entry_stored_twice_counts_once():
    twice = sp.csr_matrix((np.array([1.0, 2.0]), np.array([1, 1]), np.array([0, 2])), shape=(1, 3))
    assert by_rows(twice).data.tolist() == [3.0]
    assert twice.data.tolist() == [1.0, 2.0]
