"""Keep master data: refuse with every reason at once, and leave a row of history for each change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from ferry.errors import Invalid, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import Model

    from ferry.rules.findings import Finding

REASON_LENGTH = 100


def refuse_unless_valid(row: Model, finding: Finding) -> None:
    """Raise Invalid with every reason at once."""
    reasons = reasons_against_row(row, finding)
    if reasons:
        raise Invalid(*reasons)


def reasons_against_row(row: Model, finding: Finding) -> list[Reason]:
    """Give the finding's reasons, and the fields' own (length, choice) where the finding is silent."""
    judged = {reason.attr for reason in finding.refuses}
    return [*finding.refuses, *(own for own in _field_reasons(row) if own.attr not in judged)]


def _field_reasons(row: Model) -> list[Reason]:
    links = {field.name for field in row._meta.fields if field.is_relation}
    try:
        row.clean_fields(exclude=links)
    except ValidationError as refused:
        return [
            Reason(error.code or "invalid", " ".join(error.messages), attr)
            for attr, errors in refused.error_dict.items()
            for error in errors
        ]
    return []


def keep(row: Any, *, at: datetime, by: str) -> None:
    """Save a row that has a history, saying when it was and by whom."""
    says_when(row, at=at, by=by)
    row.save()


def says_when(row: Any, *, at: datetime, by: str) -> None:
    """Have a row's history say when it was and by whom, however the row is stored."""
    row._history_date = at
    row._change_reason = by[:REASON_LENGTH]


def differs(row: Model, fields: Mapping[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in fields.items())


def fields_of(row: Model, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
