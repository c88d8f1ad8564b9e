"""Page through lists by cursor: what is added meanwhile moves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination

from ferry.errors import Invalid, Reason

if TYPE_CHECKING:
    from rest_framework.request import Request

LONGEST_POSITION = 18


class Cursor(CursorPagination):
    """Newest first, by id: ids are given in order of creation, unique and indexed, as moments are not."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
    ordering = "-id"

    def decode_cursor(self, request: Request) -> Any:
        try:
            cursor = super().decode_cursor(request)
        except NotFound as error:
            raise _invalid() from error
        position = getattr(cursor, "position", None)
        if position is not None and not (
            position.isascii() and position.isdigit() and len(position) <= LONGEST_POSITION
        ):
            raise _invalid()
        return cursor

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get(self.page_size_query_param or "")
        if asked is None:
            return self.page_size or 0
        if not (asked.isascii() and asked.isdigit() and len(asked) < 9 and int(asked) > 0):
            detail = _("Ask for a page of 1 to 500 rows.")
            raise Invalid(Reason("invalid", detail, self.page_size_query_param))
        return min(int(asked), self.max_page_size or 0)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] |= {
                    "minimum": 1,
                    "maximum": self.max_page_size,
                    "default": self.page_size,
                }
        return parameters

    def get_paginated_response_schema(self, schema: Any) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        following = "https://ferryman.example/api/v1/…/?cursor=cD00ODY="
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "example": following},
                "previous": {**link, "example": None},
                "results": schema,
            },
        }


def _invalid() -> Invalid:
    detail = _("This cursor cannot be read. Follow `next` as it was given, or begin at the first page.")
    return Invalid(Reason("invalid", detail, "cursor"))
