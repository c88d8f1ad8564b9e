"""Trips, from planning to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers

from ferry import codes
from ferry.actions.trips import cancel_trip, driver_back, plan_trip, return_trip
from ferry.api.answers import Answer
from ferry.api.errors import not_found
from ferry.api.fields import Day, Moment, Text, WeightWord
from ferry.api.filters import TripFilters
from ferry.api.schema import answer_example, refusal_example, request_example
from ferry.api.views import CompanyView
from ferry.errors import Invalid, Reason
from ferry.models import Case, Declaration, Driver, Language, Pass, Route, Scope, Trip, TripEvent, Vehicle
from ferry.queries.trips import trips_of
from ferry.rules.letters import plain_capitals
from ferry.rules.vin import normalise_vin

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework.response import Response

REASON_LENGTH = 200
NOTE_LENGTH = 2000


class ConsigneeBody(serializers.Serializer[Any]):
    name = Text(max_length=200)
    phone = Text(max_length=40, allow_blank=True)
    language = serializers.ChoiceField(Language.choices)


class TripBody(serializers.Serializer[Any]):
    vin = Text(max_length=40)
    driver = serializers.IntegerField(min_value=1, help_text="The driver's id.")
    declaration = Text(max_length=40, help_text="The declaration's number.")
    route = Text(max_length=40, help_text="A route's code, for example HORGOS-NURZHOLY.")
    delivery_place = Text(max_length=200)
    consignee = ConsigneeBody()
    opens_at = Moment(help_text="The vehicle may leave from then on …")
    closes_at = Moment(help_text="… until then.")
    planned_return_on = Day(required=False, help_text="Kazakh date; without it, from the route's usual time.")


class ReasonBody(serializers.Serializer[Any]):
    reason = Text(max_length=REASON_LENGTH)


class BackBody(serializers.Serializer[Any]):
    occurred_at = Moment(required=False, help_text="When it was; without it, now.")


class ReturnBody(BackBody):
    note = Text(max_length=NOTE_LENGTH, required=False, allow_blank=True)


class TripDriver(Answer[Driver]):
    class Meta:
        model = Driver
        fields = ["id", "name", "name_latin"]


class Consignee(serializers.Serializer[Any]):
    name = serializers.CharField(source="consignee_name")
    phone = serializers.CharField(source="consignee_phone")
    language = serializers.ChoiceField(Language.choices, source="consignee_language")


class TripPass(Answer[Pass]):
    short_code = serializers.SerializerMethodField()

    class Meta:
        model = Pass
        fields = ["short_code", "state", "opens_at", "closes_at", "issued_at", "ended_at", "end_reason"]

    def get_short_code(self, pass_: Pass) -> str:
        return codes.show_short_code(pass_.short_code)


class TripEventAnswer(Answer[TripEvent]):
    data = serializers.DictField(help_text="Particulars, by the kind.")  # type: ignore[assignment]

    class Meta:
        model = TripEvent
        fields = ["kind", "at", "recorded_at", "by", "data"]


class TripCase(Answer[Case]):
    weight = WeightWord()

    class Meta:
        model = Case
        fields = ["id", "kind", "weight", "state", "opened_at", "settled_at", "resolution", "note"]


class TripRow(Answer[Trip]):
    vin = serializers.CharField(source="vehicle.vin")
    driver = TripDriver()
    declaration = serializers.CharField(source="declaration.number")
    route = serializers.CharField(source="route.code")
    consignee = Consignee(source="*")

    class Meta:
        model = Trip
        fields = [
            "reference",
            "state",
            "outcome",
            "vin",
            "driver",
            "declaration",
            "route",
            "delivery_place",
            "consignee",
            "opens_at",
            "closes_at",
            "planned_return_on",
            "created_at",
            "exited_at",
            "arrived_at",
            "delivered_at",
            "discharged_at",
            "driver_returned_at",
        ]


class TripAnswer(TripRow):
    # The contract's name for it is a word of Python's own.
    locals()["pass"] = serializers.SerializerMethodField("get_pass", help_text="The latest code, if any.")
    events = serializers.SerializerMethodField()
    cases = serializers.SerializerMethodField(help_text="Of the trip and of its declaration.")

    class Meta(TripRow.Meta):
        fields = [*TripRow.Meta.fields, "pass", "events", "cases"]

    @extend_schema_field(TripPass(allow_null=True))
    def get_pass(self, trip: Trip) -> Any:
        latest = trip.passes.order_by("-issued_at", "-pk").first()
        return TripPass(latest).data if latest else None

    @extend_schema_field(TripEventAnswer(many=True))
    def get_events(self, trip: Trip) -> Any:
        return TripEventAnswer(trip.events.order_by("at", "pk"), many=True).data

    @extend_schema_field(TripCase(many=True))
    def get_cases(self, trip: Trip) -> Any:
        about = Q(trip=trip) | Q(declaration=trip.declaration_id)
        return TripCase(Case.objects.filter(about).order_by("pk"), many=True).data


TRIP: dict[str, Any] = {
    "vin": "LGXCE4CB8S0123456",
    "driver": 12,
    "declaration": "940720260000000017",
    "route": "HORGOS-NURZHOLY",
    "delivery_place": "Khorgos Gateway, park 3",
    "consignee": {"name": "Almaty Auto", "phone": "+7 701 000 0001", "language": "ru"},
    "opens_at": "2026-11-22T03:00:00Z",
    "closes_at": "2026-11-23T03:00:00Z",
}
TRIP_ROW = {
    "reference": "F7K2M9QXD",
    "state": "planned",
    "outcome": "waiting",
    **TRIP,
    "driver": {"id": 12, "name": "马军", "name_latin": "MA JUN"},
    "planned_return_on": "2026-11-23",
    "created_at": "2026-11-22T02:00:00Z",
    "exited_at": None,
    "arrived_at": None,
    "delivered_at": None,
    "discharged_at": None,
    "driver_returned_at": None,
}
PLANNED = {
    "kind": "planned",
    "at": "2026-11-22T02:00:00Z",
    "recorded_at": "2026-11-22T02:00:00Z",
    "by": "key own system",
    "data": {"driver": "Ma Jun"},
}
TRIP_ANSWER = {**TRIP_ROW, "pass": None, "events": [PLANNED], "cases": []}


class Trips(CompanyView):
    writes = Scope.TRIPS
    queryset = Trip.objects.none()
    serializer_class = TripRow
    filterset_class = TripFilters

    @extend_schema(
        operation_id="trips_list",
        tags=["trips"],
        summary="List your trips",
        responses=TripRow(many=True),
        examples=[answer_example(TRIP_ROW)],
    )
    def get(self, request: Request) -> Response:
        return self.page(trips_of(self.company))

    @extend_schema(
        operation_id="trips_plan",
        tags=["trips"],
        summary="Plan a trip",
        description="Papers are judged when the code is issued: until then they may still change.",
        request=TripBody,
        responses={201: TripAnswer},
        examples=[
            request_example(TRIP),
            answer_example(TRIP_ANSWER, status=201),
            refusal_example(
                400,
                (
                    "not_found",
                    "There is nothing of yours by this name. Compare it with your list.",
                    "declaration",
                ),
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        body = self.body(TripBody)
        trip = plan_trip(
            company=self.company,
            **self._named(body),
            delivery_place=body["delivery_place"],
            consignee_name=body["consignee"]["name"],
            consignee_phone=body["consignee"]["phone"],
            consignee_language=body["consignee"]["language"],
            opens_at=body["opens_at"],
            closes_at=body["closes_at"],
            planned_return_on=body.get("planned_return_on"),
            at=self.at,
            by=self.by,
        )
        return self.answer(trip, TripAnswer, 201)

    def _named(self, body: dict[str, Any]) -> dict[str, Any]:
        """Find what the body names; another company's is as good as not there."""
        own: dict[str, QuerySet[Any]] = {
            "vin": Vehicle.objects.filter(company=self.company, vin=normalise_vin(body["vin"])),
            "driver": Driver.objects.filter(company=self.company, pk=body["driver"]),
            "declaration": Declaration.objects.filter(
                company=self.company, number=plain_capitals(body["declaration"])
            ),
            "route": Route.objects.filter(is_active=True, code=body["route"].strip().upper()),
        }
        found = {attr: rows.first() for attr, rows in own.items()}
        missing = [not_found(attr) for attr, row in found.items() if row is None]
        if missing:
            raise Invalid(*missing)
        found["vehicle"] = found.pop("vin")
        return found


