"""What a form says of its fields beside their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.forms import ModelChoiceField, Select, SelectMultiple

if TYPE_CHECKING:
    from django.forms import BoundField

register = template.Library()

#: What stands in a list for no answer at all.
BLANK = "-— "


@register.filter
def is_optional(bound: BoundField) -> bool:
    """Say whether a field may stay without an answer; a list each line of which says something never does."""
    field = bound.field
    if field.required:
        return False
    if not isinstance(field.widget, Select) or isinstance(field.widget, SelectMultiple):
        return True
    if isinstance(field, ModelChoiceField):
        return field.empty_label is not None and not str(field.empty_label).strip(BLANK)
    return any(not value and not str(label).strip(BLANK) for value, label in field.widget.choices)
