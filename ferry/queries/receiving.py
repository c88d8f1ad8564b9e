"""Find what a windscreen's code delivers, and what its consignee said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferry.models import ConditionCheck, DeliveryRefusal, PassState, Receipt, Stage
from ferry.queries.passes import find_pass, passes_in_full
from ferry.rules.receiving import Standing, is_over, standing

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

    from ferry.models import Pass, Trip


@dataclass(frozen=True)
class Delivery:
    """A pass with its consignee's word: the receipt, which stands over a refusal before it."""

    pass_: Pass
    receipt: Receipt | None
    refusal: DeliveryRefusal | None

    @property
    def trip(self) -> Trip:
        return self.pass_.trip

    @property
    def standing(self) -> Standing:
        return standing(
            trip_state=self.trip.state,
            pass_state=self.pass_.state,
            is_confirmed=self.receipt is not None,
            is_refused=self.refusal is not None,
        )

    @property
    def answer(self) -> Receipt | DeliveryRefusal | None:
        return self.receipt or self.refusal

    def is_over(self, at: datetime) -> bool:
        confirmed_at = self.receipt.confirmed_at if self.receipt else None
        return is_over(closes_at=self.pass_.closes_at, confirmed_at=confirmed_at, at=at)


def find_delivery(text: str, *, at: datetime) -> Delivery | None:
    """Find a delivery by a code, its address or its short code; None if we never issued it."""
    pass_ = find_pass(text, at=at)
    return _delivery(pass_) if pass_ else None


def delivery_of(trip: Trip) -> Delivery | None:
    """Find a trip's delivery by the pass its vehicle drove on; None before its first code."""
    passes = passes_in_full().filter(trip=trip)
    pass_ = passes.filter(state=PassState.SPENT).order_by("pk").last() or passes.order_by("pk").last()
    return _delivery(pass_) if pass_ else None


def check_of(answer: Receipt | DeliveryRefusal) -> ConditionCheck | None:
    """Find the check that a consignee made with his word: both are of the same moment."""
    at = answer.confirmed_at if isinstance(answer, Receipt) else answer.refused_at
    return _checks([answer.trip_id]).filter(checked_at=at).first()


def consignees_check(trip: Trip, check_id: UUID | None) -> ConditionCheck | None:
    """Find the consignee's check of this id, or his last one."""
    checks = _checks([trip.pk])
    return checks.filter(check_id=check_id).first() if check_id else checks.last()


def receipts_of(trips: Collection[int]) -> dict[int, tuple[Pass, Receipt, ConditionCheck | None]]:
    """Find what the papers of these trips' receipts say, in the same few queries however many they are."""
    receipts = Receipt.objects.filter(trip__in=trips)
    answers = {one.trip_id: one for one in receipts}
    # A spent pass comes last, and after it nothing: by that one the vehicle drove.
    passes = passes_in_full().filter(trip__in=list(answers)).order_by("pk")
    driven = {one.trip_id: one for one in sorted(passes, key=lambda one: one.state == PassState.SPENT)}
    checks = {(one.trip_id, one.checked_at): one for one in reversed(list(_checks(list(answers))))}
    return {
        trip: (driven[trip], answer, checks.get((trip, answer.confirmed_at)))
        for trip, answer in answers.items()
        if trip in driven
    }


def _checks(trips: Collection[int]) -> QuerySet[ConditionCheck]:
    checks = ConditionCheck.objects.filter(trip__in=trips, stage=Stage.RECEIPT, driver=None)
    return checks.prefetch_related("marks", "photos").order_by("checked_at", "pk")


def _delivery(pass_: Pass) -> Delivery:
    receipt = Receipt.objects.filter(trip=pass_.trip).first()
    refusal = DeliveryRefusal.objects.filter(trip=pass_.trip).first()
    return Delivery(pass_, receipt, refusal)
