"""The list by which a scanner judges while it has no link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.decorators import method_decorator
from django.utils.http import parse_etags
from django.views.decorators.gzip import gzip_page
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from clearance.actions.devices import note_list
from clearance.api.lines import NOT_A_MOMENT, NOT_ITS_CHECKPOINT, read_moment
from clearance.api.views import DeviceView
from clearance.models import Verdict
from clearance.queries.lists import list_etag, offline_list
from ferry.api.public import PublicKey
from ferry.api.schema import answer_example
from ferry.errors import Invalid, NotAllowed, Reason
from ferry.models import PassState, Right, TripState

if TYPE_CHECKING:
    from datetime import datetime

    from rest_framework.request import Request

DEVICE_CLOCK = "Device-Clock"
FRESHNESS = {"Cache-Control": "private, no-cache"}


class Hours(serializers.Serializer[Any]):
    time_zone = serializers.CharField()
    opens = serializers.TimeField(allow_null=True)
    closes = serializers.TimeField(allow_null=True)


class RouteLimits(serializers.Serializer[Any]):
    route = serializers.CharField()
    exit = serializers.CharField()
    entry = serializers.CharField()
    clock_skew_s = serializers.FloatField()
    entry_alert_s = serializers.FloatField()
    list_age_limit_s = serializers.FloatField()


class ListedClosure(serializers.Serializer[Any]):
    route = serializers.CharField(allow_null=True)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class ListedPass(serializers.Serializer[Any]):
    pass_id = serializers.UUIDField()
    short_code = serializers.CharField()
    trip = serializers.CharField()
    route = serializers.CharField()
    state = serializers.ChoiceField(TripState.choices)
    vin = serializers.CharField()
    plate = serializers.CharField()
    make = serializers.CharField()
    model = serializers.CharField()
    colour = serializers.CharField()
    driver = serializers.CharField()
    driver_latin = serializers.CharField(help_text="As the passport spells the name; empty where not known.")
    passport_tail = serializers.CharField()
    opens_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField()
    exited_at = serializers.DateTimeField(allow_null=True)
    arrived_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)


class Objection(serializers.Serializer[Any]):
    code = serializers.CharField()
    verdict = serializers.ChoiceField(Verdict.choices)
    params = serializers.DictField()
    hours = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        required=False,
        help_text="It holds only from the first hour up to the last of any of these, at the checkpoint; "
        "the last may be past midnight. Without them it holds at any hour.",
    )


class EndedPass(serializers.Serializer[Any]):
    pass_id = serializers.UUIDField()
    state = serializers.ChoiceField(PassState.choices)
    ended_at = serializers.DateTimeField(allow_null=True)


class OfflineList(serializers.Serializer[Any]):
    checkpoint = serializers.CharField()
    as_of = serializers.DateTimeField()
    since = serializers.DateTimeField(allow_null=True)
    hours = Hours()
    routes = RouteLimits(many=True)
    closures = ListedClosure(many=True)
    passes = ListedPass(many=True, help_text="Expected; with `since`, those that changed.")
    objections = serializers.DictField(
        child=serializers.ListField(child=Objection()),
        help_text="By pass id, always whole: a pass that is not here has none.",
    )
    ended = EndedPass(many=True, help_text="Revoked, superseded, lapsed or spent before their time was over.")
    keys = PublicKey(many=True)


LIST = {
    "checkpoint": "CN-HORGOS",
    "as_of": "2026-11-22T04:00:00Z",
    "since": None,
    "hours": {"time_zone": "Asia/Shanghai", "opens": None, "closes": None},
    "routes": [
        {
            "route": "HORGOS-NURZHOLY",
            "exit": "CN-HORGOS",
            "entry": "KZ-NURZHOLY",
            "clock_skew_s": 300.0,
            "entry_alert_s": 86400.0,
            "list_age_limit_s": 14400.0,
        }
    ],
    "closures": [],
    "passes": [
        {
            "pass_id": "0d5b3b0e-3f0a-4d86-8a5f-0d1c5c9e2b11",
            "short_code": "7KD2M9QX4",
            "trip": "F7K2M9QXD",
            "route": "HORGOS-NURZHOLY",
            "state": "ready",
            "vin": "LGXCE4CB8S0123456",
            "plate": "",
            "make": "BYD",
            "model": "Song Plus",
            "colour": "white",
            "driver": "马军",
            "driver_latin": "MA JUN",
            "passport_tail": "5678",
            "opens_at": "2026-11-22T03:00:00Z",
            "closes_at": "2026-11-23T03:00:00Z",
            "exited_at": None,
            "arrived_at": None,
            "delivered_at": None,
        }
    ],
    "objections": {
        "0d5b3b0e-3f0a-4d86-8a5f-0d1c5c9e2b11": [{"code": "selected", "verdict": "examine", "params": {}}]
    },
    "ended": [],
    "keys": [],
}


@method_decorator(gzip_page, name="dispatch")
class CheckpointList(DeviceView):
    right = Right.LIST
    serializer_class = OfflineList

    @extend_schema(
        operation_id="checkpoints_list",
        tags=["scans"],
        summary="The list to judge by without a link",
        description="Send the `ETag` back as `If-None-Match`: 304 says that nothing has changed.",
        parameters=[
            OpenApiParameter("since", str, description="The `as_of` of the list before: only what changed."),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER),
            OpenApiParameter(
                DEVICE_CLOCK,
                str,
                OpenApiParameter.HEADER,
                description="What the device's own clock says: the supervisor sees if it is wrong.",
            ),
        ],
        responses={200: OfflineList, 304: OpenApiResponse(description="Nothing has changed.")},
        examples=[answer_example(LIST, status=200)],
    )
    def get(self, request: Request, code: str) -> Response:
        if code != self.checkpoint.code:
            raise NotAllowed(Reason("not_your_checkpoint", NOT_ITS_CHECKPOINT, "code"))
        content = offline_list(self.checkpoint, since=_since(request), at=self.at)
        note_list(key=self.key, clock_offset_s=_clock_offset(request, self.at), at=self.at)
        etag = list_etag(content)
        headers = {**FRESHNESS, "ETag": etag}
        if {etag, "*"} & _known(request):
            return Response(status=304, headers=headers)
        return Response(content, headers=headers)


def _known(request: Request) -> set[str]:
    """List the tags a scanner holds; packing an answer makes its tag a weak one."""
    return {tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))}


def _clock_offset(request: Request, at: datetime) -> float | None:
    """Say how far the device's clock is ahead, if it told the time; nonsense is not worth a refusal."""
    said = read_moment(request.headers.get(DEVICE_CLOCK))
    return None if said is None else round((said - at).total_seconds(), 1)


def _since(request: Request) -> datetime | None:
    """Read `since`; a plus sign that nobody escaped arrives as a space."""
    text = request.query_params.get("since")
    if text is None:
        return None
    moment = read_moment(text.replace(" ", "+"))
    if moment is None:
        raise Invalid(Reason("invalid", NOT_A_MOMENT, "since"))
    return moment
