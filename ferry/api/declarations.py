"""Export declarations and how far they are from complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from ferry.actions.declarations import register_declaration, update_declaration
from ferry.api.answers import Answer
from ferry.api.fields import Text
from ferry.api.filters import DeclarationFilters
from ferry.api.schema import answer_example, refusal_example, request_example
from ferry.api.views import CompanyView
from ferry.models import Declaration, DeclarationStatus, Scope
from ferry.queries.declarations import counted_declarations, declarations_in_full

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response

MOST_VINS = 5000
MOST_VEHICLES = 1_000_000


class DeclarationBody(serializers.Serializer[Any]):
    number = Text(max_length=40, help_text="18 digits.")
    supervision_mode = Text(max_length=10, help_text="4 digits, for example 0110.")
    status = serializers.ChoiceField(DeclarationStatus.choices)
    vins = serializers.ListField(child=Text(max_length=40), min_length=1, max_length=MOST_VINS)
    quantity = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_VEHICLES,
        help_text="Declared quantity, where more vehicles are declared than VINs are known yet.",
    )


class DeclarationChangesBody(serializers.Serializer[Any]):
    status = serializers.ChoiceField(DeclarationStatus.choices)


class DeclarationRow(Answer[Declaration]):
    declared = serializers.IntegerField(source="quantity", help_text="Vehicles declared.")
    out = serializers.IntegerField(help_text="Of these, with an exit record.")
    refund_ready = serializers.SerializerMethodField()

    class Meta:
        model = Declaration
        fields = [
            "number",
            "supervision_mode",
            "status",
            "status_at",
            "declared",
            "out",
            "closed_at",
            "refund_ready",
            "created_at",
        ]

    def get_refund_ready(self, declaration: Declaration) -> bool:
        return declaration.refund_ready_at is not None


class DeclarationAnswer(DeclarationRow):
    vins = serializers.SerializerMethodField()
    blocking = serializers.SerializerMethodField(help_text="VINs without an exit record yet.")

    class Meta(DeclarationRow.Meta):
        fields = [*DeclarationRow.Meta.fields, "vins", "blocking"]

    def get_vins(self, declaration: Declaration) -> list[str]:
        return [declared.vin for declared in declaration.declared_vehicles.all()]

    def get_blocking(self, declaration: Declaration) -> list[str]:
        return [each.vin for each in declaration.declared_vehicles.all() if each.exited_at is None]


DECLARATION: dict[str, Any] = {
    "number": "940720260000000017",
    "supervision_mode": "0110",
    "status": "released",
    "vins": ["LGXCE4CB8S0123456", "LATPAB071W1005301"],
}
DECLARATION_ROW = {
    "number": "940720260000000017",
    "supervision_mode": "0110",
    "status": "released",
    "status_at": "2026-11-22T04:00:00Z",
    "declared": 2,
    "out": 1,
    "closed_at": None,
    "refund_ready": False,
    "created_at": "2026-11-22T04:00:00Z",
}
DECLARATION_ANSWER = {**DECLARATION_ROW, "vins": DECLARATION["vins"], "blocking": ["LATPAB071W1005301"]}


class Declarations(CompanyView):
    writes = Scope.FLEET
    queryset = Declaration.objects.none()
    serializer_class = DeclarationRow
    filterset_class = DeclarationFilters

    @extend_schema(
        operation_id="declarations_list",
        tags=["declarations"],
        summary="List your declarations",
        responses=DeclarationRow(many=True),
        examples=[answer_example(DECLARATION_ROW)],
    )
    def get(self, request: Request) -> Response:
        return self.page(counted_declarations(self.company))

    @extend_schema(
        operation_id="declarations_register",
        tags=["declarations"],
        summary="Register an export declaration",
        request=DeclarationBody,
        responses={201: DeclarationAnswer},
        examples=[
            request_example(DECLARATION),
            answer_example({**DECLARATION_ANSWER, "out": 0, "blocking": DECLARATION["vins"]}, status=201),
            refusal_example(
                400,
                (
                    "declaration_flag",
                    "This is not the number of an export declaration. Copy it again.",
                    "number",
                ),
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        made = register_declaration(
            company=self.company, at=self.at, by=self.by, **self.body(DeclarationBody)
        )
        declaration = self.find(declarations_in_full(self.company), pk=made.pk)
        return self.answer(declaration, DeclarationAnswer, 201)


class OneDeclaration(CompanyView):
    writes = Scope.FLEET
    queryset = Declaration.objects.none()
    serializer_class = DeclarationAnswer
    filterset_class = None
    pagination_class = None

    def declaration(self, number: str) -> Declaration:
        return self.find(declarations_in_full(self.company), number=number)

    @extend_schema(
        operation_id="declarations_read",
        tags=["declarations"],
        summary="Read a declaration: how many are out, and which block the refund",
        responses=DeclarationAnswer,
        examples=[answer_example(DECLARATION_ANSWER)],
    )
    def get(self, request: Request, number: str) -> Response:
        return self.answer(self.declaration(number), DeclarationAnswer)

    @extend_schema(
        operation_id="declarations_change",
        tags=["declarations"],
        summary="Say how far a declaration has come",
        description=(
            "A company's word counts where it goes further than what is known; customs' records outrank it. "
            "The status in the answer is what holds."
        ),
        request=DeclarationChangesBody,
        responses=DeclarationAnswer,
        examples=[request_example({"status": "released"}), answer_example(DECLARATION_ANSWER)],
    )
    def patch(self, request: Request, number: str) -> Response:
        declaration = self.declaration(number)
        status = self.body(DeclarationChangesBody)["status"]
        update_declaration(
            declaration=declaration,
            supervision_mode=declaration.supervision_mode,
            status=status,
            vins=[],
            lines=0,
            at=self.at,
            by=self.by,
        )
        return self.answer(self.declaration(number), DeclarationAnswer)
