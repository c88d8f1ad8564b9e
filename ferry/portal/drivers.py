"""A company's drivers: their papers, their stay days and their links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ferry.actions.drivers import FIELDS, change_driver, judge_driver, new_driver_link, register_driver
from ferry.actions.keeping import fields_of
from ferry.models import Driver
from ferry.portal.access import dispatcher, member
from ferry.portal.documents import documents_shown
from ferry.portal.history import told_changes
from ferry.portal.paper_forms import ChangeDriverForm, NewDriverForm
from ferry.portal.saving import save, tell_warnings
from ferry.portal.stay_calendar import stay_calendar
from ferry.queries.driving import link_ends_on
from ferry.queries.fleet import DriverRow, driver_rows
from ferry.queries.issue import china_date, kazakh_date
from ferry.queries.stays import stay_ledger
from ferry.queries.trips import trips_of
from ferry.rules.stays import ALLOWED, warn_level

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import Membership

TRIPS_SHOWN = 20


@require_safe
@member()
def driver(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    shown, at = _own(membership, pk), timezone.now()
    (row,) = driver_rows([shown], membership.company, at=at)
    ledger = stay_ledger(shown, at=at)
    context = {
        **row_shown(row),
        "link_ends_on": (ends_on := link_ends_on(shown)),
        "link_has_ended": kazakh_date(at) > ends_on,
        "allowed": ALLOWED,
        "ledger": ledger,
        "calendar": stay_calendar(ledger),
        "trips": trips_of(membership.company).filter(driver=shown).order_by("-pk")[:TRIPS_SHOWN],
        "changes": told_changes(shown, FIELDS),
        **documents_shown(shown, membership),
    }
    return render(request, "portal/driver.html", context)


@require_http_methods(["GET", "POST"])
@member(writes=True)
def driver_new(request: HttpRequest, membership: Membership) -> HttpResponse:
    form = NewDriverForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        saved = save(
            form,
            lambda: register_driver(
                company=membership.company,
                **form.cleaned_data,
                at=timezone.now(),
                by=dispatcher(membership),
            ),
        )
        if saved is not None:
            return _saved(request, saved, _("The driver is registered. Send the personal link."))
    context = {
        "form": form,
        "title": _("Register a driver"),
        "submit": _("Register"),
        "cancel_url": reverse("portal:drivers"),
    }
    return render(request, "portal/paper_form.html", context)


@require_http_methods(["GET", "POST"])
@member(writes=True)
def driver_edit(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    shown = _own(membership, pk)
    form = ChangeDriverForm(request.POST or None, initial=fields_of(shown, FIELDS))
    if request.method == "POST" and form.is_valid():
        saved = save(
            form,
            lambda: change_driver(
                driver=shown, **form.cleaned_data, at=timezone.now(), by=dispatcher(membership)
            ),
        )
        if saved is not None:
            return _saved(request, saved, _("The driver is changed."))
    context = {
        "form": form,
        "title": _("Change the driver's details"),
        "about": shown,
        "cancel_url": reverse("portal:driver", args=[shown.pk]),
    }
    return render(request, "portal/paper_form.html", context)


@require_POST
@member(writes=True)
def driver_link(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Make a new link, for a phone that was lost or a link that went astray."""
    new_driver_link(driver=_own(membership, pk), at=timezone.now())
    messages.success(request, _("The old link is dead. Send the driver the new one."))
    return redirect("portal:driver", pk)


def _own(membership: Membership, pk: int) -> Driver:
    return get_object_or_404(Driver.objects.select_related("company"), company=membership.company, pk=pk)


def _saved(request: HttpRequest, saved: Driver, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    tell_warnings(request, judge_driver(saved, today=china_date(timezone.now())))
    return redirect("portal:driver", saved.pk)


def row_shown(row: DriverRow) -> dict[str, Any]:
    tone = ""
    if row.used is not None and warn_level(row.used) is not None:
        tone = "bad" if row.used >= ALLOWED else "warn"
    return {
        "driver": row.driver,
        "row": row,
        "tone": tone,
        "link": f"{settings.SITE_URL}{reverse('phone:driver', args=[row.driver.link_token])}",
    }
