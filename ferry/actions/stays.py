"""Keep a person's stays in Kazakhstan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from ferry.models import Stay

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from ferry.models import Person, Trip


def enter(*, person: Person, on: date, trip: Trip | None = None, left_on: date | None = None) -> Stay:
    """Open a stay on a Kazakh date; the same trip, or the same day, is one stay.

    `left_on` is when he is known to have left again: the return may be told before the entry.
    """
    left_on = left_on and max(left_on, on)
    with transaction.atomic():
        if trip is not None and Stay.objects.filter(trip=trip).exclude(person=person).exists():
            # Another drove it in, as far as is known; that stay is his.
            trip = None
        same = Q(entered_on=on) | Q(trip=trip) if trip else Q(entered_on=on)
        stay = Stay.objects.filter(same, person=person).order_by("entered_on").first()
        if stay is None:
            return Stay.objects.create(person=person, entered_on=on, left_on=left_on, trip=trip)
        if stay.trip_id is not None and trip is not None and stay.trip_id != trip.pk and stay.left_on == on:
            stay.left_on = left_on
            stay.save(update_fields=["left_on"])
        return stay


def leave(*, person: Person, on: date) -> bool:
    """Close the open stay that began on or before a Kazakh date; False if there is none."""
    stay = (
        Stay.objects.filter(person=person, left_on__isnull=True, entered_on__lte=on)
        .order_by("-entered_on")
        .first()
    )
    if stay is None:
        return False
    return bool(Stay.objects.filter(pk=stay.pk, left_on__isnull=True).update(left_on=on))


def leave_all(*, on: Mapping[int, date]) -> None:
    """Close the open stay of each person (by id) as `leave` does."""
    open_stays = Stay.objects.filter(person__in=on, left_on__isnull=True).order_by("entered_on")
    latest = {stay.person_id: stay for stay in open_stays if stay.entered_on <= on[stay.person_id]}
    for person_id, stay in latest.items():
        stay.left_on = on[person_id]
    Stay.objects.bulk_update(latest.values(), ["left_on"])


def correct_leaving(*, person: Person, was: date, on: date) -> None:
    """Move the end of the stay that was taken to end on one Kazakh date to another."""
    stays = Stay.objects.filter(person=person, left_on=was, entered_on__lte=on)
    stay = stays.order_by("-entered_on").first()
    if stay is not None:
        Stay.objects.filter(pk=stay.pk).update(left_on=on)
