"""What a company's drivers are paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from ferry.api.answers import Answer
from ferry.api.filters import StatementFilters
from ferry.api.schema import answer_example
from ferry.api.views import CompanyView
from ferry.models import PayEntry, PayStatement, Scope
from ferry.queries.pay import entries_of, statements_of

if TYPE_CHECKING:
    from rest_framework.request import Request


class StatementAnswer(Answer[PayStatement]):
    driver = serializers.IntegerField(source="driver_id")
    driver_name = serializers.CharField(source="driver.name")
    trips = serializers.IntegerField(help_text="How many delivered trips it pays.")
    total_fen = serializers.IntegerField(
        source="sum_fen", help_text="The sum of its entries, in hundredths; final once it is approved."
    )

    class Meta:
        model = PayStatement
        fields = [
            "id",
            "driver",
            "driver_name",
            "month",
            "currency",
            "state",
            "trips",
            "total_fen",
            "approved_at",
            "paid_on",
            "paid_reference",
        ]


class EntryAnswer(Answer[PayEntry]):
    trip = serializers.CharField(source="trip.reference", allow_null=True, default=None)
    case = serializers.IntegerField(source="case_id", allow_null=True)

    class Meta:
        model = PayEntry
        fields = ["id", "kind", "amount_fen", "trip", "case", "reason", "earned_at", "recorded_at"]


class WholeStatementAnswer(StatementAnswer):
    entries = serializers.SerializerMethodField(help_text="In the order in which they count.")

    class Meta(StatementAnswer.Meta):
        fields = [*StatementAnswer.Meta.fields, "entries"]

    @extend_schema_field(EntryAnswer(many=True))
    def get_entries(self, statement: PayStatement) -> Any:
        return EntryAnswer(entries_of(statement), many=True).data


STATEMENT = {
    "id": 7,
    "driver": 12,
    "driver_name": "Ma Jun",
    "month": "2026-11",
    "currency": "CNY",
    "state": "draft",
    "trips": 11,
    "total_fen": 537950,
    "approved_at": None,
    "paid_on": None,
    "paid_reference": "",
}
ENTRY = {
    "id": 88,
    "kind": "accrual",
    "amount_fen": 50000,
    "trip": "F7K2M9QXD",
    "case": None,
    "reason": "",
    "earned_at": "2026-11-22T11:05:00Z",
    "recorded_at": "2026-11-22T11:05:00Z",
}


class Statements(CompanyView):
    # Nothing can be written here, which is told (405) to whoever may read.
    writes = Scope.READ
    queryset = PayStatement.objects.none()
    serializer_class = StatementAnswer
    filterset_class = StatementFilters

    @extend_schema(
        operation_id="pay_statements_list",
        tags=["pay"],
        summary="List what your drivers are paid, month by month",
        responses=StatementAnswer(many=True),
        examples=[answer_example(STATEMENT)],
    )
    def get(self, request: Request) -> Response:
        return self.page(statements_of(self.company))


class OneStatement(CompanyView):
    writes = Scope.READ
    queryset = PayStatement.objects.none()
    serializer_class = WholeStatementAnswer
    filterset_class = None
    pagination_class = None

    @extend_schema(
        operation_id="pay_statements_read",
        tags=["pay"],
        summary="Read a statement with its entries",
        responses=WholeStatementAnswer,
        examples=[answer_example({**STATEMENT, "entries": [ENTRY]})],
    )
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(self.find(statements_of(self.company), pk=pk), WholeStatementAnswer)
