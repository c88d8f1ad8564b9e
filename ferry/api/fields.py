"""Fields of the interface's own."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from ferry.models import Weight

EARLIEST, LATEST = 2000, 2100


class Moment(serializers.DateTimeField):
    """A moment in RFC 3339 with its offset from UTC: two countries' clocks leave no room for guessing."""

    default_error_messages = {
        "no_offset": _("Write the moment with its offset from UTC, for example 2026-11-22T08:00:00Z."),
        "out_of_range": _("Write a moment between the years 2000 and 2100."),
    }

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str):
            self.fail("no_offset")
        moment = super().to_internal_value(value)
        if _is_naive(value):
            self.fail("no_offset")
        if not EARLIEST <= moment.year < LATEST:
            self.fail("out_of_range")
        return moment


class Day(serializers.DateField):
    """A calendar day that can still be counted from."""

    default_error_messages = {"out_of_range": _("Write a day between the years 1950 and 2100.")}

    def to_internal_value(self, value: Any) -> date:
        day = super().to_internal_value(value)
        if not 1950 <= day.year < LATEST:
            self.fail("out_of_range")
        return day


class Text(serializers.CharField):
    """Text as written, never a number taken for one: 18 digits or a PIN with a leading nought are text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class UUIDText(serializers.UUIDField):
    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value="")
        return super().to_internal_value(data)


def _is_naive(value: str) -> bool:
    parsed = parse_datetime(value)
    return parsed is not None and parsed.tzinfo is None


#: How heavy a case is, in the words of the interface; the numbers are for sorting.
WEIGHTS = [(weight.name.lower(), weight.label) for weight in Weight]


class WeightWord(serializers.ChoiceField):
    def __init__(self, **options: Any) -> None:
        super().__init__(choices=WEIGHTS, **options)

    def to_representation(self, value: Any) -> str:
        return Weight(value).name.lower()
