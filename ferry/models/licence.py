"""Export licences and their balance, and which commodities need one."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class Licence(models.Model):
    company = models.ForeignKey(
        "ferry.Company", models.PROTECT, verbose_name=_("company"), related_name="licences"
    )
    number = models.CharField(_("licence number"), max_length=30)
    commodity_code = models.CharField(
        _("commodity code"),
        max_length=10,
        blank=True,
        help_text=_("Empty: any commodity that needs a licence."),
    )
    expires_on = models.DateField(_("expires"))
    quantity = models.PositiveIntegerField(_("quantity"))
    used = models.PositiveIntegerField(_("used"), default=0)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    history = HistoricalRecords(excluded_fields=["used"])

    class Meta:
        verbose_name = _("export licence")
        verbose_name_plural = _("export licences")
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="licence_number_once_per_company"),
            models.CheckConstraint(
                condition=models.Q(used__lte=models.F("quantity")), name="licence_never_overdrawn"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def left(self) -> int:
        return self.quantity - self.used


class LicensedCommodity(models.Model):
    """An HS code, or the beginning of one, which needs an export licence from a day on."""

    hs_prefix = models.CharField(_("HS code begins with"), max_length=10, unique=True)
    in_force_on = models.DateField(_("in force since"))

    class Meta:
        verbose_name = _("licensed commodity")
        verbose_name_plural = _("licensed commodities")

    def __str__(self) -> str:
        return self.hs_prefix
