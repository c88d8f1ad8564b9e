"""A supervisor prints the fallback list, and enters afterwards what was written on it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from clearance.actions.fallback import (
    LONGEST_HOURS,
    LONGEST_INITIALS,
    NEW,
    Written,
    enter_results,
    make_fallback_list,
)
from clearance.actions.scans import LONGEST_LANE
from clearance.desk.places import supervisor, usual_place
from clearance.fallback_paper import draw_fallback_list
from clearance.lane.access import officer
from clearance.models import Verdict
from clearance.queries.fallback import entered_lines, find_lines, lines_in_full, lists_at
from clearance.rules.live import PAPER
from clearance.rules.paper import first_after, read_time
from ferry.errors import Refused
from ferry.portal.pages import newest_first
from ferry.portal.saving import tell_reasons
from ferry.portal.sheets import asked_number
from ferry.rules.letters import plain_capitals, plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.http import HttpRequest

    from clearance.actions.scans import ScanResult
    from clearance.lane.access import Station
    from clearance.models import FallbackLine, FallbackList

#: Of one file: what is drawn while somebody waits, without a worker, which may be down as well on such a day.
LINES_AT_ONCE = 500
ROWS, ROWS_AT_MOST = 20, 60
SALT = "clearance.desk.fallback"


class PrintForm(forms.Form):
    hours = forms.IntegerField(
        label=gettext_lazy("Expected within hours"), min_value=1, max_value=LONGEST_HOURS, initial=12
    )


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def fallback(request: HttpRequest, station: Station) -> HttpResponse:
    """List what was printed, and print one more."""
    place = usual_place(request, station)
    form = PrintForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        hours = form.cleaned_data["hours"]
        made = make_fallback_list(checkpoint=place, hours=hours, at=timezone.now(), by=supervisor(request))
        return redirect("desk:fallback_results", made.pk)
    page = newest_first(lists_at([place]), request)
    context = {"form": form, "place": place, "places": station.supervised, "page": page}
    return render(request, "desk/fallback.html", context, status=400 if form.errors else 200)


@require_safe
@never_cache
@officer(supervises=True)
def paper(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Give a list to print, so many lines from the one that `from` counts to; the same however often."""
    listed = _own(station, pk)
    first = max(asked_number(request, "from"), 1)
    rows = lines_in_full(listed).filter(is_added=False, number__gte=first).order_by("number")
    pdf = draw_fallback_list(listed, list(rows[:LINES_AT_ONCE]))
    name = f"{listed.checkpoint.code}-{listed.as_of:%Y%m%d-%H%M}-{first}.pdf"
    disposition = f'inline; filename="{name}"'
    return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": disposition})


# --- Entering what was written ------------------------------------------------------------------


