"""Draw a side of a vehicle's outline, with numbered marks where something is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.template.loader import get_template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from ferry.models import Side
from ferry.rules.outline import SIZES, ZONES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString

    from ferry.models import DamageMark
    from ferry.rules.condition import Mark

register = template.Library()


@register.simple_tag
def outline(
    shape: str, side: str, marks: Iterable[Mark | DamageMark] = (), new: Iterable[Mark | DamageMark] = ()
) -> SafeString:
    """Draw one side; marks of other sides are left out, those in `new` stand out by their shape too."""
    width, height = SIZES[side]
    fresh = list(new)
    return format_html(
        '<svg class="fm-outline" viewBox="0 0 {} {}" aria-hidden="true" focusable="false">{}{}</svg>',
        width,
        height,
        _drawing(shape if shape in ZONES else "car", side, width),
        format_html_join(
            "",
            '<g class="fm-outline-mark"{} transform="translate({} {})">{}<text y="4.5">{}</text></g>',
            (
                (
                    mark_safe(' data-new=""') if mark in fresh else "",
                    round(mark.x * width / 1000),
                    round(mark.y * height / 1000),
                    # New is a square, known is a circle: colour is never alone.
                    mark_safe('<rect x="-9" y="-9" width="18" height="18" rx="2"/>')
                    if mark in fresh
                    else mark_safe('<circle r="9"/>'),
                    mark.number,
                )
                for mark in marks
                if mark.side == side
            ),
        ),
    )


def _drawing(shape: str, side: str, width: int) -> SafeString:
    """Give a side's lines; the right side is the left one mirrored."""
    drawn = Side.LEFT if side == Side.RIGHT else side
    lines = mark_safe(get_template(f"outline/{shape}/{drawn}.svg").render().strip())  # noqa: S308  (our own file)
    if side == Side.RIGHT:
        return format_html('<g transform="translate({} 0) scale(-1 1)">{}</g>', width, lines)
    return lines
