"""What to say for each reason of a scan's verdict: one sentence with the next step, in the reader's language.

Reasons are kept as codes with what their sentences mention, so that each reader gets his own language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from ferry.errors import Reason

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SENTENCES: Mapping[str, StrOrPromise] = {
    "unreadable": _(
        "This is not a clearance code, or it is damaged. "
        "Scan it again, or type the short code printed below it."
    ),
    "unknown_key": _(
        "The code was signed with a key that is not trusted here. Hold the vehicle and call the supervisor."
    ),
    "bad_signature": _(
        "The code was altered or forged. Hold the vehicle and its papers and call the supervisor."
    ),
    "unknown_pass": _(
        "No such code was issued here. Check what was typed, or ask the company to send the code again."
    ),
    "superseded": _(
        "A newer code replaced this one. "
        "Show the newest code: open the driver's link again or ask the company."
    ),
    "revoked": _("This code was revoked. Turn back and call the company."),
    "not_yet_valid": _("The time for leaving has not come yet. Come back when the code is valid."),
    "expired": _("The time for leaving is over. Ask the company to move the trip and issue a new code."),
    "wrong_checkpoint": _("The code is for another crossing. Go to the checkpoint that it names."),
    "out_of_turn": _(
        "This is not the trip's next step. Compare the vehicle with the code and call the supervisor."
    ),
    "already_used": _(
        "A vehicle has passed here on this code already. Compare VIN and driver and call the supervisor."
    ),
    "checkpoint_closed": _("The checkpoint is closed now. Come back during its opening hours."),
    "declaration_not_released": _(
        "Customs have not released the export declaration yet. "
        "Wait until the broker reports the release, then scan again."
    ),
    "declaration_changed": _(
        "The export declaration was amended or deleted. The company must plan the trip anew on the valid one."
    ),
    "licence_missing": _(
        "The export licence is missing or has expired. The company must add a valid one and issue a new code."
    ),
    "passport_expired": _(
        "The driver's passport has expired. The company must record the new one or send another driver."
    ),
    "driving_licence_expired": _(
        "The driving licence has expired. The company must record the new one or send another driver."
    ),
    "stay_exhausted": _(
        "The driver's visa-free days do not last until the planned return. "
        "The company must send another driver."
    ),
    "watch_list": _(
        "This vehicle or driver is on the watch list. Do not let it through; call the supervisor."
    ),
    "selected": _("Selected for examination. Drive to the inspection yard and wait for the officer."),
    "stale_list": _(
        "Judged offline on a list that was older than allowed. "
        "Renew the scanner's list before the next vehicle."
    ),
    "not_listed": _(
        "The code is genuine, but it is not on the scanner's list. "
        "Compare vehicle, driver and papers, or wait for the connection."
    ),
    "not_signed": _(
        "A short code carries no signature, so it opens nothing offline. "
        "Scan the code itself, or compare vehicle, driver and papers."
    ),
    "not_checked": _(
        "This browser cannot check signatures. "
        "Compare vehicle, driver and papers, and use a newer browser offline."
    ),
    "clock_wrong": _(
        "The scanner's clock is wrong. Set it, and look at the code's window of time with your own eyes."
    ),
}

#: Say more, where what the sentence mentions is known.
FULLER: Mapping[str, tuple[frozenset[str], StrOrPromise]] = {
    "superseded": (
        frozenset({"at"}),
        _(
            "A newer code replaced this one at {at}. "
            "Show the newest code: open the driver's link again or ask the company."
        ),
    ),
    "revoked": (
        frozenset({"at"}),
        _("This code was revoked at {at}. Turn back and call the company."),
    ),
    "not_yet_valid": (
        frozenset({"at"}),
        _("The time for leaving begins at {at}. Come back then."),
    ),
    "expired": (
        frozenset({"at"}),
        _("The time for leaving was over at {at}. Ask the company to move the trip and issue a new code."),
    ),
    "wrong_checkpoint": (
        frozenset({"checkpoints"}),
        _("The code is for another crossing. Go to {checkpoints}."),
    ),
    "already_used": (
        frozenset({"at", "lane"}),
        _(
            "A vehicle passed here on this code at {at} in lane {lane}. "
            "Compare VIN and driver and call the supervisor."
        ),
    ),
    "checkpoint_closed": (
        frozenset({"until"}),
        _("The crossing is closed until {until}. Come back then."),
    ),
    "watch_list": (
        frozenset({"instruction"}),
        _("This vehicle or driver is on the watch list. Do not let it through. Instruction: {instruction}"),
    ),
    "selected": (
        frozenset({"detained"}),
        _("Detained after examination. Follow the officer's instructions."),
    ),
    "stale_list": (
        frozenset({"minutes"}),
        _(
            "Judged offline on a list {minutes} minutes old, more than is allowed. "
            "Renew the scanner's list before the next vehicle."
        ),
    ),
}
NOTHING: frozenset[str] = frozenset()
TIMES = frozenset({"at", "until"})


def in_words(kept: Iterable[Mapping[str, Any]]) -> list[Reason]:
    """Give kept reasons (`code`, `params`) the sentences to show with them."""
    return [Reason(reason["code"], sentence(reason["code"], reason.get("params", {}))) for reason in kept]


def sentence(code: str, params: Mapping[str, Any] | None = None) -> StrOrPromise:
    """Say what to do about a reason; a code from a newer version than this says itself."""
    params = params or {}
    mentioned, fuller = FULLER.get(code, (NOTHING, ""))
    if not fuller or not mentioned <= params.keys():
        return SENTENCES.get(code, code)
    shown = {name: both_clocks(value) if name in TIMES else value for name, value in params.items()}
    return format_lazy(fuller, **shown)


def both_clocks(moment: str) -> str:
    """Write a moment by both countries' clocks."""
    at = datetime.fromisoformat(moment)
    china, kazakh = (at.astimezone(zone) for zone in (CHINA, KAZAKHSTAN))
    pattern = "%H:%M" if china.date() == kazakh.date() else "%Y-%m-%d %H:%M"
    return f"{china:%Y-%m-%d %H:%M} (UTC+8) / {kazakh.strftime(pattern)} (UTC+5)"


CHINA = ZoneInfo(settings.CHINA_TIME_ZONE)
KAZAKHSTAN = ZoneInfo(settings.KAZAKH_TIME_ZONE)


#: What is told to officers alone is told to others as what it looks like to them: held by the officers.
FOR_OFFICERS_ALONE: Mapping[str, Mapping[str, Any]] = {
    "watch_list": {"code": "selected", "params": {"detained": True}}
}


def for_the_company(kept: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Write reasons so that neither company nor driver learns of the watch list.

    Being watched reads like being detained after an examination: nobody can tell the two apart.
    """
    return [FOR_OFFICERS_ALONE.get(reason["code"], reason) for reason in kept]
