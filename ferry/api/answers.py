"""Answers: rows as the interface shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from rest_framework import serializers

if TYPE_CHECKING:
    from django.db.models import Model

Row = TypeVar("Row", bound="Model")


class Answer(serializers.ModelSerializer[Row]):
    """Show a row, never take one: so the description says that every field is there."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for field in fields.values():
            field.read_only, field.required = True, False
        return fields
