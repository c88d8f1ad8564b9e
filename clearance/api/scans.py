"""Scans of devices at a checkpoint, one by one or in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import JsonResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from clearance.actions.scans import record_scans
from clearance.api.lines import LONGEST_CODE, named
from clearance.api.together import Call, Together
from clearance.api.views import DeviceView, read_scan_of
from clearance.models import Verdict
from clearance.queries.scans import to_compare
from ferry.api.errors import ErrorAnswer, refusal, status_of
from ferry.api.fields import Moment
from ferry.api.keys import shown_token
from ferry.api.parsers import LineJSON
from ferry.api.schema import answer_example, refusal_example, request_example
from ferry.errors import Invalid, Reason, Refused
from ferry.models import Right
from ferry.reasons import in_words

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

    from clearance.actions.scans import ScanInput, ScanResult
    from clearance.models import Scan
    from clearance.queries.scans import Subject

MOST_SCANS = 500


class OfflineBody(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(Verdict.choices)
    list_age_s = serializers.FloatField(min_value=0, help_text="Age of the offline list, in seconds.")


class ScanBody(serializers.Serializer[Any]):
    scan_id = serializers.UUIDField(help_text="The scanner's own choice, one for each scan.")
    code = serializers.CharField(max_length=LONGEST_CODE, help_text="What the QR code says, or a short code.")
    checkpoint = serializers.CharField(max_length=30, help_text="The code of the key's own checkpoint.")
    lane = serializers.CharField(max_length=20)
    scanned_at = Moment(required=False, allow_null=True, help_text="When it was scanned; without it, now.")
    offline = OfflineBody(required=False, allow_null=True, help_text="What was decided without a link.")


class BatchBody(serializers.Serializer[Any]):
    scans = serializers.ListField(child=ScanBody(), max_length=MOST_SCANS)


class ReasonAnswer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField(help_text="The next step, in the language of `Accept-Language`.")


class ScannedDriver(serializers.Serializer[Any]):
    name = serializers.CharField()
    name_latin = serializers.CharField(help_text="As the passport spells it; empty where not known.")
    passport_tail = serializers.CharField(help_text="The last four characters.")


class ScannedTrip(serializers.Serializer[Any]):
    reference = serializers.CharField()
    vin = serializers.CharField()
    make = serializers.CharField()
    model = serializers.CharField()
    colour = serializers.CharField()
    plate = serializers.CharField()
    driver = ScannedDriver()


class ScanAnswer(serializers.Serializer[Any]):
    scan_id = serializers.UUIDField()
    verdict = serializers.ChoiceField(Verdict.choices)
    reasons = ReasonAnswer(many=True)
    trip = ScannedTrip(allow_null=True, help_text="To compare with the vehicle; null for an unknown code.")
    recorded_at = serializers.DateTimeField()


class ScanResultAnswer(serializers.Serializer[Any]):
    """A stored scan's answer, or the errors of one that was not stored."""

    status = serializers.IntegerField(help_text="As for a scan sent alone: 201, 200, 400, 403 or 409.")
    scan_id = serializers.CharField(allow_null=True)
    verdict = serializers.ChoiceField(Verdict.choices, required=False)
    reasons = ReasonAnswer(many=True, required=False)
    trip = ScannedTrip(allow_null=True, required=False)
    recorded_at = serializers.DateTimeField(required=False)
    errors = ErrorAnswer(many=True, required=False)  # type: ignore[assignment]


class BatchAnswer(serializers.Serializer[Any]):
    results = ScanResultAnswer(many=True)


SCAN: dict[str, Any] = {
    "scan_id": "6f1f7c0e-2f0e-4a53-9c0a-5d9b2f1f1a10",
    "code": "HTTPS://FERRYMAN.EXAMPLE/P/2KCE…",
    "checkpoint": "CN-HORGOS",
    "lane": "3",
}
COMPARE = {
    "reference": "F7K2M9QXD",
    "vin": "LGXCE4CB8S0123456",
    "make": "BYD",
    "model": "Song Plus",
    "colour": "white",
    "plate": "临A12345",
    "driver": {"name": "马军", "name_latin": "MA JUN", "passport_tail": "5678"},
}
RELEASE = {
    "scan_id": SCAN["scan_id"],
    "verdict": "release",
    "reasons": [],
    "trip": COMPARE,
    "recorded_at": "2026-11-22T04:31:10.123456Z",
}
REFUSE = {
    **RELEASE,
    "verdict": "refuse",
    "reasons": [
        {"code": "revoked", "detail": "This code was revoked. Turn back and call the company."},
    ],
}
REUSED = refusal_example(
    409,
    (
        "scan_id_reused",
        "This scan id was used for another scan. Give every scan an id of its own and send it again.",
        "scan_id",
    ),
)


