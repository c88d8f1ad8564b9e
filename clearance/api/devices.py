"""A device enrols by the code a supervisor gave it, and asks what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from clearance.actions.devices import enrol_device
from clearance.api.views import DeviceView
from clearance.models import Device
from clearance.queries.devices import device_of
from ferry.api.fields import Text
from ferry.api.schema import answer_example, refusal_example, request_example
from ferry.api.views import PublicView
from ferry.models import Right
from ferry.throttles import AddressThrottle

if TYPE_CHECKING:
    from rest_framework.request import Request


class EnrolThrottle(AddressThrottle):
    """With forty bits that are good for 15 minutes, guessing at this pace takes longer than anybody lives."""

    scope = "enrol"
    rate = "20/min"


class EnrolmentBody(serializers.Serializer[Any]):
    code = Text(max_length=40, help_text="As the supervisor's page shows it; hyphens and case do not matter.")
    name = Text(
        max_length=80,
        required=False,
        allow_blank=True,
        help_text="What the device calls itself, as its serial number.",
    )
    software = Text(max_length=80, required=False, allow_blank=True, help_text="Its program and version.")


class OwnDeviceAnswer(serializers.Serializer[Any]):
    name = serializers.CharField()
    checkpoint = serializers.CharField(help_text="To be sent with every scan.")
    lane = serializers.CharField(
        help_text="To be sent with every scan; empty for a key that was not enrolled."
    )
    rights = serializers.ListField(child=serializers.ChoiceField(Right.choices))


class EnrolmentAnswer(OwnDeviceAnswer):
    token = serializers.CharField(help_text="Shown this once: store it where nobody else reads it.")


OWN = {"name": "Gate camera 3", "checkpoint": "CN-HORGOS", "lane": "3", "rights": ["scan", "list"]}
MISTYPED = "This is no enrolment code: a letter is wrong. Compare it and type it again."
UNKNOWN = "No device waits for this code. Ask the supervisor for a new one."
USED = (
    "This code was used already. If it was not by this device, tell the supervisor at once; "
    "he revokes the other and makes a new code."
)


class Enrolment(PublicView):
    queryset = Device.objects.none()
    serializer_class = EnrolmentAnswer
    filterset_class = None
    pagination_class = None
    throttle_classes = (EnrolThrottle,)

    @extend_schema(
        operation_id="devices_enrol",
        tags=["devices"],
        summary="Enrol a device by its code",
        description="No key. A code is good for 15 minutes and once. An answer that is lost is lost: "
        "have the supervisor revoke the device and add it anew.",
        request=EnrolmentBody,
        responses={201: EnrolmentAnswer},
        examples=[
            request_example({"code": "7K3P-9QX2-M", "name": "SN 4410-0917", "software": "gate 1.0"}),
            answer_example({**OWN, "token": "fm_device_3f0c9b…"}, status=201),
            refusal_example(400, ("code_mistyped", MISTYPED, "code")),
            refusal_example(404, ("code_unknown", UNKNOWN, "code")),
            refusal_example(409, ("code_used", USED, "code")),
        ],
    )
    def post(self, request: Request) -> Response:
        device, token = enrol_device(**self.body(EnrolmentBody), at=self.at)
        return Response({**told(device), "token": token}, status=201)


class OwnDevice(DeviceView):
    serializer_class = OwnDeviceAnswer

    @extend_schema(
        operation_id="devices_self",
        tags=["devices"],
        summary="Ask where this device stands and what it may do",
        description="A supervisor may have moved it to another lane meanwhile.",
        responses=OwnDeviceAnswer,
        examples=[answer_example(OWN)],
    )
    def get(self, request: Request) -> Response:
        device = device_of(self.key)
        if device is not None:
            return Response(told(device))
        # A key that was made by hand has all rights and no lane of its own.
        own = {"name": self.key.label, "checkpoint": self.checkpoint.code, "lane": "", "rights": Right.values}
        return Response(own)


def told(device: Device) -> dict[str, Any]:
    return {
        "name": device.name,
        "checkpoint": device.checkpoint.code,
        "lane": device.lane,
        "rights": device.rights.split(),
    }
