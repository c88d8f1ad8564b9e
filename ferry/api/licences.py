"""Export licences and what is left on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from ferry.actions.licences import register_licence
from ferry.api.answers import Answer
from ferry.api.fields import Day, Text
from ferry.api.filters import LicenceFilters
from ferry.api.schema import answer_example, request_example
from ferry.api.views import CompanyView
from ferry.models import Licence, Scope

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

MOST = 1_000_000


class LicenceBody(serializers.Serializer[Any]):
    number = Text(max_length=30)
    commodity_code = Text(
        max_length=20, required=False, help_text="Without one, good for any commodity that needs a licence."
    )
    expires_on = Day()
    quantity = serializers.IntegerField(min_value=1, max_value=MOST)


class LicenceAnswer(Answer[Licence]):
    left = serializers.IntegerField(help_text="Not yet taken by a pass.")

    class Meta:
        model = Licence
        fields = ["id", "number", "commodity_code", "expires_on", "quantity", "left", "created_at"]


LICENCE: dict[str, Any] = {"number": "26AB000001", "expires_on": "2027-06-30", "quantity": 200}
LICENCE_ANSWER = {
    "id": 3,
    **LICENCE,
    "commodity_code": "",
    "left": 187,
    "created_at": "2026-11-22T04:00:00Z",
}


class Licences(CompanyView):
    writes = Scope.FLEET
    queryset = Licence.objects.none()
    serializer_class = LicenceAnswer
    filterset_class = LicenceFilters

    @extend_schema(
        operation_id="licences_list",
        tags=["licences"],
        summary="List your export licences",
        responses=LicenceAnswer(many=True),
        examples=[answer_example(LICENCE_ANSWER)],
    )
    def get(self, request: Request) -> Response:
        return self.page(Licence.objects.filter(company=self.company))

    @extend_schema(
        operation_id="licences_register",
        tags=["licences"],
        summary="Register an export licence",
        request=LicenceBody,
        responses={201: LicenceAnswer},
        examples=[request_example(LICENCE), answer_example({**LICENCE_ANSWER, "left": 200}, status=201)],
    )
    def post(self, request: Request) -> Response:
        licence = register_licence(company=self.company, at=self.at, by=self.by, **self.body(LicenceBody))
        return self.answer(licence, LicenceAnswer, 201)


class OneLicence(CompanyView):
    writes = Scope.FLEET
    queryset = Licence.objects.none()
    serializer_class = LicenceAnswer
    filterset_class = None
    pagination_class = None

    @extend_schema(
        operation_id="licences_read",
        tags=["licences"],
        summary="Read an export licence",
        responses=LicenceAnswer,
        examples=[answer_example(LICENCE_ANSWER)],
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(self.find(Licence.objects.filter(company=self.company), pk=pk), LicenceAnswer)
