"""Tell members: write their lines, mark them read, keep their choices, and see their letters off."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db import transaction

from ferry.models import MailTime, Membership, Notice, NoticeChoice, NoticeKind, User
from ferry.queries.notices import choice, chosen, lines_to_join, notices_to_mail, told_members, unread_notices
from ferry.rules.notices import SUBJECTS, USUAL, Choice, mail_due, next_mail

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from ferry.rules.news import MemberNews

LETTERS_AT_ONCE = 50


def tell_members(*, news: Sequence[MemberNews], at: datetime) -> None:
    """Write each member a line for each kind, or let the news join a line that nobody has read yet."""
    lines = _lines(news) if news else {}
    if not lines:
        return
    members = {membership.pk: membership for membership, _kind in lines}
    choices = chosen(members.values())
    wanted = {
        (membership, kind): (told, choice(choices, membership, kind))
        for (membership, kind), told in lines.items()
    }
    kinds = {kind for _membership, kind in wanted}
    with transaction.atomic():
        there = lines_to_join(list(members), kinds, at=at).select_for_update(skip_locked=True, of=("self",))
        open_lines = {(line.membership_id, line.kind): line for line in there}
        new, joined = [], []
        for (membership, kind), (told, how) in wanted.items():
            line = open_lines.get((membership.pk, kind))
            if line is not None:
                joined.append(_join(line, told, at))
            elif how.in_app or mail_due(how.mail, at=at):
                new.append(_join(_line(membership, kind, how, at), told, at))
        Notice.objects.bulk_create(new)
        Notice.objects.bulk_update(joined, ["count", "subjects", "at"])


def _lines(news: Sequence[MemberNews]) -> dict[tuple[Membership, str], list[MemberNews]]:
    lines: dict[tuple[Membership, str], list[MemberNews]] = defaultdict(list)
    members = defaultdict(list)
    for membership in told_members(one.company_id for one in news):
        members[membership.company_id].append(membership)
    for one in news:
        for membership in members[one.company_id]:
            if membership.role in one.roles and one.user in ("", membership.user.email):
                lines[membership, one.kind.value].append(one)
    return lines


def _line(membership: Membership, kind: str, how: Choice, at: datetime) -> Notice:
    return Notice(
        membership=membership,
        kind=kind,
        began_at=at,
        in_app=how.in_app,
        mail_due_at=mail_due(how.mail, at=at),
    )


def _join(line: Notice, told: Sequence[MemberNews], at: datetime) -> Notice:
    subjects = [
        {"about": one.about, "key": one.key, "label": one.label, "word": one.word}
        for one in told[: SUBJECTS - len(line.subjects)]
    ]
    line.count += len(told)
    line.subjects = [*line.subjects, *subjects]
    line.at = at
    return line


def read_notice(*, notice: Notice, at: datetime) -> bool:
    return bool(Notice.objects.filter(pk=notice.pk, read_at__isnull=True).update(read_at=at))


def read_all(*, membership: Membership, up_to: int, at: datetime) -> int:
    """Mark lines read, up to the newest that was shown: what came meanwhile stays unread."""
    return unread_notices(membership).filter(pk__lte=up_to).update(read_at=at)


def keep_choices(*, membership: Membership, choices: Mapping[str, Choice]) -> None:
    """Keep what differs from the usual."""
    rows = [
        NoticeChoice(membership=membership, kind=kind, in_app=how.in_app, mail=how.mail)
        for kind, how in choices.items()
        if how != USUAL[kind]
    ]
    with transaction.atomic():
        Membership.objects.select_for_update(no_key=True, of=("self",)).get(pk=membership.pk)
        NoticeChoice.objects.filter(membership=membership, kind__in=list(choices)).delete()
        NoticeChoice.objects.bulk_create(rows)


def stop_letters(*, membership: Membership, kinds: Collection[str]) -> None:
    """Send no more letters of these kinds, nor those that wait; what is shown stays shown."""
    choices = chosen([membership])
    stopped = {
        kind: choice(choices, membership, kind)._replace(mail=MailTime.NEVER)
        for kind in kinds
        if kind in NoticeKind.values
    }
    keep_choices(membership=membership, choices=stopped)
    Notice.objects.filter(membership=membership, kind__in=list(stopped), mailed_at__isnull=True).update(
        mail_due_at=None
    )


def keep_language(*, user: User, language: str) -> None:
    """Write to a user in the language he chose last."""
    User.objects.filter(pk=user.pk).exclude(language=language).update(language=language)


# --- Letters -------------------------------------------------------------------------------------


def claim_letters(*, at: datetime) -> list[list[Notice]]:
    """Take the lines that are due by letter, a letter a member; unless sent they are due again later.

    Workers hold members and not lines: two that each held some of a member's would tear his letter in two.
    """
    members = notices_to_mail(at=at).order_by("membership").values_list("membership", flat=True).distinct()
    waiting = list(members[:LETTERS_AT_ONCE])
    if not waiting:
        return []
    with transaction.atomic():
        free = Membership.objects.filter(pk__in=waiting).select_for_update(skip_locked=True, no_key=True)
        due = notices_to_mail(at=at).filter(membership__in=[one.pk for one in free.only("pk")])
        held = list(due.select_for_update(of=("self",)).order_by("membership", "pk"))
        for line in held:
            line.mail_tries += 1
            line.mail_due_at = next_mail(line.mail_tries, at=at)
        Notice.objects.bulk_update(held, ["mail_tries", "mail_due_at"])
    letters: dict[int, list[Notice]] = defaultdict(list)
    for line in held:
        letters[line.membership_id].append(line)
    return list(letters.values())


def letter_sent(*, notices: Iterable[Notice], at: datetime) -> None:
    """Never send these lines again."""
    Notice.objects.filter(pk__in=[one.pk for one in notices]).update(mailed_at=at, mail_due_at=None)
