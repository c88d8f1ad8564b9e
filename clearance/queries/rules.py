"""Selection rules of a checkpoint, and what they would have done to last week's scans."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Q

from clearance.models import Scan, SelectionRule, Verdict
from clearance.queries.scans import lot_key
from clearance.rules.selection import Seen, Share, foresee, lot
from ferry.models import Checkpoint, Company

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from django.db.models import QuerySet

    from clearance.rules.selection import Effect

WEEK = timedelta(days=7)
COMPANIES_OFFERED = 200


def rules_at(checkpoints: Collection[Checkpoint]) -> QuerySet[SelectionRule]:
    """List the rules of these checkpoints and those that hold everywhere."""
    rows = SelectionRule.objects.filter(Q(checkpoint__in=checkpoints) | Q(checkpoint=None))
    return rows.select_related("checkpoint", "company", "replaces")


def in_force(rules: QuerySet[SelectionRule]) -> QuerySet[SelectionRule]:
    return rules.filter(is_active=True)


def drafts(rules: QuerySet[SelectionRule]) -> QuerySet[SelectionRule]:
    return rules.filter(is_active=False, started_at=None, ended_at=None, made_at__isnull=False)


def over(rules: QuerySet[SelectionRule]) -> QuerySet[SelectionRule]:
    return rules.filter(is_active=False).exclude(started_at=None, ended_at=None, made_at__isnull=False)


def effect_of(rule: SelectionRule, *, at: datetime) -> Effect:
    """Draw the last week's passes anew, as the rule would have: of its checkpoint, or of each."""
    replaced = _share_of(rule.replaces) if rule.replaces else None
    places = [rule.checkpoint] if rule.checkpoint else Checkpoint.objects.order_by("pk")
    seen = chain.from_iterable(_seen(rule, place, at) for place in places)
    return foresee(_share_of(rule), seen, replaced=replaced)


def _share_of(rule: SelectionRule) -> Share:
    return Share(rule.share, rule.from_hour, rule.until_hour)


def _seen(rule: SelectionRule, checkpoint: Checkpoint, at: datetime) -> Iterator[Seen]:
    """Give each pass of the week once, by the first scan of it that let it come to a selection."""
    zone, key = ZoneInfo(checkpoint.time_zone), lot_key()
    rows = (
        Scan.objects.filter(
            checkpoint=checkpoint,
            recorded_at__gte=at - WEEK,
            verdict__in=(Verdict.RELEASE, Verdict.EXAMINE),
            pass_used__isnull=False,
        )
        .order_by("recorded_at", "pk")
        .values_list(
            "pass_used__pass_id",
            "crossing",
            "scanned_at",
            "verdict",
            "trip__company_id",
            "trip__vehicle__powertrain",
        )
    )
    known: set[tuple[object, str]] = set()
    for pass_id, crossing, scanned_at, verdict, company_id, powertrain in rows.iterator():
        if (pass_id, crossing) in known:
            continue
        known.add((pass_id, crossing))
        yield Seen(
            lot(pass_id=pass_id, crossing=crossing, key=key),
            scanned_at.astimezone(zone).hour,
            verdict == Verdict.EXAMINE,
            _fits(rule, company_id, powertrain),
            rule.replaces is not None and _fits(rule.replaces, company_id, powertrain),
        )


def _fits(rule: SelectionRule, company_id: int, powertrain: str) -> bool:
    return rule.company_id in {None, company_id} and rule.powertrain in {"", powertrain}


def companies_offered() -> QuerySet[Company]:
    """List companies to choose from; another is named by its code."""
    return Company.objects.filter(is_active=True).order_by("name")[:COMPANIES_OFFERED]


def company_named(text: str) -> Company | None:
    """Find a company by its code or its whole name, which no two should share."""
    found = list(Company.objects.filter(Q(uscc=text.upper()) | Q(name__iexact=text))[:2])
    return found[0] if len(found) == 1 else None
