"""Identifiers with a check digit, made for whole columns at once: IMO numbers, ISO 6346 containers, air waybills."""

import numpy as np
from numpy.typing import NDArray

# ISO 6346 gives the letters the values 10 to 38, leaving out the multiples of eleven.
_LETTER_VALUES = np.array([value for value in range(10, 39) if value % 11], dtype=np.int64)
_ZERO = ord("0")
_A = ord("A")


def unique_numbers(rng: np.random.Generator, count: int, low: int, high: int) -> NDArray[np.int64]:
    """Draw `count` different whole numbers from `low` (included) to `high` (excluded), in random order.

    Args:
        rng: The source of randomness.
        count: How many are wanted; far fewer than the range holds.
        low: The least number that may come.
        high: The first number that may not.

    Returns:
        The numbers, shuffled, so that an identifier says nothing of when or why its bearer was made.
    """
    found = np.empty(0, dtype=np.int64)
    while len(found) < count:
        found = np.unique(np.concatenate([found, rng.integers(low, high, count + count // 16 + 16)]))
    return rng.permutation(found)[:count]


def digits_of(numbers: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Return the decimal digits of the numbers as a matrix of `width` columns, the highest first."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return numbers[:, None] // powers % 10


def imo_numbers(stems: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return seven-digit IMO numbers: six given digits and the check digit of the IMO scheme."""
    check = (digits_of(stems, 6) * np.arange(7, 1, -1)).sum(axis=1) % 10
    return np.asarray(stems * 10 + check)


def air_waybills(prefixes: NDArray[np.int64], serials: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return air waybill numbers as rows of twelve bytes: `PPP-SSSSSSSC`, where C is the serial modulo seven."""
    rows = np.full((len(serials), 12), ord("-"), dtype=np.uint8)
    rows[:, :3] = digits_of(prefixes, 3) + _ZERO
    rows[:, 4:11] = digits_of(serials, 7) + _ZERO
    rows[:, 11] = serials % 7 + _ZERO
    return rows


def containers(owners: NDArray[np.uint8], serials: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return ISO 6346 container numbers as rows of eleven bytes.

    Args:
        owners: Rows of three upper-case letters, the owner code; the category is always U.
        serials: Six-digit serial numbers.

    Returns:
        Rows of owner code, `U`, serial number and check digit.
    """
    rows = np.empty((len(serials), 11), dtype=np.uint8)
    rows[:, :3] = owners
    rows[:, 3] = ord("U")
    figures = digits_of(serials, 6)
    rows[:, 4:10] = figures + _ZERO
    values = np.concatenate([_LETTER_VALUES[rows[:, :4].astype(np.int64) - _A], figures], axis=1)
    rows[:, 10] = (values * 2 ** np.arange(10)).sum(axis=1) % 11 % 10 + _ZERO
    return rows
