"""The shapes of charts, which a template draws as SVG: numbers in, numbers out.

There is no style in them, which the pages' policy forbids: a class says what a bar is of, and its
place and size are attributes. All lengths are in units of the drawing, which grows with its page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 720, 220
_LEFT, _BELOW, _ABOVE = 60, 30, 14
_LABELS = 12  # along the bottom, at most


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `kind` is the class that it is drawn in."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    value: int
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A number beside the drawing, or a name below it."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Columns:
    """Groups of columns that stand on a line, with the heights that its lines mark."""

    bars: Sequence[Bar]
    names: Sequence[Mark]
    lines: Sequence[Mark]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT


def columns(names: Sequence[str], series: Mapping[str, Sequence[int]]) -> Columns:
    """Columns side by side, a group of them under each name; a series is drawn in its own class."""
    top = round_up(max((value for one in series.values() for value in one), default=0))
    room, floor = HEIGHT - _ABOVE - _BELOW, HEIGHT - _BELOW
    step = (WIDTH - _LEFT) / max(len(names), 1)
    wide = step * 0.8 / max(len(series), 1)
    bars = [
        Bar(
            x=round(_LEFT + step * place + step * 0.1 + wide * number, 2),
            y=round(floor - value / top * room, 2),
            width=round(max(wide - 1, 0.5), 2),
            height=round(value / top * room, 2),
            kind=kind,
            value=value,
            label=names[place],
        )
        for number, (kind, values) in enumerate(series.items())
        for place, value in enumerate(values)
    ]
    every = -(-len(names) // _LABELS) or 1
    marks = [
        Mark(round(_LEFT + step * (place + 0.5), 2), HEIGHT - 8, name)
        for place, name in enumerate(names)
        if place % every == 0
    ]
    lines = [
        Mark(0, round(floor - room * part / 4, 2), str(top * part // 4))
        for part in range(5)
        if top % 4 == 0 or part in {0, 4}
    ]
    return Columns(bars, marks, lines)


@dataclass(frozen=True, slots=True)
class Row:
    """One bar that lies, in parts; `share` of each is in per cent of the longest row."""

    name: str
    total: int
    parts: Sequence[Bar]


def rows(values: Mapping[str, Mapping[str, int]], tall: int = 18) -> Sequence[Row]:
    """Bars that lie under one another, each the sum of its parts; the classes are the parts' names."""
    longest = max((sum(parts.values()) for parts in values.values()), default=0) or 1
    made = []
    for name, parts in values.items():
        x, bars = 0.0, []
        for kind, value in parts.items():
            if value:
                width = value / longest * 100
                bars.append(Bar(round(x, 3), 0, round(width, 3), tall, kind, value, kind))
                x += width
        made.append(Row(name, sum(parts.values()), bars))
    return made


def round_up(number: int) -> int:
    """The top of an axis: a round number that is at least this, and at least four."""
    if number <= 4:
        return 4
    size: int = 10 ** (len(str(number)) - 1)
    for times in (1, 2, 4, 6, 8, 10):
        if size * times >= number and (size * times) % 4 == 0:
            return size * times
    return size * 20 if size * 10 < number else -(-number // 4) * 4
