"""Cases as customs see them: all of a supervisor's checkpoints, worked on and settled or written off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clearance.actions.bulk import work_desk_job
from clearance.actions.supervise import settle
from clearance.desk.forms import SettleForm
from clearance.desk.places import place_on, supervisor, usual_place
from clearance.lane.access import officer
from clearance.queries.desk import cases_at, routes_of, supervisors_at
from ferry.models import BulkJob, Document, Party
from ferry.portal.case_bulk import Bench, ask_or_plan, job_shown
from ferry.portal.case_page import Worker, act_on_case, case_shown, is_answered
from ferry.portal.cases import queues_told
from ferry.portal.documents import hand_out
from ferry.portal.lists.asked import Asked
from ferry.portal.lists.cases import CASES, given_to, letter_with, with_column, with_filters
from ferry.portal.lists.declare import Choice, Column, Scene
from ferry.portal.lists.exports import file_of
from ferry.portal.lists.views import PICKED_AT_MOST, ROWS, page_shown, totals_of
from ferry.queries.case_lists import cases_on_routes, queues, search_cases_and_companies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from clearance.lane.access import Station
    from ferry.models import Case, Checkpoint, Route
    from ferry.portal.case_page import Forms


@dataclass(frozen=True)
class CaseScene(Scene):
    """At which of his checkpoints a supervisor looks, and the routes over it."""

    places: Sequence[Checkpoint] = ()
    place: Checkpoint | None = None
    routes: Sequence[Route] = ()

    @property
    def whose(self) -> Any:
        return self.routes


def _places(scene: Scene) -> list[tuple[str, str]]:
    return [(each.code, each.name) for each in scene.places]  # type: ignore[attr-defined]


def _supervisors(scene: Scene) -> list[tuple[int, str]]:
    place = scene.place  # type: ignore[attr-defined]
    return [(one.pk, one.name or one.email) for one in supervisors_at([place])]


def _here(rows: QuerySet[Case], _value: str, _scene: Scene) -> QuerySet[Case]:
    """The rows are of the place's routes already."""
    return rows


DESK_CASES = replace(
    CASES,
    search_label=gettext_lazy("Part of a VIN, trip, declaration, driver, company"),
    rows=cases_on_routes,
    search=search_cases_and_companies,
    columns=(
        *with_column(
            CASES,
            "given",
            value=lambda row: (row.officer.name or row.officer.email) if row.officer else "",
            cell="cases/cells/officer.html",
        ),
        Column("company", gettext_lazy("Company"), lambda row: row.company.name, "cases/cells/company.html"),
    ),
    filters=(
        Choice("place", gettext_lazy("Checkpoint"), _places, _here, is_kept=True),
        *with_filters(CASES, given_to("officer", _supervisors), letter_with(Party.CUSTOMS)),
    ),
)


@require_safe
@never_cache
@officer(supervises=True)
def cases(request: HttpRequest, station: Station) -> HttpResponse:
    """List the cases about one of the supervisor's checkpoints, with how many wait in each queue."""
    asked = _asked(request, station)
    if request.GET.get("part") == "totals":
        return render(request, "portal/lists/totals.html", totals_of(asked))
    waiting = queues(
        cases_on_routes(asked.scene.whose), side=Party.CUSTOMS, user=station.officer, at=asked.scene.at
    )
    context = {
        **page_shown(request, asked, url=reverse("desk:cases")),
        "queues": queues_told(asked, waiting),
        "shell": "desk/base.html",
        "key": uuid4(),
        "at_once": PICKED_AT_MOST,
    }
    return render(request, "desk/cases.html", context)


@require_safe
@never_cache
@officer(supervises=True)
def cases_export(request: HttpRequest, station: Station, form: str) -> Any:
    """Give what is filtered as a file."""
    if form not in {"xlsx", "csv"}:
        raise Http404
    return file_of(_asked(request, station), form)


def _asked(request: HttpRequest, station: Station) -> Asked:
    return _read(request, station, request.GET.dict())


