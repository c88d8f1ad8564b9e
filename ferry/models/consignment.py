"""A consignment: vehicles that came together."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from simple_history.models import HistoricalRecords


class ConsignmentKind(models.TextChoices):
    BATCH = "batch", _("Factory batch")
    TRAIN = "train", pgettext_lazy("consignment", "Train")
    SHIP = "ship", pgettext_lazy("consignment", "Ship")
    OTHER = "other", pgettext_lazy("consignment", "Other")


class Consignment(models.Model):
    """Its vehicles point to it; its declarations and licences follow from theirs."""

    company = models.ForeignKey("ferry.Company", models.PROTECT, related_name="consignments")
    name = models.CharField(_("name or reference"), max_length=80)
    kind = models.CharField(
        _("kind"), max_length=5, choices=ConsignmentKind.choices, default=ConsignmentKind.OTHER
    )
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("consignment")
        verbose_name_plural = _("consignments")
        constraints = [
            models.UniqueConstraint(fields=["company", "name"], name="consignment_named_once_per_company")
        ]
        indexes = [models.Index(fields=["company", "-id"], name="consignment_of_company")]

    def __str__(self) -> str:
        return self.name
