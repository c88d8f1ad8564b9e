"""Who says what happened, how his files are written, and the files themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clearance.models.record import RecordKind
from ferry.models import OwnHeadings, Upload, UploadLine
from ferry.models.imports import OPEN_IMPORTS

if TYPE_CHECKING:
    from collections.abc import Mapping


class First(models.TextChoices):
    """What stands first in a date such as 03/07/2026."""

    DAY = "day", _("Day first: 03/07 is 3 July")
    MONTH = "month", _("Month first: 03/07 is 7 March")


class Clocks(models.TextChoices):
    """By whose clocks times are written that do not say so."""

    CHINA = "Asia/Shanghai", _("Beijing (UTC+8)")
    XINJIANG = "Asia/Urumqi", _("Xinjiang (UTC+6)")
    KAZAKHSTAN = "Asia/Almaty", _("Kazakhstan (UTC+5)")
    UTC = "UTC", _("UTC")


class Writing(models.Model):
    """How files are written: what all lines are about, by whose clocks, and what stands first in a date."""

    kind = models.CharField(_("kind of record"), max_length=20, choices=RecordKind.choices, blank=True)
    zone = models.CharField(_("clocks"), max_length=40, blank=True)
    first = models.CharField(_("dates"), max_length=5, choices=First.choices, blank=True)

    class Meta:
        abstract = True

    @property
    def writing(self) -> dict[str, str]:
        return {"kind": self.kind, "zone": self.zone, "first": self.first}


class Source(Writing):
    """Somebody who keeps records, by the name they carry; at one checkpoint, or else everywhere."""

    name = models.CharField(pgettext_lazy("source", "name"), max_length=80, unique=True)
    checkpoint = models.ForeignKey(
        "ferry.Checkpoint",
        models.PROTECT,
        verbose_name=_("checkpoint"),
        null=True,
        blank=True,
        related_name="sources",
    )
    created_at = models.DateTimeField(_("opened"))
    created_by = models.CharField(_("opened by"), max_length=200)

    class Meta:
        verbose_name = _("source of records")
        verbose_name_plural = _("sources of records")

    def __str__(self) -> str:
        return self.name


class RecordFate(models.TextChoices):
    """What becomes of a line of records, and once it is settled what became of it."""

    MATCHED = "matched", pgettext_lazy("record", "Matched")
    UNMATCHED = "unmatched", pgettext_lazy("record", "Waits for its trip")
    DUPLICATE = "duplicate", pgettext_lazy("record", "Known already")
    REFUSED = "refused", pgettext_lazy("import", "Refused")


class RecordImport(Upload, Writing):
    """One file of a source. A straight one is imported as it is read, and waits for nobody to look."""

    owner_field = "source"
    kinds = ("records",)
    fates = RecordFate
    goes_on = True
    kept_for = timedelta(days=30)

    source = models.ForeignKey(
        Source, models.PROTECT, verbose_name=_("source of records"), related_name="imports"
    )
    is_straight = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("import of records")
        verbose_name_plural = _("imports of records")
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="one_record_import_per_key")]
        indexes = [
            models.Index(fields=["source", "-id"], name="record_import_of_source"),
            models.Index(
                fields=["id"], condition=models.Q(state__in=OPEN_IMPORTS), name="record_import_to_work"
            ),
            models.Index(
                fields=["created_at"],
                condition=models.Q(removed_at__isnull=True),
                name="record_import_to_remove",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_looked_at(self) -> bool:
        return not self.is_straight

    @property
    def given(self) -> Mapping[str, str]:
        return {"kind": self.kind} if self.kind else {}


class RecordImportLine(UploadLine):
    """One line of a file of records; `digest` is that of the record it says."""

    file_import = models.ForeignKey(RecordImport, models.CASCADE, related_name="lines")
    fate = models.CharField(_("fate"), max_length=9, choices=RecordFate.choices)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("line of an import of records")
        verbose_name_plural = _("lines of an import of records")
        constraints = [
            models.UniqueConstraint(
                fields=["file_import", "sheet", "number"], name="record_line_once_per_import"
            )
        ]
        indexes = [
            models.Index(fields=["file_import", "fate", "id"], name="record_line_by_fate"),
            models.Index(fields=["file_import", "digest"], name="record_line_by_digest"),
        ]


class SourceHeadings(OwnHeadings):
    """Headings that were put right for a source; those kept before `titles` were have none."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="known_headings")
    titles = models.JSONField(_("headings as written"), default=list)
    known_by = models.CharField(_("by"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("known headings of a source")
        verbose_name_plural = _("known headings of sources")
        constraints = [
            models.UniqueConstraint(fields=["source", "fingerprint"], name="source_headings_known_once")
        ]

    @property
    def width(self) -> int:
        """Count the columns there are to choose from."""
        return len(self.titles) or max((int(index) + 1 for index in self.columns), default=0)
