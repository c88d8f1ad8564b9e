"""Take a driver's words: from the queue on his phone, and from its pages where there is no JavaScript."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods, require_POST

from ferry.actions.tellings import Shot, Word, objection, take_telling
from ferry.errors import Conflict, Invalid, NotYours, Reason, Refused, TooMany
from ferry.models import ToldKind
from ferry.phone.language import spoken_to
from ferry.phone.telling_forms import (
    BackForm,
    EnvelopeForm,
    condition_form,
    digest_of,
    refuse_unreadable,
    word_of,
)
from ferry.phone.throttles import is_too_many, too_many
from ferry.queries.condition_checks import kinds_told, trip_to_tell_of
from ferry.queries.driving import find_driver
from ferry.queries.issue import CHINA
from ferry.rules.tellings import acts
from ferry.uploaded import MOST_BYTES, too_large

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.core.files.uploadedfile import UploadedFile
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse
    from django_stubs_ext import StrOrPromise

    from ferry.models import Driver, Telling, Trip

STATUSES: Mapping[type[Refused], int] = {Invalid: 400, NotYours: 404, Conflict: 409, TooMany: 429}


@dataclass(frozen=True)
class ActShown:
    """An act as a driver's page offers it: `status` as in ferry.rules.tellings, `url` of its own page."""

    kind: str
    status: str
    url: str
    icon: str
    words: StrOrPromise
    done: StrOrPromise


@dataclass(frozen=True)
class Page:
    """How the page of one kind is called, and what stands on its button."""

    name: str
    template: str
    icon: str
    words: StrOrPromise
    done: StrOrPromise


PAGES: Mapping[str, Page] = {
    ToldKind.PICKED_UP: Page(
        "phone:pick_up",
        "phone/pick_up.html",
        "car",
        gettext_lazy("Pick the car up"),
        gettext_lazy("Picked up"),
    ),
    ToldKind.HANDED_OVER: Page(
        "phone:hand_over",
        "phone/hand_over.html",
        "handover",
        gettext_lazy("Hand the car over"),
        gettext_lazy("Handed over"),
    ),
    ToldKind.BACK: Page(
        "phone:back",
        "phone/back.html",
        "coach",
        gettext_lazy("I am back in China"),
        gettext_lazy("Back in China"),
    ),
}


def pages_for(trip: Trip, token: str, driver: Driver) -> list[ActShown]:
    """List what a driver can tell of his trip, in order, with the pages to keep for when there is no line."""
    told = kinds_told(trip, driver)
    shown = []
    for act in acts(trip.state, told=told, is_back=trip.driver_returned_at is not None):
        page = PAGES[act.kind]
        url = reverse(page.name, args=[token, trip.reference])
        shown.append(ActShown(act.kind, act.status, url, page.icon, page.words, page.done))
    return shown


def acts_context(trip: Trip, token: str, driver: Driver) -> dict[str, Any]:
    """Give what templates/phone/_acts.html draws."""
    shown = pages_for(trip, token, driver)
    return {
        "acts": shown,
        "keep_pages": " ".join(act.url for act in shown if act.status != "done"),
    }


def queue_context(token: str, driver: Driver) -> dict[str, Any]:
    """Give what templates/phone/_queue.html draws.

    The queue is a driver's, not a link's: with a new link he sends what he told under the old one.
    """
    return {
        "queue_of": salted_hmac("ferry.phone.queue", str(driver.pk)).hexdigest()[:16],
        "tellings_url": reverse("phone:tellings", args=[token]),
    }


# --- From the queue ------------------------------------------------------------------------------