class TripView(CompanyView):
    """A call about one trip of the company's."""

    writes = Scope.TRIPS
    queryset = Trip.objects.none()
    serializer_class = TripAnswer
    filterset_class = None
    pagination_class = None

    def trip(self, reference: str) -> Trip:
        return self.find(trips_of(self.company), reference=plain_capitals(reference))

    def occurred_at(self, body: dict[str, Any]) -> Any:
        """Read when it was; the future cannot have been."""
        occurred_at = body.get("occurred_at", self.at)
        if occurred_at > self.at:
            detail = _("This moment is still to come. Say when it was.")
            raise Invalid(Reason("in_future", detail, "occurred_at"))
        return occurred_at


class OneTrip(TripView):
    @extend_schema(
        operation_id="trips_read",
        tags=["trips"],
        summary="Read a trip with its code, events and cases",
        responses=TripAnswer,
        examples=[answer_example(TRIP_ANSWER)],
    )
    def get(self, request: Request, reference: str) -> Response:
        return self.answer(self.trip(reference), TripAnswer)


class CancelTrip(TripView):
    @extend_schema(
        operation_id="trips_cancel",
        tags=["trips"],
        summary="Cancel a trip that has not left",
        description="The code is revoked and the licence quantity returned.",
        request=ReasonBody,
        responses=TripAnswer,
        examples=[
            request_example({"reason": "The buyer withdrew."}),
            answer_example({**TRIP_ANSWER, "state": "cancelled"}),
            refusal_example(
                409,
                (
                    "trip_not_cancellable",
                    "This trip has left or ended already and cannot be cancelled.",
                    "state",
                ),
            ),
        ],
    )
    def post(self, request: Request, reference: str) -> Response:
        trip = self.trip(reference)
        cancelled = cancel_trip(trip=trip, reason=self.body(ReasonBody)["reason"], at=self.at, by=self.by)
        return self.answer(cancelled, TripAnswer)


