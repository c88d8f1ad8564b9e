"""A scan with its verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from clearance.models.examination import Examination

from clearance.models.chain import columns_of


class Verdict(models.TextChoices):
    RELEASE = "release", _("Release")
    EXAMINE = "examine", _("Examine")
    REFUSE = "refuse", _("Refuse")


class Crossing(models.TextChoices):
    EXIT = "exit", _("Exit from China")
    ENTRY = "entry", _("Entry into Kazakhstan")


class Scan(models.Model):
    """One reading of a code at a checkpoint, kept whatever the verdict.

    `passed_at` is set when the vehicle was let through on it (released here, released after an
    examination, or released offline and accepted on upload); the database lets that be once per pass
    and crossing. A release that is withdrawn clears it. `digest` is that of what was sent, so that a scan
    id used again can be told apart.
    """

    scan_id = models.UUIDField(_("scan"), unique=True)
    digest = models.CharField(max_length=64)
    # No index of its own: two that begin with it stand below, and each costs every scan.
    checkpoint = models.ForeignKey(
        "ferry.Checkpoint", models.PROTECT, verbose_name=_("checkpoint"), related_name="scans", db_index=False
    )
    lane = models.CharField(_("lane"), max_length=20)
    crossing = models.CharField(_("crossing"), max_length=5, choices=Crossing.choices, blank=True)
    pass_used = models.ForeignKey(
        "ferry.Pass", models.PROTECT, verbose_name=_("pass"), null=True, blank=True, related_name="scans"
    )
    trip = models.ForeignKey(
        "ferry.Trip", models.PROTECT, verbose_name=_("trip"), null=True, blank=True, related_name="scans"
    )
    device = models.ForeignKey(
        "ferry.ApiKey", models.PROTECT, verbose_name=_("device"), null=True, blank=True, related_name="scans"
    )
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name=_("officer"),
        null=True,
        blank=True,
        related_name="scans",
    )
    scanned_at = models.DateTimeField(_("scanned"))
    recorded_at = models.DateTimeField(_("recorded"))
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict.choices)
    reasons = models.JSONField(_("reasons"), default=list)
    passed_at = models.DateTimeField(_("let through"), null=True, blank=True)
    offline_verdict = models.CharField(
        _("verdict offline"), max_length=8, choices=Verdict.choices, blank=True
    )
    list_age = models.DurationField(_("age of the offline list"), null=True, blank=True)

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")
        constraints = [
            models.UniqueConstraint(
                fields=["pass_used", "crossing"],
                condition=models.Q(passed_at__isnull=False),
                name="let_through_once_per_pass_and_crossing",
            )
        ]
        indexes = [
            models.Index(fields=["trip", "scanned_at"]),
            models.Index(fields=["checkpoint", "-recorded_at"]),
            models.Index(fields=["checkpoint", "scanned_at", "id"], name="scan_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint_id} {self.verdict}"

    @property
    def examination(self) -> Examination | None:
        """Give the latest examination of this scan."""
        return max(self.examinations.all(), key=lambda one: one.pk, default=None)

    @property
    def chained(self) -> dict[str, Any]:
        """Give what never changes again; `passed_at` may, and has links of its own for that."""
        return columns_of(self, "passed_at")
