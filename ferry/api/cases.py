"""Cases about a company's trips and declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from ferry.actions.cases import resolve_case
from ferry.api.answers import Answer
from ferry.api.fields import Text, WeightWord
from ferry.api.filters import CaseFilters
from ferry.api.schema import answer_example, refusal_example, request_example
from ferry.api.views import CompanyView
from ferry.models import Case, Scope
from ferry.queries.cases import own_facts

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


class ResolutionBody(serializers.Serializer[Any]):
    resolution = Text(
        max_length=40, help_text="A word for it; `delivered` on exit_no_delivery also moves the trip."
    )
    note = Text(max_length=4000, required=False, allow_blank=True, default="")


class CaseAnswer(Answer[Case]):
    trip = serializers.CharField(source="trip.reference", allow_null=True, default=None)
    declaration = serializers.CharField(source="declaration.number", allow_null=True, default=None)
    weight = WeightWord()
    facts = serializers.SerializerMethodField(help_text="What was seen: times and references.")

    class Meta:
        model = Case
        fields = [
            "id",
            "kind",
            "weight",
            "state",
            "trip",
            "declaration",
            "facts",
            "opened_at",
            "settled_at",
            "settled_by",
            "resolution",
            "note",
        ]

    @extend_schema_field(serializers.DictField())
    def get_facts(self, case: Case) -> Any:
        return self.context["facts"][case.pk]


CASE = {
    "id": 41,
    "kind": "exit_no_delivery",
    "weight": "high",
    "state": "open",
    "trip": "F7K2M9QXD",
    "declaration": None,
    "facts": {"exited_at": "2026-11-22T04:31:10+00:00"},
    "opened_at": "2026-11-24T04:31:40Z",
    "settled_at": None,
    "settled_by": "",
    "resolution": "",
    "note": "",
}
RESOLVED = {
    **CASE,
    "state": "resolved",
    "settled_at": "2026-11-24T08:00:00Z",
    "settled_by": "key own system",
    "resolution": "delivered",
    "note": "The consignee sent a signed receipt by post.",
}


class Cases(CompanyView):
    writes = Scope.CASES
    queryset = Case.objects.none()
    serializer_class = CaseAnswer
    filterset_class = CaseFilters

    @extend_schema(
        operation_id="cases_list",
        tags=["cases"],
        summary="List the cases about your trips and declarations",
        responses=CaseAnswer(many=True),
        examples=[answer_example(CASE)],
    )
    def get(self, request: Request) -> Response:
        cases = self.paginate_queryset(self.filter_queryset(cases_of(self))) or []
        shown = CaseAnswer(cases, many=True, context={"facts": own_facts(cases)})
        return self.get_paginated_response(shown.data)


class OneCase(CompanyView):
    writes = Scope.CASES
    queryset = Case.objects.none()
    serializer_class = CaseAnswer
    filterset_class = None
    pagination_class = None

    @extend_schema(
        operation_id="cases_read",
        tags=["cases"],
        summary="Read a case",
        responses=CaseAnswer,
        examples=[answer_example(CASE)],
    )
    def get(self, request: Request, pk: int) -> Response:
        return shown_case(self.find(cases_of(self), pk=pk))


class ResolveCase(CompanyView):
    writes = Scope.CASES
    queryset = Case.objects.none()
    serializer_class = CaseAnswer
    filterset_class = None
    pagination_class = None

    @extend_schema(
        operation_id="cases_resolve",
        tags=["cases"],
        summary="Resolve an open case",
        request=ResolutionBody,
        responses=CaseAnswer,
        examples=[
            request_example({"resolution": RESOLVED["resolution"], "note": RESOLVED["note"]}),
            answer_example(RESOLVED),
            refusal_example(
                409,
                (
                    "case_settled",
                    "This case is settled already. Reload it to see by whom and how.",
                    None,
                ),
            ),
        ],
    )
    def post(self, request: Request, pk: int) -> Response:
        case = self.find(cases_of(self), pk=pk)
        resolved = resolve_case(case=case, at=self.at, by=self.by, **self.body(ResolutionBody))
        return shown_case(resolved)


def cases_of(view: CompanyView) -> QuerySet[Case]:
    return Case.objects.filter(company=view.company).select_related("trip", "declaration")


def shown_case(case: Case) -> Response:
    return Response(CaseAnswer(case, context={"facts": own_facts([case])}).data)
