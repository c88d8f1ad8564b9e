"""Who may stand at a checkpoint, and where he stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from clearance.models import Duty
from clearance.queries.lane import postings_of
from ferry.portal.sign_in import signed_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from clearance.models import Posting
    from ferry.models import Checkpoint, User

CHOSEN_CHECKPOINT = "checkpoint"
CHOSEN_LANE = "lane"


@dataclass(frozen=True, slots=True)
class Station:
    """Who the signed-in officer is and where he stands; `lane` is empty until he has said so."""

    posting: Posting
    postings: list[Posting]
    lane: str

    @property
    def officer(self) -> User:
        return self.posting.user

    @property
    def checkpoint(self) -> Checkpoint:
        return self.posting.checkpoint

    @property
    def supervised(self) -> list[Checkpoint]:
        return [each.checkpoint for each in self.postings if each.duty == Duty.SUPERVISOR]


def officer(
    *, supervises: bool = False
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Call the view with the officer's station; 403 for anybody else.

    A page of one who `supervises` is for supervisors of any checkpoint. An officer without a second factor
    is sent to set one up where that is demanded.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        @signed_in
        def allowed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            station = _station(request)
            if station is None or (supervises and not station.supervised):
                return render(request, "403.html", status=403)
            if settings.OFFICERS_NEED_MFA and not is_mfa_enabled(request.user):
                messages.warning(request, _("Set up two-factor sign-in first: officers work with it only."))
                return redirect("mfa_index")
            return view(request, station, *args, **kwargs)

        return allowed

    return decorate


def _station(request: HttpRequest) -> Station | None:
    own = postings_of(request.user)
    chosen = request.session.get(CHOSEN_CHECKPOINT)
    posting = next((each for each in own if each.checkpoint.code == chosen), own[0] if own else None)
    if posting is None:
        return None
    is_chosen = posting.checkpoint.code == chosen
    return Station(posting, own, request.session.get(CHOSEN_LANE, "") if is_chosen else "")


def stand_at(request: HttpRequest, checkpoint: Checkpoint, lane: str) -> None:
    """Remember where the officer works until he signs out."""
    request.session[CHOSEN_CHECKPOINT], request.session[CHOSEN_LANE] = checkpoint.code, lane


def name_of_officer(checkpoint: Checkpoint, lane: str) -> str:
    """Name who acts, for the trip's events: the place; the person is kept with the scan."""
    return f"officer {checkpoint.code}/{lane}"
