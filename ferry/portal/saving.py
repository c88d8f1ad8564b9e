"""Do what a form asks for, and say on the form why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError

from ferry.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.forms import Form
    from django.http import HttpRequest

    from ferry.rules.findings import Finding

Saved = TypeVar("Saved")


def save(form: Form, action: Callable[[], Saved]) -> Saved | None:
    """Do it; None when it is refused, with every reason at the field it is about."""
    try:
        return action()
    except Refused as refused:
        show_reasons(form, refused)
        return None


def show_reasons(form: Form, refused: Refused, named: Mapping[str, str] | None = None) -> None:
    """Put every reason at the field it is about; `named` gives fields that have another name on this form."""
    for reason in refused.reasons:
        attr = (named or {}).get(reason.attr or "", reason.attr)
        field = attr if attr in form.fields else None
        form.add_error(field, ValidationError(str(reason.detail), code=reason.code))


def tell_reasons(request: HttpRequest, refused: Refused) -> None:
    for reason in refused.reasons:
        messages.error(request, str(reason.detail))


def tell_warnings(request: HttpRequest, finding: Finding) -> None:
    """Tell what was saved all the same, but deserves a second look."""
    for reason in finding.warns:
        messages.warning(request, str(reason.detail))
