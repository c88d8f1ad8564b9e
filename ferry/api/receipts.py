"""The consignee's receipt: no key, but the PIN of the delivery."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from ferry.actions.receipts import Check, confirm_receipt
from ferry.api.answers import Answer
from ferry.api.errors import not_found
from ferry.api.fields import Text
from ferry.api.schema import answer_example, refusal_example, request_example
from ferry.api.throttles import ReceiptThrottle
from ferry.api.views import PublicView
from ferry.errors import NotYours
from ferry.models import Condition, Receipt
from ferry.queries.passes import find_pass
from ferry.rules.condition import Looked

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

MOST_KM = 10_000_000
MOST_KEYS = 20


class ReceiptBody(serializers.Serializer[Any]):
    code = Text(
        max_length=2000,
        required=False,
        allow_blank=True,
        help_text="What the QR code says; this or the short code.",
    )
    short_code = Text(max_length=40, required=False, allow_blank=True)
    pin = Text(max_length=20)
    condition = serializers.ChoiceField(Condition.choices)
    odometer_km = serializers.IntegerField(min_value=0, max_value=MOST_KM, required=False, allow_null=True)
    level_percent = serializers.IntegerField(
        min_value=0,
        max_value=100,
        required=False,
        allow_null=True,
        help_text="Charge of the battery, or fuel.",
    )
    keys = serializers.IntegerField(
        min_value=0, max_value=MOST_KEYS, required=False, allow_null=True, help_text="How many came with it."
    )
    note = Text(max_length=2000, required=False, allow_blank=True)
    receiver = Text(max_length=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["code"] = attrs.get("code") or attrs.pop("short_code", "")
        attrs.pop("short_code", None)
        if not attrs["code"]:
            detail = _("Send the code or the short code that stands on the windscreen.")
            raise serializers.ValidationError({"code": detail}, code="required")
        return attrs


class ReceiptAnswer(Answer[Receipt]):
    reference = serializers.CharField(source="trip.reference")

    class Meta:
        model = Receipt
        fields = ["reference", "vin", "condition", "odometer_km", "receiver", "note", "confirmed_at"]


class Receipts(PublicView):
    queryset = Receipt.objects.none()
    serializer_class = ReceiptAnswer
    filterset_class = None
    pagination_class = None
    throttle_classes = (ReceiptThrottle,)

    @extend_schema(
        operation_id="receipts_confirm",
        tags=["receipts"],
        summary="Confirm a delivery",
        description="No key. After five wrong PINs a trip takes none for an hour.",
        request=ReceiptBody,
        responses={201: ReceiptAnswer},
        examples=[
            request_example(
                {
                    "short_code": "7KD2-M9QX-4",
                    "pin": "402917",
                    "condition": "good",
                    "odometer_km": 31,
                    "level_percent": 64,
                    "keys": 2,
                    "receiver": "Aidos Bekov",
                }
            ),
            answer_example(
                {
                    "reference": "F7K2M9QXD",
                    "vin": "LGXCE4CB8S0123456",
                    "condition": "good",
                    "odometer_km": 31,
                    "receiver": "Aidos Bekov",
                    "note": "",
                    "confirmed_at": "2026-11-22T09:12:44Z",
                },
                status=201,
            ),
            refusal_example(
                400,
                (
                    "wrong_pin",
                    "The PIN is wrong. Look at the message from the company, or ask it for the PIN.",
                    "pin",
                ),
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        body = self.body(ReceiptBody)
        pass_ = find_pass(body.pop("code"), at=self.at)
        if pass_ is None:
            raise NotYours(not_found("code"))
        check = _check(body.pop("level_percent", None), body.pop("keys", None), body)
        receipt = confirm_receipt(pass_=pass_, check=check, at=self.at, by="consignee", **body)
        return self.answer(receipt, ReceiptAnswer, 201)


def _check(level_percent: int | None, keys: int | None, said: dict[str, Any]) -> Check | None:
    """Give how the vehicle looked to its consignee, if he said more of that than a receipt holds."""
    if level_percent is None and keys is None:
        return None
    looked = Looked(
        odometer_km=said.get("odometer_km"),
        level_percent=level_percent,
        keys=keys,
        note=said.get("note", ""),
    )
    return Check(uuid.uuid4(), looked)
