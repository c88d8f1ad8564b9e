"""Draw small charts as inline SVG: numbers in, text out.

Only presentation attributes and classes: a strict content security policy lets them be drawn, and the style
sheet may still give the theme's colours. Series differ by shape too: filled and outlined, solid and dashed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import ceil, floor, log10
from textwrap import wrap

#: Of one unit a pixel where the chart is as wide as a phone.
WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 30, 356, 10, 170
#: About as wide is a letter, and so far apart are lines.
LETTER, LINE = 6, 12
#: At most so many lines across.
LINES = 5

#: How the first and the second series are drawn without a style sheet.
BARS = ('fill="currentColor"', 'fill="none" stroke="currentColor"')
CURVES = ('stroke="currentColor"', 'stroke="currentColor" stroke-dasharray="4 3"')


@dataclass(frozen=True)
class Series:
    """A name and one value for each label; None where there is nothing to measure."""

    name: str
    values: Sequence[float | None]


def bar_chart(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    about: str,
    ticks: Collection[int],
    usual: Series | None = None,
) -> str:
    """Draw up to two series as bars side by side; `usual` is a mark across the first one's.

    `about` says the chart in a sentence; `ticks` are the places of the labels that are written.
    """
    lines = scale(_top([*series, usual] if usual else series))
    slot = (RIGHT - LEFT) / max(len(labels), 1)
    width = slot * 0.8 / max(len(series), 1)
    drawn = []
    for place, label in enumerate(labels):
        for number, one in enumerate(series):
            value = one.values[place]
            if not value:
                continue
            x, y = LEFT + slot * (place + 0.1) + width * number, _y(value, lines)
            drawn.append(
                f'<rect class="fm-bar-{number + 1}" x="{x:.1f}" y="{y:.1f}" width="{max(width - 1, 1):.1f}" '
                f'height="{BOTTOM - y:.1f}" {BARS[number]}>{_title(label, one.name, value)}</rect>'
            )
        expected = usual.values[place] if usual else None
        if usual and expected:
            x, y = LEFT + slot * (place + 0.1), _y(expected, lines)
            drawn.append(
                f'<path class="fm-usual" d="M{x - 1:.1f} {y:.1f}h{width + 1:.1f}" fill="none" '
                f'stroke="currentColor" stroke-width="2">{_title(label, usual.name, expected)}</path>'
            )
    return _chart(about, lines, labels, ticks, drawn)


def line_chart(labels: Sequence[str], series: Sequence[Series], *, about: str, ticks: Collection[int]) -> str:
    """Draw up to two series as lines with a dot for each value; a gap where there is none."""
    lines = scale(_top(series))
    slot = (RIGHT - LEFT) / max(len(labels), 1)
    drawn = []
    for number, one in enumerate(series):
        points = [
            None if value is None else (LEFT + slot * (place + 0.5), _y(value, lines))
            for place, value in enumerate(one.values)
        ]
        path = "".join(
            f"{'L' if place and points[place - 1] else 'M'}{point[0]:.1f} {point[1]:.1f}"
            for place, point in enumerate(points)
            if point
        )
        if path:
            drawn.append(
                f'<path class="fm-curve-{number + 1}" d="{path}" fill="none" stroke-width="2" '
                f"{CURVES[number]}/>"
            )
        for label, value, point in zip(labels, one.values, points, strict=True):
            if value is not None and point is not None:
                title = _title(label, one.name, value)
                drawn.append(_dot(number, *point, title))
    return _chart(about, lines, labels, ticks, drawn)


def scale(top: float) -> list[int]:
    """Give whole, round numbers from 0 to at least `top`, at even steps and no more than LINES of them."""
    least = max(top, 1) / (LINES - 1)
    power = 10 ** max(floor(log10(least)), 0)
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)
    return [number * step for number in range(ceil(max(top, 1) / step) + 1)]


def _top(series: Sequence[Series]) -> float:
    return max((value for one in series for value in one.values if value is not None), default=0)


def _y(value: float, lines: Sequence[int]) -> float:
    return BOTTOM - (BOTTOM - TOP) * value / lines[-1]


def _title(label: str, name: str, value: float) -> str:
    return f"<title>{escape(label)} · {escape(name)}: {round(value, 1):g}</title>"


def _dot(number: int, x: float, y: float, title: str) -> str:
    if number == 0:
        return (
            f'<circle class="fm-dot-1" cx="{x:.1f}" cy="{y:.1f}" r="3" fill="currentColor">{title}</circle>'
        )
    return (
        f'<rect class="fm-dot-2" x="{x - 2.5:.1f}" y="{y - 2.5:.1f}" width="5" height="5" '
        f'fill="currentColor">{title}</rect>'
    )


def _within(x: float, label: str) -> float:
    """Move a label to the left where its end would not be seen."""
    return min(x, WIDTH - LETTER / 2 * len(label))


def _lines_of(label: str, room: float) -> list[str]:
    """Write a label over as many lines as it needs to keep to its room; a word is never broken."""
    letters = max(int(room // LETTER), 1)
    return wrap(label, letters, break_long_words=False, break_on_hyphens=False) or [""]


def _below(x: float, lines: Sequence[str]) -> str:
    x = _within(x, max(lines, key=len))
    if len(lines) == 1:
        return f'<text x="{x:.1f}" y="{BOTTOM + 14}" text-anchor="middle">{escape(lines[0])}</text>'
    spans = "".join(
        f'<tspan x="{x:.1f}" y="{BOTTOM + 14 + LINE * number}">{escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    return f'<text text-anchor="middle">{spans}</text>'


def _chart(
    about: str, lines: Sequence[int], labels: Sequence[str], ticks: Collection[int], drawn: Sequence[str]
) -> str:
    slot = (RIGHT - LEFT) / max(len(labels), 1)
    across = [
        f'<path class="fm-axis" d="M{LEFT} {_y(line, lines):.1f}H{RIGHT}" stroke="currentColor" '
        f'stroke-opacity="{0.2 if line else 0.6}"/>'
        f'<text x="{LEFT - 5}" y="{_y(line, lines) + 3.5:.1f}" text-anchor="end">{line}</text>'
        for line in lines
    ]
    places = [place for place in range(len(labels)) if place in ticks]
    apart = min((later - place for place, later in pairwise(places)), default=len(labels))
    written = [_lines_of(labels[place], slot * apart) for place in places]
    below = [_below(LEFT + slot * (place + 0.5), lines) for place, lines in zip(places, written, strict=True)]
    height = HEIGHT + LINE * (max(map(len, written), default=1) - 1)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(about)}" font-size="10">'
        f'<g fill="currentColor">{"".join([*across, *below])}</g>{"".join(drawn)}</svg>'
    )
