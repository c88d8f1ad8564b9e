"""Draw a driver's days in Kazakhstan as a calendar, a column a week: inline SVG without inline style."""

from __future__ import annotations

from datetime import date, timedelta
from html import escape
from typing import TYPE_CHECKING

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.utils.safestring import SafeString

    from ferry.queries.stays import StayLedger

CELL, STEP = 11, 13
LEFT, TOP = 36, 16
#: The rows that are named: Monday, Wednesday, Friday.
NAMED = (0, 2, 4)


def stay_calendar(ledger: StayLedger) -> SafeString:
    first = ledger.since - timedelta(days=ledger.since.weekday())
    columns = (ledger.until - first).days // 7 + 1
    days = [ledger.since + timedelta(days=number) for number in range((ledger.until - ledger.since).days + 1)]
    drawn = [
        *_weekdays(),
        *_months(days, first),
        *(_cell(ledger, day, *_place(day, first)) for day in days),
    ]
    width, height = LEFT + columns * STEP, TOP + 7 * STEP
    about = escape(_("Days in Kazakhstan on your trips, a column a week; the tables below say the same."))
    # Only numbers, dates and our own words.
    return mark_safe(  # noqa: S308
        f'<svg class="fm-calendar" viewBox="0 0 {width} {height}" role="img" aria-label="{about}" '
        f'font-size="9">{HATCH}{"".join(drawn)}</svg>'
    )


HATCH = (
    '<defs><pattern id="fm-hatch" width="4" height="4" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><path class="fm-hatch" d="M0 0V4" stroke="currentColor" '
    'stroke-width="3"/></pattern></defs>'
)


def _place(day: date, first: date) -> tuple[int, int]:
    column, row = divmod((day - first).days, 7)
    return LEFT + column * STEP, TOP + row * STEP


def _cell(ledger: StayLedger, day: date, x: int, y: int) -> str:
    kind, words = _kind(ledger, day)
    today = " fm-stay-today" if day == ledger.today else ""
    fill = ' fill="url(#fm-hatch)"' if kind == "planned" else ""
    title = f"<title>{day.isoformat()} · {escape(words)}</title>" if words else ""
    return (
        f'<rect class="fm-stay fm-stay-{kind}{today}" x="{x}" y="{y}" width="{CELL}" height="{CELL}" '
        f'rx="2"{fill}>{title}</rect>'
    )


def _kind(ledger: StayLedger, day: date) -> tuple[str, str]:
    if day in ledger.own:
        return "used", _("in Kazakhstan on your trip")
    if day in ledger.coming:
        return "planned", pgettext("day", "planned")
    if day == ledger.today:
        return "free", _("today")
    return ("ahead" if day > ledger.today else "free"), ""


def _weekdays() -> Iterator[str]:
    for row in NAMED:
        name = escape(str(WEEKDAYS_ABBR[row]))
        x, y = LEFT - 5, TOP + row * STEP + 9
        yield f'<text x="{x}" y="{y}" text-anchor="end" fill="currentColor">{name}</text>'


def _months(days: list[date], first: date) -> Iterator[str]:
    for day in days:
        if day.day == 1:
            name = escape(date_format(day, "M"))
            x, _y = _place(day, first)
            yield f'<text x="{x}" y="{TOP - 5}" fill="currentColor">{name}</text>'
