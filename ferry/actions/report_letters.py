"""Subscribe to reports, and see each period's letters off, once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from ferry.models import ReportLetter, Subscription
from ferry.queries.issue import china_date
from ferry.queries.report_letters import letters_due, without_letter
from ferry.rules.notices import CHINA, DIGEST_AT, next_mail
from ferry.rules.reports import KINDS, period_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ferry.models import Checkpoint, Membership, Route, User

LETTERS_AT_ONCE = 20


def subscribe(
    *,
    user: User,
    membership: Membership | None = None,
    checkpoint: Checkpoint | None = None,
    rhythm: str,
    routes: Sequence[Route] = (),
    language: str,
    at: datetime,
) -> Subscription:
    """Have a report sent when each period is over; said again, routes and language are the new ones."""
    with transaction.atomic():
        subscription, _is_new = Subscription.objects.update_or_create(
            user=user,
            membership=membership,
            checkpoint=checkpoint,
            rhythm=rhythm,
            defaults={"language": language},
            create_defaults={"language": language, "created_at": at},
        )
        subscription.routes.set(routes)
    return subscription


def unsubscribe(*, subscription: Subscription) -> bool:
    """Send no more of these, nor what waits; False if it was ended already."""
    return bool(Subscription.objects.filter(pk=subscription.pk).delete()[0])


def queue_letters(*, at: datetime) -> int:
    """Queue the letters of the last whole day, week and month, from seven in the morning in Beijing."""
    if at.astimezone(CHINA).time() < DIGEST_AT:
        return 0
    yesterday = china_date(at) - timedelta(days=1)
    queued = 0
    for kind in KINDS:
        today = period_of(kind, yesterday + timedelta(days=1))
        last = today.earlier
        rows = [ReportLetter(subscription=one, first=last.first, due_at=at) for one in without_letter(last)]
        ReportLetter.objects.bulk_create(rows, ignore_conflicts=True)
        queued += len(rows)
    return queued


def claim_report_letters(*, of_checkpoints: bool, at: datetime) -> list[ReportLetter]:
    """Take some letters that are due; unless sent they are due again later, and given up in the end."""
    with transaction.atomic():
        due = letters_due(of_checkpoints=of_checkpoints, at=at)
        held = list(due.select_for_update(skip_locked=True, of=("self",))[:LETTERS_AT_ONCE])
        for letter in held:
            letter.tries += 1
            letter.due_at = next_mail(letter.tries, at=at)
        ReportLetter.objects.bulk_update(held, ["tries", "due_at"])
    full = ReportLetter.objects.filter(pk__in=[letter.pk for letter in held]).order_by("pk")
    return list(
        full.select_related(
            "subscription__user", "subscription__membership__company", "subscription__checkpoint"
        ).prefetch_related("subscription__routes__exit", "subscription__routes__entry")
    )


def report_letter_done(*, letter: ReportLetter, is_sent: bool, at: datetime) -> None:
    """Never send this letter again: it is sent, or its reader may not have it any more."""
    ReportLetter.objects.filter(pk=letter.pk).update(due_at=None, sent_at=at if is_sent else None)
