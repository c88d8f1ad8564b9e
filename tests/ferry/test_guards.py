"""What is only added to stays as it was written, whoever asks the database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, models, transaction

from ferry.actions.case_work import comment_case
from ferry.actions.cases import open_case
from ferry.models import Case, CaseKind, CaseStep, TripEvent, Weight
from ferry.models.guards import GUARDS, Guard, guard_names, guards_laid, lay_guards
from tests.builders import AT, BY, a_trip

pytestmark = pytest.mark.django_db

MODELS: dict[str, type[models.Model]] = {model._meta.db_table: model for model in (TripEvent, CaseStep)}


@pytest.fixture(autouse=True)
def case() -> Case:
    """Open a case with a comment, and have the guards that tests lift to empty their tables."""
    case = open_case(trip=a_trip(), kind=CaseKind.DAMAGE, weight=Weight.LOW, facts={"x": 1}, at=AT, by=BY)
    assert case is not None
    comment_case(case=case, text="Scratched.", is_internal=False, party="company", at=AT, by=BY)
    connection.check_constraints()  # PostgreSQL alters no table that a constraint still waits to see.
    lay_guards(connection)
    return case


def rows() -> dict[str, list[tuple[object, ...]]]:
    return {table: sorted(model._default_manager.values_list()) for table, model in MODELS.items()}  # type: ignore[type-var]


def refuses(change: Callable[[], object]) -> None:
    before = rows()
    with pytest.raises(DatabaseError, match=r"only added to|stays as it was"), transaction.atomic():
        change()
    assert rows() == before


def test_all_of_them_are_laid() -> None:
    assert {guard.table for guard in GUARDS} == set(MODELS)
    assert guards_laid(connection) == guard_names(connection.vendor)


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.table)
def test_no_column_changes_but_those_that_see_it_off(guard: Guard) -> None:
    model = MODELS[guard.table]
    row = model._default_manager.latest("pk")
    for field in model._meta.concrete_fields:
        own = model._default_manager.filter(pk=row.pk)
        value = another(field, getattr(row, field.attname))
        if field.attname in guard.may_change:
            own.update(**{field.attname: value})
        else:
            refuses(lambda own=own, name=field.attname, value=value: own.update(**{name: value}))  # type: ignore[misc]


def another(field: models.Field[object, object], value: object) -> object:
    """Give a value that fits the column and is not the one it has."""
    match field:
        case models.DateTimeField():
            return AT.replace(year=2001)
        case models.BooleanField():
            return not value
        case models.JSONField():
            return {"x": "another"}
        case models.IntegerField() | models.ForeignKey():
            return int(str(value or 0)) + 1000
    return "another"


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.table)
def test_no_row_goes(guard: Guard) -> None:
    rows_of = MODELS[guard.table]._default_manager
    refuses(lambda: rows_of.all().delete())
    refuses(lambda: rows_of.all()._raw_delete("default"))


@pytest.mark.postgres
@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.table)
def test_no_table_is_emptied(guard: Guard) -> None:
    def empty() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {guard.table} CASCADE")

    refuses(empty)


def test_a_trip_does_not_go_with_what_happened_to_it(case: Case) -> None:
    trip = a_trip()
    refuses(trip.delete)
