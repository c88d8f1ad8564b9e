"""Send codes out: a ready message in the reader's language, to copy, to share or by e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from ferry import codes
from ferry.actions.passes import receipt_pin
from ferry.actions.sending import mail_code
from ferry.models import Language
from ferry.portal.access import dispatcher, member
from ferry.portal.saving import save
from ferry.portal.sheets import SHEETS_AT_ONCE, asked_number, printable
from ferry.portal.trips import open_pass, own_trip
from ferry.queries.roster import rosters_of
from ferry.queries.trips import last_address
from ferry.windscreen import draw_sheets

if TYPE_CHECKING:
    from django.http import HttpRequest

    from ferry.models import Membership, Pass

READERS = ("driver", "consignee")


class AddressForm(forms.Form):
    to = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254)


@dataclass(frozen=True)
class Message:
    """What one reader is told, in his language."""

    reader: str
    name: str
    phone: str
    language: str
    subject: str
    text: str

    @property
    def language_name(self) -> str:
        return str(Language(self.language).label)


@require_http_methods(["GET", "POST"])
@member(writes=True)
def send(request: HttpRequest, membership: Membership, reference: str) -> HttpResponse:
    """Show what the driver and the consignee are told, and send one of them an e-mail."""
    pass_ = open_pass(own_trip(membership, reference))
    if pass_ is None:
        messages.warning(request, _("This trip has no open code to send. Issue it first."))
        return redirect("portal:trip", reference)
    forms_ = {reader: _form(request, reader, pass_) for reader in READERS}
    told = {"driver": for_driver(pass_), "consignee": for_consignee(pass_)}
    reader = request.POST.get("reader", "")
    if (
        reader in READERS
        and forms_[reader].is_valid()
        and _mailed(forms_[reader], told[reader], pass_, membership)
    ):
        messages.success(request, _("Sent to %(to)s.") % {"to": forms_[reader].cleaned_data["to"]})
        return redirect("portal:send", reference)
    cards = [(told[reader], forms_[reader]) for reader in READERS]
    return render(request, "portal/send.html", {"trip": pass_.trip, "pass": pass_, "cards": cards})


@require_safe
@member(writes=True)
def roster_send(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """List a roster's messages, one for each driver, so many from the one that `from` counts to."""
    roster = rosters_of(membership.company).filter(pk=pk).first()
    if roster is None:
        raise Http404
    first = max(asked_number(request, "from"), 1)
    rows = printable().filter(trip__roster_line__roster=roster).order_by("pk")
    found = list(rows[first - 1 : first + SHEETS_AT_ONCE])
    context = {
        "roster": roster,
        "lines": [(pass_, for_driver(pass_)) for pass_ in found[:SHEETS_AT_ONCE]],
        "next": first + SHEETS_AT_ONCE if len(found) > SHEETS_AT_ONCE else None,
    }
    return render(request, "portal/roster_send.html", context)


def for_driver(pass_: Pass) -> Message:
    driver = pass_.driver
    link = f"{settings.SITE_URL}{reverse('phone:driver', args=[driver.link_token])}"
    return _message("driver", pass_, driver.name, driver.phone, driver.language, link=link)


def for_consignee(pass_: Pass) -> Message:
    trip = pass_.trip
    link = f"{settings.SITE_URL}{reverse('phone:code', args=[codes.show_short_code(pass_.short_code)])}"
    name, phone = trip.consignee_name, trip.consignee_phone
    return _message(
        "consignee", pass_, name, phone, trip.consignee_language, link=link, pin=receipt_pin(trip)
    )


def _message(reader: str, pass_: Pass, name: str, phone: str, language: str, **particulars: str) -> Message:
    context = {"pass": pass_, "trip": pass_.trip, "vin_tail": pass_.vin[-6:], **particulars}
    with translation.override(language):
        text = render_to_string(f"messages/{reader}.txt", context).strip()
        subject = render_to_string("messages/subject.txt", context).strip()
    return Message(reader, name, phone, language, subject, text)


def _form(request: HttpRequest, reader: str, pass_: Pass) -> AddressForm:
    """Fill in where it went the last time."""
    is_asked = request.method == "POST" and request.POST.get("reader") == reader
    initial = {"to": last_address(pass_.trip, reader)}
    return AddressForm(request.POST if is_asked else None, initial=initial, auto_id=f"id_{reader}_%s")


def _mailed(form: AddressForm, message: Message, pass_: Pass, membership: Membership) -> bool:
    sheet = draw_sheets([pass_], per_page=1) if message.reader == "driver" else b""

    def mail() -> bool:
        mail_code(
            trip=pass_.trip,
            reader=message.reader,
            to=form.cleaned_data["to"],
            subject=message.subject,
            text=message.text,
            sheet=sheet,
            at=timezone.now(),
            by=dispatcher(membership),
        )
        return True

    return bool(save(form, mail))
