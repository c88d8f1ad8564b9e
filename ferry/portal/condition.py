"""How a vehicle looked at both ends of its trip, and what is new at the far one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from ferry.models import Side, Stage
from ferry.portal.access import member
from ferry.portal.documents import hand_out
from ferry.queries.condition_checks import checks_of, condition_photos_of
from ferry.rules.condition import new_marks
from ferry.rules.outline import shape_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from ferry.models import ConditionCheck, ConditionPhoto, DamageMark, Membership, Trip


@dataclass(frozen=True)
class SideShown:
    """A side that something is marked on."""

    side: Side
    marks: list[DamageMark]


@dataclass(frozen=True)
class End:
    """One look at the vehicle; `distance_km` and `keys_lost` are since the pick-up, where that is known."""

    check: ConditionCheck
    sides: list[SideShown]
    marks: list[DamageMark]
    new: list[DamageMark]
    photos: list[ConditionPhoto]
    distance_km: int | None = None
    keys_lost: int = 0


@dataclass(frozen=True)
class Beside:
    """A new mark of a check with its photo, and the first photo of that side before."""

    mark: DamageMark
    check: ConditionCheck
    photo: ConditionPhoto | None
    before: ConditionPhoto | None


def condition_context(trip: Trip) -> dict[str, Any]:
    """Give what templates/portal/condition.html draws."""
    # The last look of each stage: who drove in the end is who looked last.
    last = {check.stage: check for check in checks_of(trip)}
    first = last.get(Stage.PICK_UP)
    ends = [_end(last[stage], first) for stage in Stage if stage in last]
    return {
        "shape": shape_of(trip.vehicle),
        "ends": ends,
        "is_compared": first is not None,
        "new_damage": [_beside(end, mark, first) for end in ends for mark in end.new],
    }


def _end(check: ConditionCheck, first: ConditionCheck | None) -> End:
    marks = sorted(check.marks.all(), key=lambda mark: mark.number)
    is_later = first is not None and check != first
    sides = [SideShown(side, [mark for mark in marks if mark.side == side]) for side in Side]
    return End(
        check=check,
        sides=[side for side in sides if side.marks],
        marks=marks,
        new=new_marks(first.marks.all(), marks) if first and is_later else [],
        photos=_in_order(check),
        distance_km=_more(check.odometer_km, first.odometer_km) if first and is_later else None,
        keys_lost=max(0, _more(first.keys, check.keys) or 0) if first and is_later else 0,
    )


def _more(one: int | None, other: int | None) -> int | None:
    return one - other if one is not None and other is not None else None


def _in_order(check: ConditionCheck) -> list[ConditionPhoto]:
    return sorted(check.photos.all(), key=lambda photo: photo.pk)


def _beside(end: End, mark: DamageMark, first: ConditionCheck | None) -> Beside:
    shows = [photo for photo in end.photos if photo.mark_number == mark.number]
    return Beside(mark, end.check, next(iter(shows), None), _first_of_side(first, mark.side))


def _first_of_side(check: ConditionCheck | None, side: str) -> ConditionPhoto | None:
    """Find the first photo of a side; where none names it, the first of the whole vehicle."""
    if check is None:
        return None
    of_side = {mark.number for mark in check.marks.all() if mark.side == side}
    photos = _in_order(check)
    return _first(photos, of_side) or _first(photos, {None})


def _first(photos: Sequence[ConditionPhoto], numbers: set[int] | set[None]) -> ConditionPhoto | None:
    return next((photo for photo in photos if photo.mark_number in numbers), None)


@require_safe
@member()
def condition_photo(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    """Send a photo to a member of the company whose trip it is of."""
    photo = get_object_or_404(condition_photos_of(membership.company), pk=pk)
    return hand_out(photo.file, content_type=photo.content_type, name=f"condition-{photo.pk}.jpg")


@require_safe
@member()
def condition_photo_small(request: HttpRequest, membership: Membership, pk: int) -> HttpResponse:
    photo = get_object_or_404(condition_photos_of(membership.company), pk=pk)
    return hand_out(photo.thumbnail, content_type=photo.content_type, name=f"condition-{photo.pk}-small.jpg")
