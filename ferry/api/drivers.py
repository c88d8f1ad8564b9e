"""Drivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from ferry.actions.drivers import change_driver, register_driver
from ferry.api.answers import Answer
from ferry.api.fields import Day, Text
from ferry.api.filters import DriverFilters
from ferry.api.schema import answer_example, refusal_example, request_example
from ferry.api.views import CompanyView
from ferry.models import Driver, Language, Scope

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response


class DriverBody(serializers.Serializer[Any]):
    name = Text(max_length=100)
    name_latin = Text(
        max_length=100,
        required=False,
        allow_blank=True,
        help_text="As the passport's machine-readable lines spell it: MA JUN.",
    )
    passport_number = Text(max_length=20)
    passport_expires_on = Day()
    mrz = Text(
        max_length=100,
        required=False,
        allow_blank=True,
        help_text="The passport's lower machine-readable line: checks the rest, and is not kept.",
    )
    nationality = Text(max_length=10, help_text="ISO 3166 code of two letters.")
    licence_class = Text(max_length=12, help_text="As on the driving licence: C1, B2, A1D …")
    licence_expires_on = Day()
    phone = Text(max_length=40, allow_blank=True)
    language = serializers.ChoiceField(Language.choices)


class NewDriverBody(DriverBody):
    previous_passport_number = Text(
        max_length=20, required=False, help_text="After a renewal: days already stayed are the person's."
    )


class DriverChangesBody(DriverBody):
    is_active = serializers.BooleanField(required=False)


class DriverAnswer(Answer[Driver]):
    class Meta:
        model = Driver
        fields = [
            "id",
            "name",
            "name_latin",
            "passport_number",
            "passport_expires_on",
            "nationality",
            "licence_class",
            "licence_expires_on",
            "phone",
            "language",
            "is_active",
            "created_at",
        ]


DRIVER: dict[str, Any] = {
    "name": "马军",
    "name_latin": "MA JUN",
    "passport_number": "E12345678",
    "passport_expires_on": "2034-01-01",
    "nationality": "CN",
    "licence_class": "C1",
    "licence_expires_on": "2031-05-01",
    "phone": "+86 139 9999 0001",
    "language": "zh-hans",
}
DRIVER_ANSWER = {"id": 12, **DRIVER, "is_active": True, "created_at": "2026-11-22T04:00:00Z"}


class Drivers(CompanyView):
    writes = Scope.FLEET
    queryset = Driver.objects.none()
    serializer_class = DriverAnswer
    filterset_class = DriverFilters

    @extend_schema(
        operation_id="drivers_list",
        tags=["drivers"],
        summary="List your drivers",
        responses=DriverAnswer(many=True),
        examples=[answer_example(DRIVER_ANSWER)],
    )
    def get(self, request: Request) -> Response:
        return self.page(Driver.objects.filter(company=self.company))

    @extend_schema(
        operation_id="drivers_register",
        tags=["drivers"],
        summary="Register a driver",
        request=NewDriverBody,
        responses={201: DriverAnswer},
        examples=[
            request_example(DRIVER),
            answer_example(DRIVER_ANSWER, status=201),
            refusal_example(
                409,
                (
                    "already_registered",
                    "Your company has registered this person already. Open that driver to change it.",
                    "passport_number",
                ),
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        driver = register_driver(company=self.company, at=self.at, by=self.by, **self.body(NewDriverBody))
        return self.answer(driver, DriverAnswer, 201)


class OneDriver(CompanyView):
    writes = Scope.FLEET
    queryset = Driver.objects.none()
    serializer_class = DriverAnswer
    filterset_class = None
    pagination_class = None

    def driver(self, pk: int) -> Driver:
        return self.find(Driver.objects.filter(company=self.company), pk=pk)

    @extend_schema(
        operation_id="drivers_read",
        tags=["drivers"],
        summary="Read a driver",
        responses=DriverAnswer,
        examples=[answer_example(DRIVER_ANSWER)],
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(self.driver(pk), DriverAnswer)

    @extend_schema(
        operation_id="drivers_change",
        tags=["drivers"],
        summary="Change a driver",
        description="Another passport number is taken for a renewal: the person and his days of stay remain.",
        request=DriverChangesBody,
        responses=DriverAnswer,
        examples=[
            request_example({"phone": "+86 139 9999 0002"}),
            answer_example({**DRIVER_ANSWER, "phone": "+86 139 9999 0002"}),
        ],
    )
    def patch(self, request: Request, pk: int) -> Response:
        driver = self.driver(pk)
        changes = self.body(DriverChangesBody, partial=True)
        return self.answer(change_driver(driver=driver, at=self.at, by=self.by, **changes), DriverAnswer)
