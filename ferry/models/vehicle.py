"""A vehicle on its way out of the country, and its handing over between companies."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Right
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class Powertrain(models.TextChoices):
    BEV = "bev", _("Battery electric")
    PHEV = "phev", _("Plug-in hybrid")
    HEV = "hev", _("Hybrid")
    PETROL = "petrol", _("Petrol")
    DIESEL = "diesel", _("Diesel")
    PLANT = "plant", _("Plant machinery")


class Vehicle(models.Model):
    """Belongs to one company at a time; a VIN stands once in the system.

    What was recorded of it in the yard stands here as it is now; its marks tell who recorded it.
    """

    company = models.ForeignKey(
        "ferry.Company", models.PROTECT, verbose_name=_("company"), related_name="vehicles"
    )
    vin = models.CharField(_("VIN"), max_length=17, unique=True)
    make = models.CharField(_("make"), max_length=60)
    model = models.CharField(_("model"), max_length=80)
    powertrain = models.CharField(_("powertrain"), max_length=8, choices=Powertrain.choices)
    colour = models.CharField(_("colour"), max_length=40, blank=True)
    hs_code = models.CharField(_("HS code"), max_length=10)
    plate = models.CharField(_("plate"), max_length=20, blank=True)
    registered_on = models.DateField(_("first registered"), null=True, blank=True)
    after_sales_confirmed = models.BooleanField(
        _("maker's after-sales confirmation"),
        default=False,
        help_text=_("Needed for a car registered less than 180 days before export."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    consignment = models.ForeignKey(
        "ferry.Consignment",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="vehicles",
        verbose_name=_("consignment"),
    )
    in_yard_at = models.DateTimeField(_("in the yard"), null=True, blank=True)
    inspected_at = models.DateTimeField(_("inspected"), null=True, blank=True)
    charged_at = models.DateTimeField(_("charged or fuelled"), null=True, blank=True)
    charge_percent = models.PositiveSmallIntegerField(_("charge, %"), null=True, blank=True)
    keys = models.PositiveSmallIntegerField(_("keys"), null=True, blank=True)

    history = HistoricalRecords(
        excluded_fields=["consignment", "in_yard_at", "inspected_at", "charged_at", "charge_percent", "keys"]
    )

    class Meta:
        verbose_name = _("vehicle")
        verbose_name_plural = _("vehicles")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(vin__regex=r"^[0-9A-HJ-NPR-Z]{17}$"), name="vehicle_vin_has_its_form"
            ),
            models.CheckConstraint(
                condition=models.Q(hs_code__regex=r"^[0-9]{4,10}$"), name="vehicle_hs_code_has_its_form"
            ),
            models.CheckConstraint(
                condition=models.Q(powertrain__in=Powertrain.values), name="vehicle_powertrain_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-id"]),
            models.Index(Right("vin", 6), "company", name="vehicle_by_vin_end"),
            models.Index(
                fields=["company", "-id"],
                condition=models.Q(in_yard_at__isnull=False, inspected_at__isnull=True),
                name="vehicle_to_inspect",
            ),
            models.Index(
                fields=["company", "-id"],
                condition=models.Q(in_yard_at__isnull=False, charged_at__isnull=True),
                name="vehicle_to_charge",
            ),
            models.Index(fields=["company", "vin"], name="vehicle_by_vin"),
            models.Index(fields=["company", "make", "id"], name="vehicle_by_make"),
            models.Index(fields=["company", "powertrain", "id"], name="vehicle_by_powertrain"),
        ]

    def __str__(self) -> str:
        return f"{self.make} {self.model} · {self.vin}"


class Handover(models.Model):
    """An offer of a vehicle from one company to another; it moves when the other accepts."""

    vehicle = models.ForeignKey(Vehicle, models.CASCADE, verbose_name=_("vehicle"), related_name="handovers")
    from_company = models.ForeignKey(
        "ferry.Company", models.CASCADE, verbose_name=_("from the company"), related_name="handovers_out"
    )
    to_company = models.ForeignKey(
        "ferry.Company", models.CASCADE, verbose_name=_("to the company"), related_name="handovers_in"
    )
    offered_at = models.DateTimeField(_("offered"))
    offered_by = models.CharField(_("offered by"), max_length=200)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.CharField(_("answered by"), max_length=200, blank=True)
    accepted = models.BooleanField(_("accepted"), null=True, blank=True)

    class Meta:
        verbose_name = _("handover of a vehicle")
        verbose_name_plural = _("handovers of vehicles")
        constraints = [
            models.UniqueConstraint(
                fields=["vehicle"],
                condition=models.Q(answered_at__isnull=True),
                name="one_open_handover_per_vehicle",
            )
        ]

    def __str__(self) -> str:
        return f"{self.vehicle} → {self.to_company}"
