"""Cases about a company's trips and declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from ferry.actions.case_work import comment_case
from ferry.actions.cases import resolve_case
from ferry.api.answers import Answer
from ferry.api.fields import Text, WeightWord
from ferry.api.filters import CaseFilters
from ferry.api.schema import answer_example, refusal_example, request_example
from ferry.api.views import CompanyView
from ferry.models import Case, CaseLevel, CaseStep, Party, Scope
from ferry.queries.cases import own_facts, visible_steps
from ferry.rules.cases import LONGEST_NOTE

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


MOST_FEN = 1_000_000_000


class ResolutionBody(serializers.Serializer[Any]):
    resolution = Text(
        max_length=40, help_text="A word for it; `delivered` on exit_no_delivery also moves the trip."
    )
    note = Text(max_length=4000, required=False, allow_blank=True, default="")
    accepted_fen = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=MOST_FEN,
        help_text="With `damage_settled` on damage: what you bear of it, in fen (CNY).",
    )


class CommentBody(serializers.Serializer[Any]):
    text = Text(max_length=LONGEST_NOTE, help_text="What you want to say; customs read it.")
    is_internal = serializers.BooleanField(default=False, help_text="Only your own side reads it.")


class LevelWord(serializers.ChoiceField):
    """A level of a case by its word."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[level.name.lower() for level in CaseLevel], **options)

    def to_representation(self, value: Any) -> str:
        return CaseLevel(value).name.lower()


class StepAnswer(Answer[CaseStep]):
    step = serializers.CharField(source="kind")
    side = serializers.CharField(source="party")
    file = serializers.CharField(
        source="document.name", allow_null=True, default=None, help_text="Evidence that came with it."
    )

    class Meta:
        model = CaseStep
        fields = ["step", "side", "at", "by", "text", "is_internal", "file"]


class CaseAnswer(Answer[Case]):
    trip = serializers.CharField(source="trip.reference", allow_null=True, default=None)
    declaration = serializers.CharField(source="declaration.number", allow_null=True, default=None)
    weight = WeightWord()
    facts = serializers.SerializerMethodField(help_text="What was seen: times and references.")
    level = LevelWord(help_text="How far up it is because nobody settled it in time.")
    assigned_to = serializers.EmailField(source="assigned_to.email", allow_null=True, default=None)
    earlier = serializers.IntegerField(
        source="earlier_id", allow_null=True, help_text="The one of the same kind that was settled before."
    )
    steps = StepAnswer(many=True, source="seen_steps", help_text="What was done, the oldest first.")

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
            "due_at",
            "level",
            "assigned_to",
            "reopened_at",
            "earlier",
            "accepted_fen",
            "accepted_currency",
            "steps",
        ]

    @extend_schema_field(serializers.DictField())
    def get_facts(self, case: Case) -> Any:
        return self.context["facts"][case.pk]


OPENED = {
    "step": "opened",
    "side": "system",
    "at": "2026-11-24T04:31:40Z",
    "by": "reconciliation",
    "text": "",
    "is_internal": False,
    "file": None,
}
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
    "due_at": "2026-11-26T04:31:40Z",
    "level": "case",
    "assigned_to": "zhang@silkroad.example",
    "reopened_at": None,
    "earlier": None,
    "accepted_fen": None,
    "accepted_currency": "CNY",
    "steps": [OPENED],
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
                    "This case is settled already. It says by whom and how.",
                    None,
                ),
            ),
        ],
    )
    def post(self, request: Request, pk: int) -> Response:
        case = self.find(cases_of(self), pk=pk)
        resolve_case(case=case, at=self.at, by=self.by, **self.body(ResolutionBody))
        return shown_case(self.find(cases_of(self), pk=pk))


class CommentCase(CompanyView):
    writes = Scope.CASES
    queryset = Case.objects.none()
    serializer_class = CaseAnswer
    filterset_class = None
    pagination_class = None

    @extend_schema(
        operation_id="cases_comment",
        tags=["cases"],
        summary="Write about a case, open or settled",
        description="The same words twice in a row are kept once.",
        request=CommentBody,
        responses=CaseAnswer,
        examples=[
            request_example({"text": "We have called the consignee.", "is_internal": False}),
            answer_example(CASE),
        ],
    )
    def post(self, request: Request, pk: int) -> Response:
        case = self.find(cases_of(self), pk=pk)
        comment_case(case=case, **self.body(CommentBody), party=Party.COMPANY, at=self.at, by=self.by)
        return shown_case(self.find(cases_of(self), pk=pk))


def cases_of(view: CompanyView) -> QuerySet[Case]:
    rows = Case.objects.filter(company=view.company).select_related("trip", "declaration", "assigned_to")
    return rows.prefetch_related(Prefetch("steps", visible_steps(Party.COMPANY), to_attr="seen_steps"))


def shown_case(case: Case) -> Response:
    return Response(CaseAnswer(case, context={"facts": own_facts([case])}).data)
