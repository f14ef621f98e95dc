"""Pieces side by side, and torch as it was before."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, get_ident

import pytest
import torch

from gnn.runtime import AT_ONCE, repeatable, side_by_side


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    strict, threads = torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()
    yield
    assert (torch.are_deterministic_algorithms_enabled(), torch.get_num_threads()) == (strict, threads)


def test_pieces_come_in_their_order_and_pieces_of_a_piece_start_no_threads() -> None:
    seen: set[int] = set()

    def outer(piece: int) -> list[int]:
        def inner(part: int) -> int:
            seen.add(get_ident())
            return 10 * piece + part

        return list(side_by_side(inner, range(3)))

    assert list(side_by_side(outer, range(20))) == [[10 * piece + part for part in range(3)] for piece in range(20)]
    assert get_ident() not in seen and 1 <= len(seen) <= AT_ONCE


def test_a_single_piece_is_worked_on_where_it_is_asked_for() -> None:
    assert list(side_by_side(lambda piece: get_ident(), [1])) == [get_ident()]
    assert not list(side_by_side(lambda piece: piece, []))


def test_the_last_block_of_all_threads_puts_back_what_was_before() -> None:
    both, one_left = Barrier(2), Barrier(2)

    def first() -> None:
        with repeatable(1):
            both.wait(10)
        one_left.wait(10)

    def second() -> bool:
        with repeatable(2):
            both.wait(10)
            one_left.wait(10)
            return torch.are_deterministic_algorithms_enabled()

    with ThreadPoolExecutor(2) as pool:
        ended, strict = pool.submit(first), pool.submit(second)
        ended.result(20)
        assert strict.result(20)


def test_an_error_in_a_piece_is_told() -> None:
    def work(piece: int) -> int:
        if piece == 2:
            raise ValueError("piece 2")
        return piece

    with pytest.raises(ValueError, match="piece 2"):
        list(side_by_side(work, range(4)))
