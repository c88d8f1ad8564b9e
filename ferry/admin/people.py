"""The people behind drivers' registrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _

from ferry.actions.people import merge_persons
from ferry.admin.base import ReadOnly, Rows
from ferry.errors import Refused
from ferry.models import Driver, Passport, Person, Stay

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest


class PassportRows(Rows):
    model = Passport
    fields = ("__str__", "nationality")
    readonly_fields = ("__str__",)


class StayRows(Rows):
    model = Stay
    fields = ("entered_on", "left_on")


class DriverRows(Rows):
    model = Driver
    fields = ("name", "name_latin", "company", "is_active")


@admin.register(Person)
class PersonPage(ReadOnly):
    list_display = ("id", "created_at")
    # What is searched for stands in an address, where a whole passport number has no place.
    search_fields = ("passports__number__endswith", "drivers__name", "drivers__name_latin")
    search_help_text = _("The last four characters of a passport number, or a name.")
    inlines = (PassportRows, DriverRows, StayRows)
    actions = ("join",)

    @admin.action(description=_("Join two records of one person"))
    def join(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        """Settle what the system would not decide by itself; only for those who may change a person."""
        if not request.user.has_perm("ferry.change_person"):
            self.message_user(request, _("You may not change persons."), messages.ERROR)
            return
        persons = list(queryset[:3])
        if len(persons) != 2:
            self.message_user(request, _("Choose exactly two persons."), messages.ERROR)
            return
        try:
            merge_persons(one=persons[0], other=persons[1])
        except Refused:
            sentence = _("They have two open trips, or one company registered both. Settle that first.")
            self.message_user(request, sentence, messages.ERROR)
        else:
            self.message_user(request, _("The two are one person now."), messages.SUCCESS)
