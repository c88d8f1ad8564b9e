"""What others say happened: border police, the Kazakh side, customs' declaration system."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Right
from django.utils.translation import gettext_lazy as _

from ferry.models import DeclarationStatus


class RecordKind(models.TextChoices):
    BORDER_EXIT = "border_exit", _("Border police: driver left China")
    KZ_ENTRY = "kz_entry", _("Entry into Kazakhstan")
    DECLARATION_STATUS = "declaration_status", _("Declaration status")
    RETURN = "return", _("Driver back in China")


class MatchedBy(models.TextChoices):
    """By which of its keys a record was matched."""

    VIN_AND_PERSON = "both", _("VIN and passport")
    VIN = "vin", _("VIN")
    PERSON = "person", _("passport and the order of time")
    DECLARATION = "number", _("declaration number")


#: So much of a passport number may be searched by and shown.
PASSPORT_TAIL = 4


class Record(models.Model):
    """One line of evidence as it came, with where it came from; never changed, only matched.

    `digest` is that of source, kind and content, so that the same line sent again is a duplicate.
    An unmatched record keeps its keys and is matched later, when its trip appears.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=RecordKind.choices)
    occurred_at = models.DateTimeField(_("occurred"))
    vin = models.CharField(_("VIN"), max_length=17, blank=True)
    passport_number = models.CharField(_("passport number"), max_length=20, blank=True)
    declaration_number = models.CharField(_("declaration number"), max_length=18, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=DeclarationStatus.choices, blank=True)

    source = models.CharField(_("source"), max_length=80)
    source_reference = models.CharField(_("reference at the source"), max_length=100)
    source_line = models.PositiveIntegerField(_("line"), null=True, blank=True)
    original = models.JSONField(_("as it came"), default=dict)
    digest = models.CharField(max_length=64, unique=True)
    received_at = models.DateTimeField(_("received"))
    received_by = models.CharField(_("received by"), max_length=200, blank=True)
    file_import = models.ForeignKey(
        "clearance.RecordImport",
        models.PROTECT,
        verbose_name=_("file"),
        null=True,
        blank=True,
        related_name="records",
    )

    trip = models.ForeignKey(
        "ferry.Trip", models.PROTECT, verbose_name=_("trip"), null=True, blank=True, related_name="records"
    )
    declaration = models.ForeignKey(
        "ferry.Declaration",
        models.PROTECT,
        verbose_name=_("declaration"),
        null=True,
        blank=True,
        related_name="records",
    )
    person = models.ForeignKey(
        "ferry.Person",
        models.PROTECT,
        verbose_name=_("person"),
        null=True,
        blank=True,
        related_name="records",
    )
    matched_at = models.DateTimeField(_("matched"), null=True, blank=True)
    matched_by = models.CharField(_("matched by"), max_length=6, choices=MatchedBy.choices, blank=True)

    class Meta:
        verbose_name = _("record")
        verbose_name_plural = _("records")
        indexes = [
            models.Index(fields=["trip", "kind"]),
            models.Index(
                fields=["vin"], condition=models.Q(matched_at__isnull=True), name="unmatched_by_vin"
            ),
            models.Index(
                fields=["passport_number"],
                condition=models.Q(matched_at__isnull=True),
                name="unmatched_by_passport",
            ),
            models.Index(
                fields=["declaration_number"],
                condition=models.Q(matched_at__isnull=True),
                name="unmatched_by_declaration",
            ),
            models.Index(fields=["person", "occurred_at"]),
            models.Index(fields=["occurred_at", "id"], name="record_by_moment"),
            models.Index(fields=["source", "id"], name="record_of_source"),
            models.Index(fields=["source", "occurred_at", "id"], name="record_of_source_by_moment"),
            models.Index(fields=["source", "source_reference"], name="record_by_own_reference"),
            models.Index(fields=["file_import", "id"], name="record_of_import"),
            models.Index(fields=["id"], condition=models.Q(matched_at__isnull=True), name="record_unmatched"),
            models.Index(
                fields=["source"],
                condition=models.Q(matched_at__isnull=True),
                name="record_unmatched_of_source",
            ),
            models.Index(Right("passport_number", PASSPORT_TAIL), name="record_by_passport_tail"),
            models.Index(fields=["source_reference"], name="record_by_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.source_reference}"

    @property
    def passport_tail(self) -> str:
        return self.passport_number[-PASSPORT_TAIL:]