class ReturnTrip(TripView):
    @extend_schema(
        operation_id="trips_return",
        tags=["trips"],
        summary="Say that the vehicle came back undelivered",
        request=ReturnBody,
        responses=TripAnswer,
        examples=[
            request_example({"occurred_at": "2026-11-22T12:00:00Z", "note": "Refused in Kazakhstan."}),
            answer_example({**TRIP_ANSWER, "state": "returned"}),
        ],
    )
    def post(self, request: Request, reference: str) -> Response:
        trip = self.trip(reference)
        body = self.body(ReturnBody)
        returned = return_trip(
            trip=trip,
            occurred_at=self.occurred_at(body),
            note=body.get("note", ""),
            at=self.at,
            by=self.by,
        )
        return self.answer(returned, TripAnswer)


class DriverBack(TripView):
    @extend_schema(
        operation_id="trips_driver_back",
        tags=["trips"],
        summary="Say that the driver is back in China",
        description="His stay ends and he is free for another trip.",
        request=BackBody,
        responses=TripAnswer,
        examples=[
            request_example({"occurred_at": "2026-11-22T14:30:00Z"}),
            answer_example({**TRIP_ANSWER, "driver_returned_at": "2026-11-22T14:30:00Z"}),
        ],
    )
    def post(self, request: Request, reference: str) -> Response:
        trip = self.trip(reference)
        occurred_at = self.occurred_at(self.body(BackBody))
        driver_back(trip=trip, occurred_at=occurred_at, at=self.at, by=self.by)
        return self.answer(self.trip(reference), TripAnswer)
