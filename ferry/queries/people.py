"""Find the human being behind a passport."""

from __future__ import annotations

from ferry.models import Driver, Person
from ferry.rules.letters import plain_capitals


def person_with_passport(number: str, nationality: str) -> Person | None:
    return Person.objects.filter(passports__number=number, passports__nationality=nationality).first()


def goes_by(person: Person, name: str) -> bool:
    """Say whether any registration of the person carries this name, however it is written."""
    names = Driver.objects.filter(person=person).values_list("name", flat=True)
    return plain_capitals(name) in {plain_capitals(other) for other in names}
