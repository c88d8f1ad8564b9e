"""Say in words what a notice tells, and where to see it: for the page and for letters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from ferry.models import CaseKind, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferry.models import Notice

ICONS: Mapping[str, str] = {
    NoticeKind.CASE_OPENED: "cases",
    NoticeKind.CASE_ESCALATED: "warning",
    NoticeKind.CASE_LEVEL: "warning",
    NoticeKind.CASE_ASSIGNED: "cases",
    NoticeKind.CASE_SAID: "cases",
    NoticeKind.REFUSED: "refuse",
    NoticeKind.HELD: "refuse",
    NoticeKind.DAMAGE: "warning",
    NoticeKind.DELIVERED: "delivered",
    NoticeKind.NOT_TAKEN: "refuse",
    NoticeKind.LAPSING: "clock",
    NoticeKind.LAPSED: "lapsed",
    NoticeKind.PAPERS: "drivers",
    NoticeKind.STAY: "drivers",
    NoticeKind.LICENCE: "licences",
    NoticeKind.ROSTER: "roster",
    NoticeKind.ENDPOINT: "warning",
}


@dataclass(frozen=True)
class Subject:
    """Whom or what a line is about."""

    label: str
    more: str
    url: str


def sentence(kind: str, count: int) -> str:
    """Say what happened, with how often."""
    said = {
        NoticeKind.CASE_OPENED: ngettext("%(count)d case was opened", "%(count)d cases were opened", count),
        NoticeKind.CASE_ESCALATED: ngettext(
            "%(count)d case is critical or became heavier",
            "%(count)d cases are critical or became heavier",
            count,
        ),
        NoticeKind.CASE_LEVEL: ngettext(
            "%(count)d case became a formal enquiry, was escalated or reopened",
            "%(count)d cases became formal enquiries, were escalated or reopened",
            count,
        ),
        NoticeKind.CASE_ASSIGNED: ngettext(
            "%(count)d case was given to you", "%(count)d cases were given to you", count
        ),
        NoticeKind.CASE_SAID: ngettext(
            "Customs wrote about %(count)d case", "Customs wrote about %(count)d cases", count
        ),
        NoticeKind.REFUSED: ngettext(
            "%(count)d code was refused at the checkpoint",
            "%(count)d codes were refused at the checkpoint",
            count,
        ),
        NoticeKind.HELD: ngettext(
            "%(count)d vehicle is held at the checkpoint",
            "%(count)d vehicles are held at the checkpoint",
            count,
        ),
        NoticeKind.DAMAGE: ngettext(
            "Damage was noted on %(count)d vehicle", "Damage was noted on %(count)d vehicles", count
        ),
        NoticeKind.DELIVERED: ngettext(
            "%(count)d vehicle was delivered", "%(count)d vehicles were delivered", count
        ),
        NoticeKind.NOT_TAKEN: ngettext(
            "%(count)d vehicle was not taken by its consignee",
            "%(count)d vehicles were not taken by their consignees",
            count,
        ),
        NoticeKind.LAPSING: ngettext(
            "%(count)d code ends soon and its vehicle has not left",
            "%(count)d codes end soon and their vehicles have not left",
            count,
        ),
        NoticeKind.LAPSED: ngettext("%(count)d code lapsed unused", "%(count)d codes lapsed unused", count),
        NoticeKind.PAPERS: ngettext(
            "%(count)d paper of a driver ends soon or has ended",
            "%(count)d papers of drivers end soon or have ended",
            count,
        ),
        NoticeKind.STAY: ngettext(
            "%(count)d driver is near the limit of stay days",
            "%(count)d drivers are near the limit of stay days",
            count,
        ),
        NoticeKind.LICENCE: ngettext(
            "%(count)d export licence ends soon or is nearly used up",
            "%(count)d export licences end soon or are nearly used up",
            count,
        ),
        NoticeKind.ROSTER: ngettext(
            "%(count)d roster is worked off", "%(count)d rosters are worked off", count
        ),
        NoticeKind.ENDPOINT: ngettext(
            "%(count)d webhook endpoint was paused: it failed for days",
            "%(count)d webhook endpoints were paused: they failed for days",
            count,
        ),
    }[NoticeKind(kind)]
    return said % {"count": count}


def next_step(kind: str) -> str:
    """Say what to do about it; nothing where there is nothing to do."""
    return {
        NoticeKind.CASE_OPENED: _("Look at the case and settle it."),
        NoticeKind.CASE_ESCALATED: _("Settle it first."),
        NoticeKind.CASE_LEVEL: _("Answer it now: its time has run out."),
        NoticeKind.CASE_ASSIGNED: _("Look at the case and settle it."),
        NoticeKind.CASE_SAID: _("Read it on the case and answer."),
        NoticeKind.REFUSED: _("The trip says why and what to do."),
        NoticeKind.HELD: _("The trip says what to do; call the driver."),
        NoticeKind.DAMAGE: _("Speak with the driver and the consignee."),
        NoticeKind.NOT_TAKEN: _("The trip says why; call the consignee, then the driver."),
        NoticeKind.LAPSING: _("Send the driver off, or move the trip."),
        NoticeKind.LAPSED: _("Plan the vehicle anew."),
        NoticeKind.PAPERS: _("Ask for the renewed one and enter it."),
        NoticeKind.STAY: _("Plan others, or trips that end the same day."),
        NoticeKind.LICENCE: _("Apply for a new one."),
        NoticeKind.ENDPOINT: _("Repair it, resume it, then send a test."),
    }.get(NoticeKind(kind), "")


def subjects(notice: Notice) -> list[Subject]:
    return [
        Subject(
            one["label"], _word(one.get("word", "")), reverse("portal:notice_open", args=[notice.pk, number])
        )
        for number, one in enumerate(notice.subjects)
    ]


def left_out(notices: Iterable[Notice]) -> int:
    """Count what the lines are about beyond the subjects they name."""
    return sum(one.count - len(one.subjects) for one in notices)


def page_of(subject: Mapping[str, Any]) -> str:
    """Find the page of whom or what a line is about."""
    name, by_key = {
        "trip": ("portal:trip", True),
        "case": ("portal:case", True),
        "driver": ("portal:driver", True),
        "licence": ("portal:licences", False),
        "roster": ("portal:roster_job", True),
        "endpoint": ("portal:webhook", True),
    }.get(subject["about"], ("portal:notices", False))
    return reverse(name, args=[subject["key"]] if by_key else [])


def _word(word: str) -> str:
    words = {
        "passport_expires_on ends": _("the passport ends soon"),
        "passport_expires_on ended": _("the passport has ended"),
        "licence_expires_on ends": _("the driving licence ends soon"),
        "licence_expires_on ended": _("the driving licence has ended"),
        "licence ends": _("ends soon"),
        "licence low": _("nearly used up"),
        "handed_over damaged": pgettext("damage", "at the hand-over"),
        "delivered damaged": pgettext("damage", "on the receipt"),
    }
    if word in CaseKind.values:
        return str(CaseKind(word).label)
    return words.get(word, "")
