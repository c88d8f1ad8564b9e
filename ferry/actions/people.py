"""Keep one person one person, across companies and passports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from ferry.errors import Conflict, Reason
from ferry.models import Passport, Person, Stay

if TYPE_CHECKING:
    from datetime import datetime


def add_passport(*, person: Person | None, number: str, nationality: str, at: datetime) -> Person:
    """Say that a passport is a person's, or a new person's if none is named; give who it is.

    Somebody else may have registered the same passport meanwhile: then the person is theirs.
    """
    with transaction.atomic():
        holder = person or Person.objects.create(created_at=at)
        passport, made = Passport.objects.get_or_create(
            number=number, nationality=nationality, defaults={"person": holder}
        )
        if not made and person is None:
            holder.delete()
    return passport.person


def merge_persons(*, one: Person, other: Person) -> Person:
    """Join two records of one human being under the older one; everything that was either's is now his.

    Conflict where the two have what one man cannot: two trips at once, two registrations in one company.
    """
    kept, gone = sorted((one, other), key=lambda person: person.pk)
    try:
        with transaction.atomic():
            list(Person.objects.select_for_update().filter(pk__in=[kept.pk, gone.pk]).order_by("pk"))
            _join_stays(kept, gone)
            for link in Person._meta.related_objects:
                rows = link.related_model._default_manager.filter(**{link.field.name: gone})
                rows.update(**{link.field.name: kept})
            gone.delete()
    except IntegrityError as error:
        raise Conflict(_cannot_join()) from error
    return kept


def _join_stays(kept: Person, gone: Person) -> None:
    """Make one of two stays that begin on one day; a known departure says more than none."""
    ours = {stay.entered_on: stay for stay in Stay.objects.filter(person=kept)}
    for stay in Stay.objects.filter(person=gone, entered_on__in=ours):
        same = ours[stay.entered_on]
        stay.delete()
        same.trip_id = same.trip_id or stay.trip_id
        same.left_on = max(filter(None, (same.left_on, stay.left_on)), default=None)
        same.save()


def _cannot_join() -> Reason:
    detail = _(
        "The driver's old and new passports cannot be joined by the system just now. "
        "Ask the operator to settle it."
    )
    return Reason("passports_cannot_be_joined", detail, "passport_number")
