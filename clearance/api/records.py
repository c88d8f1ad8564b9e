"""Records of an authority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from clearance.actions.records import take_records
from clearance.api.lines import named, read_record
from clearance.models import RecordKind
from ferry.api.errors import ErrorAnswer
from ferry.api.fields import Moment
from ferry.api.keys import AuthorityKey
from ferry.api.parsers import LineJSON
from ferry.api.schema import answer_example, request_example
from ferry.api.views import View
from ferry.errors import Invalid, Reason, Refused
from ferry.models import DeclarationStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rest_framework.request import Request

MOST_RECORDS = 1000
RESULTS = ["matched", "unmatched", "duplicate", "error"]


class RecordBody(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(RecordKind.choices)
    occurred_at = Moment()
    vin = serializers.CharField(required=False, max_length=17)
    passport_number = serializers.CharField(required=False, max_length=20)
    declaration = serializers.CharField(required=False, max_length=18)
    status = serializers.ChoiceField(DeclarationStatus.choices, required=False)
    source_reference = serializers.CharField(max_length=100, help_text="The source's own number for it.")


class RecordAnswer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(RESULTS)
    source_reference = serializers.CharField(allow_null=True)
    errors = ErrorAnswer(many=True)  # type: ignore[assignment]


class RecordsAnswer(serializers.Serializer[Any]):
    results = RecordAnswer(many=True)


class Records(View):
    permission_classes = (AuthorityKey,)
    parser_classes = (LineJSON,)
    serializer_class = RecordsAnswer
    filterset_class = None
    pagination_class = None

    @property
    def by(self) -> str:
        return f"authority {self.key.label}"

    @extend_schema(
        operation_id="records_submit",
        tags=["records"],
        summary="Submit up to 1,000 records",
        description=(
            "One result each, in order. What matches no trip is kept and matched when its trip appears; "
            "an unusable line is refused alone."
        ),
        request=RecordBody(many=True),
        responses=RecordsAnswer,
        examples=[
            request_example(
                [
                    {
                        "kind": "border_exit",
                        "occurred_at": "2026-11-22T04:40:00Z",
                        "passport_number": "E12345678",
                        "source_reference": "BP-20261122-0071",
                    },
                    {
                        "kind": "declaration_status",
                        "occurred_at": "2026-11-22T10:00:00Z",
                        "declaration": "940720260000000017",
                        "status": "closed",
                        "source_reference": "CD-5521",
                    },
                ]
            ),
            answer_example(
                {
                    "results": [
                        {"status": "matched", "source_reference": "BP-20261122-0071", "errors": []},
                        {"status": "unmatched", "source_reference": "CD-5521", "errors": []},
                    ]
                }
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        raw = _lines(request.data)
        read = [_read(line) for line in raw]
        usable = [line for line in read if not isinstance(line, Refused)]
        taken = iter(take_records(lines=usable, source=self.key.label, at=self.at, by=self.by))
        answers = []
        for line, record in zip(raw, read, strict=True):
            if isinstance(record, Refused):
                answers.append(_answer(line, "error", record.reasons))
            else:
                result = next(taken)
                answers.append(_answer(line, result.status, result.reasons))
        return Response({"results": answers})


def _lines(body: Any) -> list[Any]:
    if not isinstance(body, list):
        raise Invalid(Reason("not_a_list", _("Send the records as a list.")))
    if len(body) > MOST_RECORDS:
        raise Invalid(Reason("max_length", _("Send at most 1,000 records at once.")))
    return body


def _read(line: Any) -> Any:
    try:
        return read_record(line)
    except Refused as refused:
        return refused


def _answer(line: Any, status: str, reasons: Iterable[Reason]) -> dict[str, Any]:
    errors = [{"code": reason.code, "detail": str(reason.detail), "attr": reason.attr} for reason in reasons]
    return {"status": status, "source_reference": named(line, "source_reference"), "errors": errors}
