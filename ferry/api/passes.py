"""Codes: issued, replaced and revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from ferry import codes
from ferry.actions.passes import issue_pass, receipt_pin, redate_pass, revoke_pass, swap_driver
from ferry.api.answers import Answer
from ferry.api.errors import not_found
from ferry.api.fields import Moment, Text
from ferry.api.schema import answer_example, refusal_example, request_example
from ferry.api.trips import REASON_LENGTH, TRIP_ANSWER, ReasonBody, TripAnswer, TripView
from ferry.errors import Invalid
from ferry.models import Driver, Pass

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response


class SwapBody(serializers.Serializer[Any]):
    driver = serializers.IntegerField(min_value=1, help_text="The new driver's id.")


class RedateBody(serializers.Serializer[Any]):
    opens_at = Moment()
    closes_at = Moment()
    reason = Text(max_length=REASON_LENGTH)


class PassAnswer(Answer[Pass]):
    short_code = serializers.SerializerMethodField(help_text="To read out over the phone.")
    driver_link = serializers.SerializerMethodField(help_text="The driver's own page; send it to him alone.")
    sheet = serializers.SerializerMethodField(
        help_text="The sheet for the windscreen, for signed-in members."
    )
    receipt_pin = serializers.SerializerMethodField(help_text="For the consignee alone.")

    class Meta:
        model = Pass
        fields = ["code", "short_code", "driver_link", "sheet", "opens_at", "closes_at", "receipt_pin"]
        extra_kwargs = {"code": {"help_text": "What the QR code says; draw it as it is."}}

    def get_short_code(self, pass_: Pass) -> str:
        return codes.show_short_code(pass_.short_code)

    def get_driver_link(self, pass_: Pass) -> str:
        return f"{settings.SITE_URL}/d/{pass_.driver.link_token}/"

    def get_sheet(self, pass_: Pass) -> str:
        return f"{settings.SITE_URL}/trips/{pass_.trip.reference}/sheet/"

    def get_receipt_pin(self, pass_: Pass) -> str:
        return receipt_pin(pass_.trip)


PASS = {
    "code": "HTTPS://FERRYMAN.EXAMPLE/P/2KCE…",
    "short_code": "7KD2-M9QX-4",
    "driver_link": "https://ferryman.example/d/12-1~p0o9…/",
    "sheet": "https://ferryman.example/trips/F7K2M9QXD/sheet/",
    "opens_at": "2026-11-22T03:00:00Z",
    "closes_at": "2026-11-23T03:00:00Z",
    "receipt_pin": "402917",
}
REFUSED = refusal_example(
    409,
    (
        "declaration_not_released",
        "Customs have not released the declaration yet. Issue the code after the release.",
        "declaration",
    ),
    (
        "driver_unavailable",
        "The driver is unavailable, probably until 2026-11-24. Choose another driver or a later day.",
        "driver",
    ),
)


class IssuePass(TripView):
    @extend_schema(
        operation_id="passes_issue",
        tags=["passes"],
        summary="Issue a trip's code, or get the open one again",
        request=None,
        responses={201: PassAnswer, 200: PassAnswer},
        examples=[answer_example(PASS, status=201), answer_example(PASS, "The open one", 200), REFUSED],
    )
    def post(self, request: Request, reference: str) -> Response:
        pass_, is_new = issue_pass(trip=self.trip(reference), at=self.at, by=self.by)
        return self.answer(pass_, PassAnswer, 201 if is_new else 200)


class SwapDriver(TripView):
    @extend_schema(
        operation_id="passes_swap_driver",
        tags=["passes"],
        summary="Give a trip another driver: a new code, the old one is superseded at once",
        request=SwapBody,
        responses={201: PassAnswer},
        examples=[request_example({"driver": 31}), answer_example(PASS, status=201), REFUSED],
    )
    def post(self, request: Request, reference: str) -> Response:
        trip = self.trip(reference)
        asked = self.body(SwapBody)["driver"]
        driver = Driver.objects.filter(company=self.company, pk=asked).first()
        if driver is None:
            raise Invalid(not_found("driver"))
        return self.answer(swap_driver(trip=trip, driver=driver, at=self.at, by=self.by), PassAnswer, 201)


class Redate(TripView):
    @extend_schema(
        operation_id="passes_redate",
        tags=["passes"],
        summary="Move a trip to another time: a new code, the old one is superseded at once",
        request=RedateBody,
        responses={201: PassAnswer},
        examples=[
            request_example(
                {
                    "opens_at": "2026-11-24T03:00:00Z",
                    "closes_at": "2026-11-25T03:00:00Z",
                    "reason": "Snow on the pass.",
                }
            ),
            answer_example(PASS, status=201),
            REFUSED,
        ],
    )
    def post(self, request: Request, reference: str) -> Response:
        trip = self.trip(reference)
        pass_ = redate_pass(trip=trip, at=self.at, by=self.by, **self.body(RedateBody))
        return self.answer(pass_, PassAnswer, 201)


class RevokePass(TripView):
    @extend_schema(
        operation_id="passes_revoke",
        tags=["passes"],
        summary="Revoke a code: the trip is planned again",
        request=ReasonBody,
        responses=TripAnswer,
        examples=[request_example({"reason": "The sheet was lost."}), answer_example(TRIP_ANSWER)],
    )
    def post(self, request: Request, reference: str) -> Response:
        trip = self.trip(reference)
        revoke_pass(trip=trip, reason=self.body(ReasonBody)["reason"], at=self.at, by=self.by)
        return self.answer(self.trip(reference), TripAnswer)