def _read(request: HttpRequest, station: Station, said: dict[str, str]) -> Asked:
    """Read what is wanted; of one checkpoint always, so that an index gives the order."""
    own = {each.code: each for each in station.supervised}
    place = own.get(said.get("place", "")) or usual_place(request, station)
    scene = CaseScene(
        None,  # type: ignore[arg-type]
        timezone.now(),
        may_write=True,
        user=station.officer,
        places=tuple(station.supervised),
        place=place,
        routes=tuple(routes_of([place])),
    )
    return Asked.read(DESK_CASES, scene, {**said, "place": place.code})


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def case(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Show a case with what it rests on and what was done, and settle it."""
    shown = _find(station, pk)
    form = SettleForm(request.POST or None, request.FILES or None, case=shown)
    if request.method == "POST" and form.is_valid():
        place, by = place_on(shown.route, station), supervisor(request)
        said = {"case": shown, "checkpoint": place, **form.said, "at": timezone.now(), "by": by}
        if is_answered(request, form, lambda: settle(**said)):
            return redirect("desk:case", pk)
    return _show(request, station, shown, form)


@require_POST
@officer(supervises=True)
def case_act(request: HttpRequest, station: Station, pk: int, act: str) -> HttpResponse:
    """Assign, comment, attach, make it an enquiry, or open it again."""
    shown = _find(station, pk)
    refused = act_on_case(request, shown, _worker(request, station, shown), act)
    if refused:
        return _show(request, station, shown, SettleForm(case=shown), refused)
    return redirect("desk:case", pk)


@require_safe
@never_cache
@officer(supervises=True)
def case_file(request: HttpRequest, station: Station, pk: int, document: int) -> HttpResponse:
    """Send a file of a case to a supervisor who sees the case."""
    kept = get_object_or_404(Document, case=_find(station, pk), pk=document)
    return hand_out(
        kept.file, content_type=kept.content_type, name=kept.name, is_download=not kept.is_picture
    )


@require_POST
@officer(supervises=True)
def cases_selected(request: HttpRequest, station: Station) -> HttpResponse:
    """Show what an act would do to the picked cases, and once it is confirmed have it done."""
    place = usual_place(request, station)
    bench = Bench(
        worker=_worker_at(request, station, place),
        cases=cases_at(station.supervised),
        asked=lambda said: _read(request, station, said),
        rooms="desk",
        frame="desk/base.html",
        officer=station.officer,
        options={"checkpoint": place.pk},
    )
    answer, job = ask_or_plan(request, bench)
    if job is not None and job.lines.count() <= ROWS:
        work_desk_job(job=job, at=timezone.now(), limit=ROWS)
    return answer


@require_safe
@never_cache
@officer(supervises=True)
def bulk_job(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Show how far a job is that this supervisor asked for."""
    job = get_object_or_404(BulkJob, officer=station.officer, pk=pk)
    return job_shown(request, job, rooms="desk", frame="desk/base.html")


def _show(
    request: HttpRequest, station: Station, shown: Case, form: SettleForm, refused: Forms | None = None
) -> HttpResponse:
    worker = _worker(request, station, shown)
    context = case_shown(shown, worker, settling=form, refused=refused, at=timezone.now())
    return render(request, "desk/case.html", context, status=400 if form.errors or refused else 200)


def _find(station: Station, pk: int) -> Case:
    return get_object_or_404(cases_at(station.supervised), pk=pk)


def _worker(request: HttpRequest, station: Station, shown: Case) -> Worker:
    return _worker_at(request, station, place_on(shown.route, station))


def _worker_at(request: HttpRequest, station: Station, place: Checkpoint) -> Worker:
    """Say who works here; a case can be given to any supervisor of the place.

    A letter names its sender in the reader's language, not in that of who writes it.
    """
    people = list(supervisors_at([place]))
    sender = lazy(lambda: _("Customs, checkpoint %(place)s") % {"place": place.name}, str)()
    return Worker(Party.CUSTOMS, station.officer, supervisor(request), True, people, sender)
