"""Write a member's letter about his notices, in his language."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.signing import BadSignature, Signer
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from ferry.models import NoticeKind
from ferry.rules.notices import SUBJECTS
from ferry.telling import Subject, left_out, next_step, sentence, subjects

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from ferry.models import Membership, Notice

#: Links in letters are good for as long as the key that signs them, and only stop letters.
SIGNER = Signer(salt="ferryman: stop letters")


@dataclass(frozen=True)
class Part:
    """What a letter says of one kind."""

    text: str
    subjects: list[Subject]
    more: int
    next: str
    name: str
    stop: str


def write_letter(membership: Membership, notices: Sequence[Notice]) -> EmailMultiAlternatives:
    """Write one letter of all these lines; `membership` comes with its user and company."""
    with translation.override(membership.user.language or settings.LANGUAGE_CODE):
        parts = [_part(membership, kind, lines) for kind, lines in _by_kind(notices).items()]
        context = {
            "parts": parts,
            "company": membership.company,
            "site": settings.SITE_URL,
            "page": settings.SITE_URL + reverse("portal:notices"),
            "choices": settings.SITE_URL + reverse("portal:notice_choices"),
            "language": translation.get_language(),
        }
        letter = EmailMultiAlternatives(
            subject=_subject(membership, parts),
            body=render_to_string("mail/notices.txt", context),
            to=[membership.user.email],
            headers=_headers(membership, notices),
        )
        letter.attach_alternative(render_to_string("mail/notices.html", context), "text/html")
    return letter


def _by_kind(notices: Iterable[Notice]) -> dict[str, list[Notice]]:
    kinds: dict[str, list[Notice]] = defaultdict(list)
    for notice in notices:
        kinds[notice.kind].append(notice)
    return {kind.value: kinds[kind.value] for kind in NoticeKind if kind.value in kinds}


def _part(membership: Membership, kind: str, lines: Sequence[Notice]) -> Part:
    named = [subject for line in lines for subject in subjects(line)]
    return Part(
        text=sentence(kind, sum(line.count for line in lines)),
        subjects=named[:SUBJECTS],
        more=left_out(lines) + len(named[SUBJECTS:]),
        next=next_step(kind),
        name=str(NoticeKind(kind).label),
        stop=settings.SITE_URL + stop_link(membership, [kind]),
    )


def _subject(membership: Membership, parts: Sequence[Part]) -> str:
    text = parts[0].text
    if len(parts) > 1:
        text = _("%(first)s, and more") % {"first": text}
    return " ".join(f"{membership.company.name}: {text}".split())


def _headers(membership: Membership, notices: Sequence[Notice]) -> dict[str, str]:
    """Let a mail program stop these kinds by one click (RFC 8058), and know a letter that comes twice."""
    stop = settings.SITE_URL + stop_link(membership, _by_kind(notices))
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    return {
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Message-ID": f"<notices-{notices[0].pk}-{notices[-1].pk}@{host}>",
        "Auto-Submitted": "auto-generated",
    }


def stop_link(membership: Membership, kinds: Collection[str]) -> str:
    token = SIGNER.sign(f"{membership.pk}.{'.'.join(kinds)}")
    return reverse("portal:notice_stop", args=[token])


def read_stop_link(token: str) -> tuple[int, list[str]] | None:
    """Say whose letters of which kinds a link stops; None if it is not one of ours."""
    try:
        pk, *kinds = SIGNER.unsign(token).split(".")
    except BadSignature:
        return None
    return int(pk), kinds
