"""The consignee's word that he has the vehicle."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Condition(models.TextChoices):
    GOOD = "good", _("Good")
    DAMAGED = "damaged", _("Damaged")


class Receipt(models.Model):
    trip = models.OneToOneField("ferry.Trip", models.PROTECT, verbose_name=_("trip"), related_name="receipt")
    vin = models.CharField(_("VIN"), max_length=17)
    condition = models.CharField(_("condition"), max_length=8, choices=Condition.choices)
    odometer_km = models.PositiveIntegerField(_("odometer, km"), null=True, blank=True)
    receiver = models.CharField(_("received by"), max_length=200)
    note = models.TextField(_("note"), max_length=2000, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"))

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")

    def __str__(self) -> str:
        return f"{self.receiver} · {self.vin}"
