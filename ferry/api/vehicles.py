"""Vehicles, and handing them over between companies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from ferry.actions.vehicles import (
    answer_handover,
    change_vehicle,
    offer_vehicle,
    register_vehicle,
    withdraw_handover,
)
from ferry.api.answers import Answer
from ferry.api.errors import not_found
from ferry.api.fields import Day, Text
from ferry.api.filters import HandoverFilters, VehicleFilters
from ferry.api.schema import answer_example, refusal_example, request_example
from ferry.api.views import CompanyView
from ferry.errors import Invalid
from ferry.models import Company, Handover, Powertrain, Scope, Vehicle
from ferry.queries.handovers import handovers_of
from ferry.rules.letters import plain_capitals
from ferry.rules.vin import normalise_vin

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response


class VehicleBody(serializers.Serializer[Any]):
    vin = Text(max_length=40, help_text="17 characters; the check digit is checked.")
    make = Text(max_length=60)
    model = Text(max_length=80)
    powertrain = serializers.ChoiceField(Powertrain.choices)
    colour = Text(max_length=40, required=False, allow_blank=True)
    hs_code = Text(max_length=20, help_text="4 to 10 digits; must agree with the powertrain.")
    plate = Text(max_length=20, required=False, allow_blank=True)
    registered_on = Day(required=False, allow_null=True)
    after_sales_confirmed = serializers.BooleanField(
        required=False, help_text="The maker's confirmation, needed within 180 days of the registration."
    )


class VehicleAnswer(Answer[Vehicle]):
    class Meta:
        model = Vehicle
        fields = [
            "vin",
            "make",
            "model",
            "powertrain",
            "colour",
            "hs_code",
            "plate",
            "registered_on",
            "after_sales_confirmed",
            "created_at",
        ]


class OfferBody(serializers.Serializer[Any]):
    to_company = Text(max_length=40, help_text="The other company's Unified Social Credit Code.")


class Party(Answer[Company]):
    class Meta:
        model = Company
        fields = ["name", "uscc"]
        extra_kwargs: dict[str, Any] = {"uscc": {"validators": []}}


class HandoverAnswer(Answer[Handover]):
    vin = serializers.CharField(source="vehicle.vin")
    from_company = Party()
    to_company = Party()

    class Meta:
        model = Handover
        fields = ["id", "vin", "from_company", "to_company", "offered_at", "answered_at", "accepted"]


VEHICLE: dict[str, Any] = {
    "vin": "LGXCE4CB8S0123456",
    "make": "BYD",
    "model": "Song Plus",
    "powertrain": "bev",
    "colour": "white",
    "hs_code": "8703801090",
    "registered_on": "2026-03-02",
}
VEHICLE_ANSWER = {
    **VEHICLE,
    "plate": "",
    "after_sales_confirmed": False,
    "created_at": "2026-11-22T04:00:00Z",
}
HANDOVER = {
    "id": 7,
    "vin": "LGXCE4CB8S0123456",
    "from_company": {"name": "Silk Road Cars", "uscc": "91350100M000100Y43"},
    "to_company": {"name": "East Star Trade", "uscc": "914403001922038216"},
    "offered_at": "2026-11-22T04:00:00Z",
    "answered_at": None,
    "accepted": None,
}


class Vehicles(CompanyView):
    writes = Scope.FLEET
    queryset = Vehicle.objects.none()
    serializer_class = VehicleAnswer
    filterset_class = VehicleFilters

    @extend_schema(
        operation_id="vehicles_list",
        tags=["vehicles"],
        summary="List your vehicles",
        responses=VehicleAnswer(many=True),
        examples=[answer_example(VEHICLE_ANSWER)],
    )
    def get(self, request: Request) -> Response:
        return self.page(Vehicle.objects.filter(company=self.company))

    @extend_schema(
        operation_id="vehicles_register",
        tags=["vehicles"],
        summary="Register a vehicle",
        request=VehicleBody,
        responses={201: VehicleAnswer},
        examples=[
            request_example(VEHICLE),
            answer_example(VEHICLE_ANSWER, status=201),
            refusal_example(
                400,
                (
                    "vin_check_digit",
                    "The check digit of the VIN is wrong. Compare it with the vehicle.",
                    "vin",
                ),
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        vehicle = register_vehicle(company=self.company, at=self.at, by=self.by, **self.body(VehicleBody))
        return self.answer(vehicle, VehicleAnswer, 201)


class OneVehicle(CompanyView):
    writes = Scope.FLEET
    queryset = Vehicle.objects.none()
    serializer_class = VehicleAnswer
    filterset_class = None
    pagination_class = None

    def vehicle(self, vin: str) -> Vehicle:
        return self.find(Vehicle.objects.filter(company=self.company), vin=normalise_vin(vin))

    @extend_schema(
        operation_id="vehicles_read",
        tags=["vehicles"],
        summary="Read a vehicle",
        responses=VehicleAnswer,
        examples=[answer_example(VEHICLE_ANSWER)],
    )
    def get(self, request: Request, vin: str) -> Response:
        return self.answer(self.vehicle(vin), VehicleAnswer)

    @extend_schema(
        operation_id="vehicles_change",
        tags=["vehicles"],
        summary="Change a vehicle",
        description="The VIN may be corrected until a trip has been planned with it.",
        request=VehicleBody,
        responses=VehicleAnswer,
        examples=[
            request_example({"colour": "grey", "plate": "临A12345"}),
            answer_example({**VEHICLE_ANSWER, "colour": "grey", "plate": "临A12345"}),
        ],
    )
    def patch(self, request: Request, vin: str) -> Response:
        vehicle = self.vehicle(vin)
        changes = self.body(VehicleBody, partial=True)
        changed = change_vehicle(vehicle=vehicle, at=self.at, by=self.by, **changes)
        return self.answer(changed, VehicleAnswer)


class OfferVehicle(OneVehicle):
    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="vehicles_offer",
        tags=["handovers"],
        summary="Offer a vehicle to another company",
        request=OfferBody,
        responses={201: HandoverAnswer},
        examples=[
            request_example({"to_company": "914403001922038216"}),
            answer_example(HANDOVER, status=201),
        ],
    )
    def post(self, request: Request, vin: str) -> Response:
        vehicle = self.vehicle(vin)
        uscc = plain_capitals(self.body(OfferBody)["to_company"])
        to_company = Company.objects.filter(uscc=uscc, is_active=True).first()
        if to_company is None:
            raise Invalid(not_found("to_company"))
        handover = offer_vehicle(vehicle=vehicle, to_company=to_company, at=self.at, by=self.by)
        return self.answer(handover, HandoverAnswer, 201)


class Handovers(CompanyView):
    writes = Scope.FLEET
    queryset = Handover.objects.none()
    serializer_class = HandoverAnswer
    filterset_class = HandoverFilters

    @extend_schema(
        operation_id="handovers_list",
        tags=["handovers"],
        summary="List offers of vehicles made by you and to you",
        responses=HandoverAnswer(many=True),
        examples=[answer_example(HANDOVER)],
    )
    def get(self, request: Request) -> Response:
        return self.page(handovers_of(self.company))


class AnswerHandover(CompanyView):
    writes = Scope.FLEET
    queryset = Handover.objects.none()
    serializer_class = HandoverAnswer
    filterset_class = None
    pagination_class = None
    accept = True

    def settle(self, pk: int) -> Response:
        handover = self.find(handovers_of(self.company), pk=pk)
        settled = answer_handover(
            handover=handover, company=self.company, accept=self.accept, at=self.at, by=self.by
        )
        return self.answer(settled, HandoverAnswer)


class AcceptHandover(AnswerHandover):
    @extend_schema(
        operation_id="handovers_accept",
        tags=["handovers"],
        summary="Accept an offer: the vehicle is yours",
        request=None,
        responses=HandoverAnswer,
        examples=[answer_example({**HANDOVER, "answered_at": "2026-11-22T05:00:00Z", "accepted": True})],
    )
    def post(self, request: Request, pk: int) -> Response:
        return self.settle(pk)


class DeclineHandover(AnswerHandover):
    accept = False

    @extend_schema(
        operation_id="handovers_decline",
        tags=["handovers"],
        summary="Decline an offer made to you",
        request=None,
        responses=HandoverAnswer,
        examples=[answer_example({**HANDOVER, "answered_at": "2026-11-22T05:00:00Z", "accepted": False})],
    )
    def post(self, request: Request, pk: int) -> Response:
        return self.settle(pk)


class WithdrawHandover(AnswerHandover):
    @extend_schema(
        operation_id="handovers_withdraw",
        tags=["handovers"],
        summary="Take an offer of yours back",
        request=None,
        responses=HandoverAnswer,
        examples=[answer_example({**HANDOVER, "answered_at": "2026-11-22T05:00:00Z", "accepted": False})],
    )
    def post(self, request: Request, pk: int) -> Response:
        handover = self.find(handovers_of(self.company), pk=pk)
        withdrawn = withdraw_handover(handover=handover, company=self.company, at=self.at, by=self.by)
        return self.answer(withdrawn, HandoverAnswer)
