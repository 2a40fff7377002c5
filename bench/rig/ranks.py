"""Whether two samples come from one distribution: the rank-sum test of Mann and Whitney (1947)."""

from __future__ import annotations

import math
from collections.abc import Sequence


def p_value(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How likely a difference as large is by chance: two-sided, by the normal curve, ties corrected.

    The correction is that of Lehmann, Nonparametrics (1975), 1.4: a value that t of them share takes
    t**3 - t from what ranks vary by.
    """
    n, m = len(ours), len(theirs)
    ranks, shared = _ranked([*ours, *theirs])
    above = sum(ranks[:n]) - n * (n + 1) / 2
    size = n + m
    variance = n * m / 12 * (size + 1 - shared / (size * (size - 1)))
    if variance == 0:
        return 1.0  # all are one
    off = max(abs(above - n * m / 2) - 0.5, 0.0)  # a count is a step, and the curve is none
    return math.erfc(off / math.sqrt(2 * variance))


def noticed_from(ours: Sequence[float], theirs: Sequence[float], alpha: float) -> float:
    """By how much ours would have had to be larger for it to be told from chance.

    Both are laid on one median first, so that what is asked is how fine the test is, and not what it found.
    """
    middle = sorted(ours)[len(ours) // 2] - sorted(theirs)[len(theirs) // 2]
    level = [one - middle for one in ours]
    low, high = 0.0, max(theirs) - min(theirs) or 1.0
    for _ in range(30):
        shift = (low + high) / 2
        if p_value([one + shift for one in level], theirs) < alpha:
            high = shift
        else:
            low = shift
    return high


def _ranked(values: Sequence[float]) -> tuple[list[float], int]:
    """The rank of each value, those that are equal sharing one, and the sum of t**3 - t over those."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, shared, begin = [0.0] * len(values), 0, 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for place in order[begin:end]:
            ranks[place] = (begin + 1 + end) / 2
        shared += (end - begin) ** 3 - (end - begin)
        begin = end
    return ranks, shared
