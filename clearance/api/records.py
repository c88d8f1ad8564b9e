"""Records of an authority."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from clearance.actions.records import take_records
from clearance.api.lines import named, read_record
from clearance.models import Record, RecordKind
from clearance.queries.records import records_said
from ferry.api.answers import Answer
from ferry.api.errors import ErrorAnswer
from ferry.api.fields import Moment
from ferry.api.filters import ChoiceFilter, MomentFilter
from ferry.api.keys import AuthorityKey
from ferry.api.parsers import LineJSON
from ferry.api.schema import answer_example, request_example
from ferry.api.views import View
from ferry.errors import Invalid, Reason, Refused
from ferry.models import DeclarationStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from rest_framework.request import Request

MOST_RECORDS = 1000
RESULTS = ["matched", "unmatched", "duplicate", "error"]
STANDING = ["matched", "unmatched"]
KEPT = {
    "id": 5521,
    "status": "unmatched",
    "kind": "declaration_status",
    "occurred_at": "2026-11-22T10:00:00Z",
    "source_reference": "CD-5521",
    "vin": "",
    "passport_tail": "",
    "declaration": "940720260000000017",
    "declaration_status": "closed",
    "received_at": "2026-11-22T10:00:04Z",
    "matched_at": None,
}


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


class KeptRecordAnswer(Answer[Record]):
    """A record as its source sees it: of a passport the last four, and nothing of the trip it is about."""

    status = serializers.SerializerMethodField()
    declaration = serializers.CharField(source="declaration_number")
    declaration_status = serializers.CharField(source="status")
    passport_tail = serializers.CharField(help_text="The last four of the passport number.")

    class Meta:
        model = Record
        fields = [
            "id",
            "status",
            "kind",
            "occurred_at",
            "source_reference",
            "vin",
            "passport_tail",
            "declaration",
            "declaration_status",
            "received_at",
            "matched_at",
        ]

    @extend_schema_field(serializers.ChoiceField(STANDING))
    def get_status(self, record: Record) -> str:
        return "matched" if record.matched_at else "unmatched"


class RecordFilters(filters.FilterSet):  # type: ignore[misc]
    source_reference = filters.CharFilter(max_length=100, help_text="The source's own number, exactly.")
    status = filters.ChoiceFilter(
        choices=[(one, one) for one in STANDING], method="standing", help_text="Whether it is matched."
    )
    kind = ChoiceFilter(RecordKind)
    received_from = MomentFilter("received_at", "gte", help_text="Received at this moment or later.")
    received_until = MomentFilter("received_at", "lt", help_text="Received before this moment.")

    def standing(self, rows: QuerySet[Record], _name: str, value: str) -> QuerySet[Record]:
        return rows.filter(matched_at__isnull=value == "unmatched")


class Records(View):
    permission_classes = (AuthorityKey,)
    parser_classes = (LineJSON,)
    queryset = Record.objects.none()
    serializer_class = KeptRecordAnswer
    filterset_class = RecordFilters

    @extend_schema(
        operation_id="records_list",
        tags=["records"],
        summary="List the records you submitted, newest first",
        description=(
            "Those of your key's own label and no others. `status=unmatched` lists what still waits for its "
            "trip or declaration; it is matched by itself when that appears."
        ),
        responses=KeptRecordAnswer(many=True),
        examples=[answer_example(KEPT)],
    )
    def get(self, request: Request) -> Response:
        return self.page(records_said(self.key.label))

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