# The link in the path is the right to tell, no cookie is looked at; a word may come days after its page.
@csrf_exempt
@require_POST
@never_cache
def tellings(request: HttpRequest, token: str) -> HttpResponse:
    """Take one word from a phone's queue; told again, it gets the same answer."""
    driver = find_driver(token, at=timezone.now())
    who = f"tellings-{driver.pk}" if driver else ""
    wait_s = is_too_many(request, "public", who=who)
    if wait_s:
        answer = _refusal(TooMany(TRY_LATER))
        answer["Retry-After"] = str(wait_s)
        return answer
    if driver is None:
        # Not a refusal of what he tells: with a new link it is sent again.
        return _refusal(NotYours(NO_LINK))
    with spoken_to(request, driver.language):
        try:
            telling, is_new = _told(request, driver)
        except Refused as refused:
            return _refusal(refused)
        except RequestDataTooBig:
            return _refusal(too_large(), status=413)
        return _answer(telling, is_new)


def _told(request: HttpRequest, driver: Driver) -> tuple[Telling, bool]:
    said = _json(request.POST.get("telling", ""))
    envelope = EnvelopeForm(_plain(said))
    refuse_unreadable(envelope)
    trip = _trip(driver, envelope.cleaned_data["trip"])
    fields = _plain(said.get("fields", {}))
    word = word_of(envelope.cleaned_data, trip, fields, request.FILES.get("photo"))
    return take_telling(driver=driver, trip=trip, word=word, at=timezone.now())


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(UNREADABLE) from error


def _plain(said: Any) -> dict[str, str]:
    """Take an object's values as a form would send them; anybody may write anything there."""
    if not isinstance(said, dict):
        raise Invalid(UNREADABLE)
    plain = {name: "" if value is None else str(value) for name, value in said.items()}
    try:
        "".join([*plain, *plain.values()]).encode()
    except UnicodeEncodeError as error:
        raise Invalid(UNREADABLE) from error
    return plain


def _trip(driver: Driver, reference: str) -> Trip:
    trip = trip_to_tell_of(driver, reference)
    if trip is None:
        raise NotYours(NOT_THERE)
    return trip


def _answer(telling: Telling, is_new: bool) -> JsonResponse:
    if "errors" in telling.answer:
        return _errors(telling.answer["status"], telling.answer["errors"])
    told = {
        "telling_id": str(telling.telling_id),
        "kind": telling.kind,
        "told_at": telling.told_at.isoformat(),
        "clock": telling.answer.get("clock"),
    }
    return JsonResponse(told, status=201 if is_new else 200)


def _refusal(refused: Refused, status: int | None = None) -> JsonResponse:
    errors = [
        {"code": reason.code, "detail": str(reason.detail), "attr": reason.attr} for reason in refused.reasons
    ]
    return _errors(status or STATUSES[type(refused)], errors)


def _errors(status: int, errors: list[dict[str, Any]]) -> JsonResponse:
    kind = "validation_error" if status == 400 else "client_error"
    return JsonResponse({"type": kind, "errors": errors}, status=status)


# --- From pages ----------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@never_cache
@gzip_page
def pick_up(request: HttpRequest, token: str, reference: str) -> HttpResponse:
    """Have a driver look the vehicle over before he sets off."""
    return _page(request, token, reference, ToldKind.PICKED_UP)


@require_http_methods(["GET", "POST"])
@never_cache
@gzip_page
def hand_over(request: HttpRequest, token: str, reference: str) -> HttpResponse:
    """Have a driver look the vehicle over where he leaves it; the receipt is the consignee's word alone."""
    return _page(request, token, reference, ToldKind.HANDED_OVER)


@require_http_methods(["GET", "POST"])
@never_cache
@gzip_page
def back(request: HttpRequest, token: str, reference: str) -> HttpResponse:
    """Have a driver say when he was back in China."""
    return _page(request, token, reference, ToldKind.BACK)


