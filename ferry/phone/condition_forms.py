"""What a driver or a consignee fills in when he looks a vehicle over.

The outline's fields are told at the top of templates/phone/_outline.html, which draws them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ferry.models import DamageKind, Side
from ferry.rules.condition import Looked, Mark
from ferry.rules.outline import SIZES, Zone, zone_of, zones_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.files.uploadedfile import UploadedFile
    from django_stubs_ext import StrOrPromise

#: Marks of one check, and the rows that a page without JavaScript offers.
MOST_MARKS = 30
ROWS = 4
MOST_KM = 2_000_000
MOST_KEYS = 20

TAPPED = re.compile(r"(?P<side>[a-z]{1,10}):(?P<x>[0-9]{1,4}),(?P<y>[0-9]{1,4})")
NAMED = re.compile(r"(?P<side>[a-z]{1,10}):(?P<zone>[a-z_]{1,20})")
FIELD = re.compile(r"mark-(?P<number>[1-9][0-9]?)-(?:where|kind)")


@dataclass(frozen=True)
class SideDrawn:
    """A side as the outline draws it."""

    side: str
    label: StrOrPromise
    zones: tuple[Zone, ...]


@dataclass(frozen=True)
class Row:
    """One mark as it was filled in, to be drawn again; both are empty in a row not used."""

    number: int
    where: str = ""
    kind: str = ""
    side: StrOrPromise = ""

    @property
    def is_tapped(self) -> bool:
        return TAPPED.fullmatch(self.where) is not None


class MarksForm(forms.Form):
    """The marks on an outline. A form with other fields inherits it and has `marks` in its cleaned data."""

    keeps_place = forms.BooleanField(
        label=_("Keep where the photos were taken"), required=False, label_suffix=""
    )

    def __init__(self, *said: Any, shape: str, **named: Any) -> None:
        super().__init__(*said, **named)
        self.shape = shape

    @property
    def sides(self) -> list[SideDrawn]:
        return [SideDrawn(side, side.label, zones_of(self.shape, side)) for side in Side]

    @property
    def kinds(self) -> list[tuple[str, StrOrPromise]]:
        return list(DamageKind.choices)

    @property
    def most_marks(self) -> int:
        return MOST_MARKS

    @property
    def rows(self) -> list[Row]:
        """Give what was filled in, and empty rows up to the usual number."""
        used = [row for row in self._filled() if row.where]
        free = (number for number in range(1, MOST_MARKS + 1) if number not in {row.number for row in used})
        return sorted(
            [*used, *(Row(next(free)) for _row in range(max(1, ROWS - len(used))) if len(used) < MOST_MARKS)],
            key=lambda row: row.number,
        )

    @property
    def blank_row(self) -> Row:
        """Give what every new row is made from; no mark has its number."""
        return Row(0)

    def photos(self) -> list[tuple[UploadedFile[Any], int | None]]:
        """Give the files that came with the form, each with the number of the mark it shows."""
        whole = [(file, None) for file in self.files.getlist("photos")] if self.files else []
        numbers = range(1, MOST_MARKS + 1)
        return whole + [
            (file, number)
            for number in numbers
            if self.files
            for file in self.files.getlist(f"mark-{number}-photo")
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        data["marks"] = self._marks()
        return data

    def looked(self) -> Looked:
        """Give what the check found."""
        names = ("odometer_km", "level_percent", "keys", "note")
        said = {name: self.cleaned_data[name] for name in names if name in self.fields}
        return Looked(marks=self.cleaned_data["marks"], **said)

    def _filled(self) -> Iterator[Row]:
        numbers = sorted(
            {int(found["number"]) for name in self.data if (found := FIELD.fullmatch(str(name)))}
        )
        for number in numbers:
            where, kind = (
                str(self.data.get(f"mark-{number}-{part}") or "")[:40] for part in ("where", "kind")
            )
            side = where.partition(":")[0]
            yield Row(number, where, kind, Side(side).label if side in Side.values else "")

    def _marks(self) -> tuple[Mark, ...]:
        marks = []
        for row in self._filled():
            if not row.where:
                continue
            place = self._place(row.where)
            if place is None or row.kind not in {"", *DamageKind.values} or row.number > MOST_MARKS:
                self.add_error(
                    None, forms.ValidationError(BAD_MARK, code="mark", params={"number": row.number})
                )
                continue
            marks.append(Mark(row.number, *place, row.kind or DamageKind.SCRATCH))
        return tuple(marks)

    def _place(self, where: str) -> tuple[str, int, int] | None:
        tapped = TAPPED.fullmatch(where)
        if tapped:
            side, x, y = tapped["side"], int(tapped["x"]), int(tapped["y"])
            return (side, x, y) if side in SIZES and max(x, y) <= 1000 else None
        named = NAMED.fullmatch(where)
        zone = zone_of(self.shape, named["side"], named["zone"]) if named else None
        return (named["side"], zone.x, zone.y) if named and zone else None


class ConditionForm(MarksForm):
    """A driver's check at either end."""

    odometer_km = forms.IntegerField(
        label=_("Odometer, km"),
        min_value=0,
        max_value=MOST_KM,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    level_percent = forms.IntegerField(
        label=_("Fuel, %"),
        min_value=0,
        max_value=100,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    keys = forms.IntegerField(
        label=_("Number of keys"),
        min_value=0,
        max_value=MOST_KEYS,
        required=False,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    note = forms.CharField(
        label=_("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *said: Any, shape: str, is_electric: bool = False, **named: Any) -> None:
        super().__init__(*said, shape=shape, **named)
        if is_electric:
            self.fields["level_percent"].label = _("Battery charge, %")

    @property
    def figures(self) -> list[forms.BoundField]:
        """Give what is read off the vehicle."""
        return [self[name] for name in ("odometer_km", "level_percent", "keys")]


BAD_MARK = _("Mark %(number)s is not on the vehicle. Take it away and mark it again.")