@dataclass
class Row:
    """One line as it is typed, what it is found to be, and what is wrong with it."""

    place: int
    key: str = ""
    time: str = ""
    verdict: str = ""
    initials: str = ""
    line: FallbackLine | None = None
    moment: datetime | None = None
    wrong: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.key or self.time or self.verdict or self.initials)

    @property
    def differs(self) -> bool:
        """Say whether the paper let through what it was foretold to stop, or the other way about."""
        return bool(self.line and self.line.told and self.verdict == Verdict.RELEASE)

    @property
    def written(self) -> Written | None:
        if self.line is None or self.moment is None or self.wrong:
            return None
        return Written(self.line, self.moment, self.verdict, self.initials)


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def results(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Show a printed list with what was entered of it; look at more lines, then record them."""
    listed, at = _own(station, pk), timezone.now()
    lane = plain_text(request.POST.get("lane", PAPER))[:LONGEST_LANE] or PAPER
    rows = _typed(request)
    filled = [row for row in rows if not row.is_empty]
    if request.method == "POST":
        _look(listed, filled, at)
    is_fine = bool(filled) and not any(row.wrong for row in filled)
    seen = _digest(lane, filled)
    if is_fine and request.POST.get("act") == "record" and _is_seen(request, listed, seen):
        return _record(request, station, listed, filled, lane, at)
    context = {
        "listed": listed,
        "parts": range(1, listed.printed + 1, LINES_AT_ONCE),  # type: ignore[attr-defined]
        "rows": rows,
        "filled": len(filled),
        "is_looked": request.method == "POST",
        "is_fine": is_fine,
        "seen": signing.dumps([listed.pk, seen], salt=SALT) if is_fine else "",
        "lane": lane,
        "verdicts": [(str(number), value, label) for number, (value, label) in enumerate(Verdict.choices, 1)],
        "page": newest_first(entered_lines(listed), request),
        "longest": {"lane": LONGEST_LANE, "initials": LONGEST_INITIALS},
    }
    wrong = request.method == "POST" and not is_fine
    return render(request, "desk/fallback_results.html", context, status=400 if wrong else 200)


def _typed(request: HttpRequest) -> list[Row]:
    columns = {name: request.POST.getlist(name) for name in ("key", "time", "verdict", "initials")}
    count = min(max(ROWS, *map(len, columns.values())), ROWS_AT_MOST)
    rows = []
    for place in range(count):
        said = {name: values[place] if place < len(values) else "" for name, values in columns.items()}
        rows.append(
            Row(
                place + 1,
                plain_capitals(said["key"])[:20],
                said["time"].strip()[:10],
                said["verdict"] if said["verdict"] in Verdict.values else "",
                plain_text(said["initials"])[:LONGEST_INITIALS],
            )
        )
    return rows


def _look(listed: FallbackList, rows: Sequence[Row], at: datetime) -> None:
    """Find out what each line is, and say of each what is wrong with it."""
    found = find_lines(listed, {row.key for row in rows if row.key})
    zone = ZoneInfo(listed.checkpoint.time_zone)
    known: dict[int, int] = {}
    for row in rows:
        row.line = found.get(row.key)
        clock = read_time(row.time)
        row.moment = first_after(listed.as_of, clock, zone) if clock else None
        if row.line is None:
            row.wrong.append(_("No such number or short code. Read it again from the paper."))
        elif (twice := known.setdefault(row.line.pass_listed_id, row.place)) != row.place:
            row.wrong.append(_("The same vehicle as in line %(line)d.") % {"line": twice})
        elif row.line.scan_id is not None and not _is_same(row):
            row.wrong.append(_("Entered before, with something else. It stays as it was entered."))
        if row.moment is None:
            row.wrong.append(_("Write the time as 09:05."))
        elif row.moment > at:
            row.wrong.append(_("This time is still to come."))
        if not row.verdict:
            row.wrong.append(_("Choose the verdict."))


def _is_same(row: Row) -> bool:
    scan = row.line.scan if row.line else None
    return bool(scan and (scan.scanned_at, scan.offline_verdict) == (row.moment, row.verdict))


def _digest(lane: str, rows: Sequence[Row]) -> str:
    said = repr([lane, *((row.key, row.time, row.verdict, row.initials) for row in rows)])
    return hashlib.sha256(said.encode()).hexdigest()


def _is_seen(request: HttpRequest, listed: FallbackList, digest: str) -> bool:
    """Say whether these very lines were shown with what they are."""
    try:
        return bool(signing.loads(request.POST.get("seen", ""), salt=SALT) == [listed.pk, digest])
    except signing.BadSignature:
        return False


def _record(
    request: HttpRequest, station: Station, listed: FallbackList, rows: Sequence[Row], lane: str, at: datetime
) -> HttpResponse:
    written = [one for row in rows if (one := row.written)]
    try:
        answers = enter_results(
            listed=listed,
            written=written,
            lane=lane,
            officer=station.officer,
            at=at,
            by=supervisor(request),
        )
    except Refused as refused:
        tell_reasons(request, refused)
    else:
        _tell(request, rows, answers)
    return redirect("desk:fallback_results", listed.pk)


def _tell(request: HttpRequest, rows: Sequence[Row], answers: Sequence[ScanResult]) -> None:
    new = sum(answer.status == NEW for answer in answers)
    differ = sum(
        bool(answer.scan and answer.scan.verdict != answer.scan.offline_verdict) for answer in answers
    )
    said = ngettext("%(count)d line is recorded.", "%(count)d lines are recorded.", new)
    messages.success(request, said % {"count": new})
    if differ:
        said = ngettext(
            "%(count)d would have had another verdict. Look at it in the list below.",
            "%(count)d would have had another verdict. Look at them in the list below.",
            differ,
        )
        messages.warning(request, said % {"count": differ})
    for row, answer in zip(rows, answers, strict=True):
        for reason in answer.refused.reasons if answer.refused else ():
            messages.error(request, f"{row.key}: {reason.detail}")


def _own(station: Station, pk: int) -> FallbackList:
    found = lists_at(station.supervised).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
