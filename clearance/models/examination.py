"""What an officer looks at, finds and decides, and how a release is withdrawn."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from clearance.models.chain import columns_of


class ExaminationOutcome(models.TextChoices):
    RELEASED = "released", pgettext_lazy("vehicle", "Released")
    DETAINED = "detained", pgettext_lazy("vehicle", "Detained")


class Answer(models.TextChoices):
    """What an officer found about one item of a checklist."""

    RIGHT = "right", pgettext_lazy("checklist", "As it should be")
    WRONG = "wrong", pgettext_lazy("checklist", "Not as it should be")
    UNCHECKED = "unchecked", pgettext_lazy("checklist", "Not checked")


class Examination(models.Model):
    """An officer's word on a vehicle: it ends in released or detained, once.

    It opens on a scan that said examine, or on one whose release was withdrawn; a scan has one that is not
    decided at a time. `checklist` holds an Answer for each item (clearance.rules.checklist), written with the
    outcome.
    """

    scan = models.ForeignKey(
        "clearance.Scan",
        models.PROTECT,
        verbose_name=_("scan"),
        related_name="examinations",
        related_query_name="examination",
    )
    opened_at = models.DateTimeField(_("opened"))
    outcome = models.CharField(_("outcome"), max_length=8, choices=ExaminationOutcome.choices, blank=True)
    checklist = models.JSONField(_("checklist"), default=dict, blank=True)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("officer"),
        null=True,
        blank=True,
        related_name="examinations",
    )

    class Meta:
        verbose_name = _("examination")
        verbose_name_plural = _("examinations")
        constraints = [
            models.UniqueConstraint(
                fields=["scan"], condition=models.Q(outcome=""), name="one_undecided_examination_per_scan"
            )
        ]

    def __str__(self) -> str:
        return self.outcome or "…"

    @property
    def chained(self) -> dict[str, Any]:
        return columns_of(self)


class Compared(models.TextChoices):
    VIN = "vin", _("VIN")
    PLATE = "plate", _("Plate")


class Comparison(models.Model):
    """What an officer read on the vehicle beside what the pass says; it is kept whatever came of it."""

    examination = models.ForeignKey(Examination, models.PROTECT, related_name="comparisons")
    what = models.CharField(_("compared"), max_length=5, choices=Compared.choices)
    read = models.CharField(_("read on the vehicle"), max_length=60)
    expected = models.CharField(_("on the pass"), max_length=60)
    is_same = models.BooleanField(_("the same"))
    by_camera = models.BooleanField(_("read by camera"), default=False)
    compared_at = models.DateTimeField(_("compared at"))
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("comparison")
        verbose_name_plural = _("comparisons")

    def __str__(self) -> str:
        return f"{self.get_what_display()} …{self.read[-6:]}"


class Photo(models.Model):
    """A photo an officer took in an examination, as it was checked and kept; `sha256` is of what was sent."""

    examination = models.ForeignKey(Examination, models.PROTECT, related_name="photos")
    content_type = models.CharField(_("type"), max_length=40)
    size = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    file = models.FileField(max_length=100)
    thumbnail = models.FileField(max_length=100)
    added_at = models.DateTimeField(_("added"))
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("photo of an examination")
        verbose_name_plural = _("photos of examinations")
        constraints = [
            models.UniqueConstraint(
                fields=["examination", "sha256"], name="one_photo_per_examination_and_content"
            )
        ]

    def __str__(self) -> str:
        return f"{self.examination_id} · {self.pk}"


class Withdrawal(models.Model):
    """A supervisor's word that a release does not hold any more; `passed_at` is what the scan said before.

    The scan keeps its verdict, and what was written stays: this row and a new examination stand beside it.
    """

    scan = models.ForeignKey("clearance.Scan", models.PROTECT, related_name="withdrawals")
    passed_at = models.DateTimeField(_("let through"))
    reason = models.CharField(_("reason"), max_length=200)
    withdrawn_at = models.DateTimeField(_("withdrawn"))
    supervisor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="withdrawals")

    class Meta:
        verbose_name = _("withdrawal of a release")
        verbose_name_plural = _("withdrawals of releases")

    def __str__(self) -> str:
        return self.reason
