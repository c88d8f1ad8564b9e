"""What every call of the interface shares: parse, call one action, answer."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.utils import timezone
from rest_framework.generics import GenericAPIView
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from ferry.api.errors import not_found
from ferry.api.keys import CompanyKey
from ferry.api.throttles import PublicThrottle
from ferry.errors import NotYours
from ferry.models import ApiKey, Company

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import Model, QuerySet
    from rest_framework.permissions import BasePermission
    from rest_framework.serializers import BaseSerializer
    from rest_framework.throttling import BaseThrottle

Row = TypeVar("Row", bound="Model")


class View(GenericAPIView[Any]):
    # The description says it better than OPTIONS could.
    metadata_class = None

    @cached_property
    def at(self) -> datetime:
        return timezone.now()

    @property
    def key(self) -> ApiKey:
        key = self.request.auth
        assert isinstance(key, ApiKey)  # noqa: S101  (the permission has let only such a one in)
        return key

    @property
    def by(self) -> str:
        return f"key {self.key.label}"

    def body(self, serializer: type[BaseSerializer[Any]], **options: Any) -> Any:
        """Read the body by a serializer; a 400 names every field at fault."""
        parsed = serializer(data=self.request.data, **options)
        parsed.is_valid(raise_exception=True)
        return parsed.validated_data

    def find(self, rows: QuerySet[Row], **by: Any) -> Row:
        """Find one of the rows the caller may see; the rest is not there."""
        storable = not any("\x00" in value for value in by.values() if isinstance(value, str))
        row = rows.filter(**by).first() if storable else None
        if row is None:
            raise NotYours(not_found())
        return row

    def page(self, rows: QuerySet[Any]) -> Response:
        """Answer with one page of the rows that match the filters."""
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def answer(self, row: Any, serializer: type[BaseSerializer[Any]], status: int = 200) -> Response:
        return Response(serializer(row, context=self.get_serializer_context()).data, status=status)


class CompanyView(View):
    """A call with a company's key: it sees and does only what is that company's.

    A key needs the scope `writes` to change anything, and may not where that is empty.
    """

    writes: ClassVar[str] = ""
    permission_classes: Sequence[type[BasePermission]] = [CompanyKey]

    @property
    def company(self) -> Company:
        company = self.key.company
        assert company is not None  # noqa: S101  (the database keeps a company with a company's key)
        return company


class PublicView(View):
    """A call without a key, counted by address."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes: Sequence[type[BaseThrottle]] = (PublicThrottle,)