class Scans(DeviceView):
    right = Right.SCAN
    serializer_class = ScanAnswer

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a usual scan at once; for all else, the general way says what is wrong."""
        return _answer_at_once(request) or super().dispatch(request, *args, **kwargs)

    @extend_schema(
        operation_id="scans_record",
        tags=["scans"],
        summary="Scan a code: release, examine or refuse",
        description="The same scan_id again answers the same, with 200.",
        request=ScanBody,
        responses={201: ScanAnswer, 200: ScanAnswer},
        examples=[
            request_example(SCAN),
            answer_example(RELEASE, "Released", 201),
            answer_example(REFUSE, "Refused", 201),
            answer_example(RELEASE, "Recorded before", 200),
            REUSED,
        ],
    )
    def post(self, request: Request) -> Response:
        scan = read_scan_of(self.key, request.data)
        result = record_scans(scans=[scan], device=self.key, at=self.at, by=self.by)[0]
        return Response(scan_answer(result.kept(), result.subject), status=result.status)


def _answer_at_once(request: HttpRequest) -> JsonResponse | None:
    """Record a scan together with those that other lanes send at the moment; None if it is unusual."""
    token = shown_token(request)
    if request.method != "POST" or request.content_type != LineJSON.media_type or token is None:
        return None
    try:
        line = LineJSON().parse(request)  # type: ignore[arg-type]
    except (APIException, RequestDataTooBig, SuspiciousOperation):
        return None
    result = TOGETHER.record(Call(token, line))
    if result is None:
        return None
    answer = scan_answer(result.kept(), result.subject)
    return JsonResponse(answer, encoder=JSONEncoder, status=result.status)


TOGETHER = Together()


class ScanBatches(DeviceView):
    right = Right.SCAN
    serializer_class = BatchAnswer

    @extend_schema(
        operation_id="scans_record_batch",
        tags=["scans"],
        summary="Upload up to 500 scans made offline, in their order",
        description="Each result has its own status; an unusable scan stops no other.",
        request=BatchBody,
        responses=BatchAnswer,
        examples=[
            request_example(
                {
                    "scans": [
                        {
                            **SCAN,
                            "scanned_at": "2026-11-22T04:02:00Z",
                            "offline": {"verdict": "release", "list_age_s": 900},
                        }
                    ]
                }
            ),
            answer_example({"results": [{"status": 201, **RELEASE}]}),
        ],
    )
    def post(self, request: Request) -> Response:
        raw = _lines(request.data)
        read = [self._read(line) for line in raw]
        usable = [scan for scan in read if not isinstance(scan, Refused)]
        stored = iter(record_scans(scans=usable, device=self.key, at=self.at, by=self.by) if usable else [])
        results = [scan if isinstance(scan, Refused) else next(stored) for scan in read]
        answers = [_result(line, result) for line, result in zip(raw, results, strict=True)]
        return Response({"results": answers})

    def _read(self, line: Any) -> ScanInput | Refused:
        try:
            return read_scan_of(self.key, line)
        except Refused as refused:
            return refused


def _lines(body: Any) -> list[Any]:
    scans = body.get("scans") if isinstance(body, dict) else None
    if not isinstance(scans, list):
        raise Invalid(Reason("required", _("Send the scans as a list."), "scans"))
    if len(scans) > MOST_SCANS:
        raise Invalid(Reason("max_length", _("Send at most 500 scans at once."), "scans"))
    return scans


def _result(line: Any, result: ScanResult | Refused) -> dict[str, Any]:
    if isinstance(result, Refused):
        return _refused(line, status_of(result), result)
    if result.scan is None:
        return _refused(line, result.status, result.refused or Refused())
    return {"status": result.status, **scan_answer(result.scan, result.subject)}


def _refused(line: Any, status: int, refused: Refused) -> dict[str, Any]:
    return {"status": status, "scan_id": named(line, "scan_id"), "errors": refusal(refused)["errors"]}


def scan_answer(scan: Scan, subject: Subject | None) -> dict[str, Any]:
    reasons = [{"code": reason.code, "detail": str(reason.detail)} for reason in in_words(scan.reasons)]
    return {
        "scan_id": str(scan.scan_id),
        "verdict": scan.verdict,
        "reasons": reasons,
        "trip": to_compare(subject) if subject and scan.pass_used_id is not None else None,
        "recorded_at": scan.recorded_at,
    }
