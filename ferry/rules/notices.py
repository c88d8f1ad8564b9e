"""How members are usually told, when a letter is due, and what joins a line that is there already."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings

from ferry.models import MailTime, NoticeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

CHINA = ZoneInfo(settings.CHINA_TIME_ZONE)
DIGEST_AT = time(7)
#: What happens within this time after a line began joins it, if nobody has read it.
JOINED_FOR = timedelta(hours=1)
#: A letter at once waits so long for more of the same.
GATHERED_FOR = timedelta(minutes=1)
SUBJECTS = 5
#: After each letter that could not be sent.
MAIL_WAITS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))


class Choice(NamedTuple):
    in_app: bool
    mail: MailTime


SHOWN, UNSEEN = Choice(True, MailTime.NEVER), Choice(False, MailTime.NEVER)
#: What needs somebody is shown; what cannot wait is also sent.
USUAL: Mapping[str, Choice] = {
    **{kind.value: SHOWN for kind in NoticeKind},
    NoticeKind.DELIVERED.value: UNSEEN,
    NoticeKind.CASE_ESCALATED.value: Choice(True, MailTime.AT_ONCE),
    NoticeKind.CASE_LEVEL.value: Choice(True, MailTime.AT_ONCE),
    NoticeKind.HELD.value: Choice(True, MailTime.AT_ONCE),
    NoticeKind.NOT_TAKEN.value: Choice(True, MailTime.AT_ONCE),
    NoticeKind.ENDPOINT.value: Choice(True, MailTime.AT_ONCE),
}


def mail_due(mail: str, *, at: datetime) -> datetime | None:
    if mail == MailTime.AT_ONCE:
        return at + GATHERED_FOR
    return next_digest(at) if mail == MailTime.DIGEST else None


def next_digest(at: datetime) -> datetime:
    """Find the next seven o'clock in the morning in Beijing."""
    local = at.astimezone(CHINA)
    today = datetime.combine(local.date(), DIGEST_AT, CHINA)
    return today if local < today else today + timedelta(days=1)


def next_mail(tries: int, *, at: datetime) -> datetime | None:
    """Say when to try again after so many tries; None to give up."""
    return at + MAIL_WAITS[tries - 1] if tries <= len(MAIL_WAITS) else None
