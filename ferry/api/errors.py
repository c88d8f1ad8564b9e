"""Say what is wrong in one form: `{"type", "errors": [{"code", "detail", "attr"}]}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.utils.translation import gettext_lazy as _
from drf_standardized_errors.handler import exception_handler
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.response import Response

from ferry.errors import Conflict, Invalid, NotAllowed, NotYours, Reason, Refused, TooMany

if TYPE_CHECKING:
    from collections.abc import Mapping

STATUSES: Mapping[type[Refused], int] = {
    Invalid: status.HTTP_400_BAD_REQUEST,
    NotAllowed: status.HTTP_403_FORBIDDEN,
    NotYours: status.HTTP_404_NOT_FOUND,
    Conflict: status.HTTP_409_CONFLICT,
    TooMany: status.HTTP_429_TOO_MANY_REQUESTS,
}


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = _("The request is too large. Send it in smaller parts.")


def answer(exc: Exception, context: Any) -> Response | None:
    """Answer a refusal with its reasons; leave the rest to drf-standardized-errors."""
    if isinstance(exc, Refused):
        return Response(refusal(exc), status=status_of(exc))
    if isinstance(exc, RequestDataTooBig):
        exc = TooLarge()
    elif isinstance(exc, SuspiciousOperation):
        exc = ParseError()
    response: Response | None = exception_handler(exc, context)
    return response


def status_of(refused: Refused) -> int:
    return next(code for family, code in STATUSES.items() if isinstance(refused, family))


def refusal(refused: Refused) -> dict[str, Any]:
    kind = "validation_error" if isinstance(refused, Invalid) else "client_error"
    errors = [
        {"code": reason.code, "detail": str(reason.detail), "attr": reason.attr} for reason in refused.reasons
    ]
    return {"type": kind, "errors": errors}


def not_found(attr: str | None = None) -> Reason:
    """Say the same of what is not there and of what is another's."""
    return Reason("not_found", _("There is nothing of yours by this name. Compare it with your list."), attr)


class ErrorAnswer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable; for programs.")
    detail = serializers.CharField(help_text="For people, in the language of `Accept-Language`.")
    attr = serializers.CharField(allow_null=True, help_text="The input at fault, if one is.")


class ErrorsAnswer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(["validation_error", "client_error", "server_error"])
    errors = ErrorAnswer(many=True)  # type: ignore[assignment]
