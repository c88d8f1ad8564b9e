"""Describe the interface: every call with its errors in the one form they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiResponse

from ferry.api.errors import ErrorsAnswer
from ferry.api.keys import CompanyKey, scope_of

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = ["application/json"]
ERRORS = {
    400: "Unusable as it is",
    401: "No key, or one that is unknown or revoked",
    403: "Not with this key",
    404: "Not there, or not yours",
    406: "Only JSON is spoken",
    409: "Contradicts what is stored: one error per reason",
    413: "Too large",
    415: "Not application/json",
    429: "Too many calls: `Retry-After` says when to call again",
}


class Schema(AutoSchema):
    """Add the errors that a call can answer with, by what it takes."""

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        for status in self._error_statuses():
            answer = OpenApiResponse(ErrorsAnswer, ERRORS[status])
            described = self._get_response_for_code(answer, str(status), JSON)  # type: ignore[no-untyped-call]
            bodies.setdefault(str(status), described)
        return dict(sorted(bodies.items()))

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Name the scope a company's key needs."""
        auth: list[dict[str, list[str]]] = super().get_auth()
        if CompanyKey not in self.view.permission_classes:
            return auth
        return [{key: [scope_of(self.view, self.method)] for key in each} for each in auth]

    def _error_statuses(self) -> Iterator[int]:
        yield from (406, 429)
        if self._get_parameters() or self.get_request_serializer() is not None:
            yield 400
        if any(self.get_auth()):
            yield from (401, 403)
        if "{" in self.path or self.method == "POST":
            yield 404
        if self.method in {"POST", "PATCH"}:
            yield from (409, 413, 415)


def request_example(value: Any, name: str = "Request") -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def answer_example(value: Any, name: str = "Answer", status: int | None = None) -> OpenApiExample:
    codes = [str(status)] if status else None
    return OpenApiExample(name, value=value, response_only=True, status_codes=codes)


def refusal_example(
    status: int, *errors: tuple[str, str, str | None], name: str = "Refused"
) -> OpenApiExample:
    value = {
        "type": "validation_error" if status == 400 else "client_error",
        "errors": [{"code": code, "detail": detail, "attr": attr} for code, detail, attr in errors],
    }
    return OpenApiExample(name, value=value, response_only=True, status_codes=[str(status)])