def _page(request: HttpRequest, token: str, reference: str, kind: ToldKind) -> HttpResponse:
    driver = find_driver(token, at=timezone.now())
    wait = too_many(request, "public", who=f"tellings-{driver.pk}" if driver else "")
    if wait is not None:
        return wait
    if driver is None:
        return render(request, "phone/no_link.html", status=404)
    trip = trip_to_tell_of(driver, reference)
    with spoken_to(request, driver.language):
        if trip is None:
            return render(request, "phone/no_trip.html", {"token": token}, status=404)
        form = _form(kind, trip, request)
        errors: list[str] = []
        if request.method == "POST":
            errors = _tell(request, driver, trip, kind, form)
            if not errors:
                return redirect("phone:driver", token)
        context = {
            "form": form,
            "errors": errors,
            "trip": trip,
            "token": token,
            "kind": kind,
            "words": PAGES[kind].words,
            "stamp": gettext("Photo of the entry stamp"),
            "stands_against": objection(driver=driver, trip=trip, kind=kind),
            # A new one after a refusal: what he puts right is another word.
            "telling_id": uuid.uuid4(),
            "most_bytes": MOST_BYTES,
            "vin_tail": trip.vehicle.vin[-6:],
            **queue_context(token, driver),
        }
        return render(request, PAGES[kind].template, context, status=400 if errors else 200)


def _form(kind: ToldKind, trip: Trip, request: HttpRequest) -> Any:
    said, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    if kind == ToldKind.BACK:
        now = timezone.now().astimezone(CHINA)
        return BackForm(said, initial={"back_on": now.date(), "back_at": now.time()})
    return condition_form(trip.vehicle, said, files)


def _tell(request: HttpRequest, driver: Driver, trip: Trip, kind: ToldKind, form: Form) -> list[str]:
    """Take what the page says, then its photos, each a word of its own; give what stands in the way.

    Of photos that were not kept he is told on the next page: what he said stands without them.
    """
    try:
        first, *photos = _words(request, trip, kind, form)
        errors = _taken(driver, trip, first)
        if errors:
            return errors
    except Refused as refused:
        return [str(reason.detail) for reason in refused.reasons]
    for word in photos:
        for error in _taken(driver, trip, word):
            messages.error(request, error)
    return []


def _taken(driver: Driver, trip: Trip, word: Word) -> list[str]:
    telling, _is_new = take_telling(driver=driver, trip=trip, word=word, at=timezone.now())
    return [error["detail"] for error in telling.answer.get("errors", ())]


def _words(request: HttpRequest, trip: Trip, kind: ToldKind, form: Any) -> list[Word]:
    """Make a word of the page and one of each photo, with ids that stay the same if it is sent again."""
    refuse_unreadable(form)
    try:
        telling_id = uuid.UUID(request.POST.get("telling_id", ""))
    except ValueError as error:
        raise Invalid(UNREADABLE) from error
    at = timezone.now()
    fields = {name: value for name, value in request.POST.items() if name not in NOT_CONTENT}
    content: Any = form.back() if kind == ToldKind.BACK else form.looked()
    words = [Word(telling_id, kind, content, digest_of(kind, trip, fields, b""), at)]
    with_place = bool(form.cleaned_data.get("keeps_place"))
    for photo, number in _photos(request, form):
        if (photo.size or 0) > MOST_BYTES:
            raise too_large()
        shot = Shot(telling_id, photo.read(), number, with_place)
        digest = digest_of(ToldKind.PHOTO, trip, {"mark_number": number or ""}, shot.content)
        words.append(Word(uuid.uuid5(telling_id, digest), ToldKind.PHOTO, shot, digest, at))
    return words


def _photos(request: HttpRequest, form: Any) -> list[tuple[UploadedFile[Any], int | None]]:
    if isinstance(form, BackForm):
        return [(file, None) for file in request.FILES.getlist("photos")]
    photos: list[tuple[UploadedFile[Any], int | None]] = form.photos()
    return photos


NOT_CONTENT = {"csrfmiddlewaretoken", "telling_id"}

UNREADABLE = Reason(
    "unreadable", gettext_lazy("This cannot be read. Open the page again and tell it once more.")
)
NO_LINK = Reason("link_not_valid", gettext_lazy("This link is not valid. Ask your company for a new link."))
NOT_THERE = Reason("not_found", gettext_lazy("This trip is not yours. Open your page again."), "trip")
TRY_LATER = Reason("too_many", gettext_lazy("Too many at once. It is sent again by itself."))
