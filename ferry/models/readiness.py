"""What makes a vehicle ready for its code: what a company asks, and who recorded what in the yard."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Mark(models.TextChoices):
    """What can be recorded of a vehicle; the papers follow from its declarations."""

    YARD = "yard", _("In the yard")
    INSPECTED = "inspected", _("Inspected")
    CHARGED = "charged", _("Charged or fuelled")
    KEYS = "keys", _("Keys counted")


class Door(models.TextChoices):
    """Where somebody recorded it."""

    PAGE = "page", pgettext_lazy("recorded", "On its page")
    YARD = "yard", pgettext_lazy("recorded", "In the yard list")
    SCAN = "scan", pgettext_lazy("recorded", "By scanning")
    IMPORT = "import", pgettext_lazy("recorded", "By import")


class ReadinessPolicy(models.Model):
    """What a company asks of a vehicle before its code. A company without a row asks for nothing."""

    company = models.OneToOneField("ferry.Company", models.CASCADE, related_name="readiness_policy")
    asks_yard = models.BooleanField(_("it must be in the yard"), default=True)
    asks_inspection = models.BooleanField(_("it must be inspected"), default=True)
    asks_charge = models.BooleanField(_("it must be charged or fuelled"), default=True)
    least_charge = models.PositiveSmallIntegerField(
        _("least charge of a battery car, %"), default=30, validators=[MaxValueValidator(100)]
    )
    least_keys = models.PositiveSmallIntegerField(
        _("least number of keys"), default=1, validators=[MaxValueValidator(9)]
    )
    changed_at = models.DateTimeField(null=True)
    changed_by = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("readiness policy")
        verbose_name_plural = _("readiness policies")

    def __str__(self) -> str:
        return str(self.company)


class VehicleMark(models.Model):
    """One thing recorded of a vehicle, or taken back with a reason; never changed.

    `at` is when it was so, `recorded_at` when somebody said it.
    """

    vehicle = models.ForeignKey("ferry.Vehicle", models.CASCADE, related_name="marks")
    company = models.ForeignKey("ferry.Company", models.PROTECT, related_name="vehicle_marks")
    mark = models.CharField(_("step"), max_length=9, choices=Mark.choices)
    is_undone = models.BooleanField(_("taken back"), default=False)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=200)
    door = models.CharField(max_length=6, choices=Door.choices)
    charge_percent = models.PositiveSmallIntegerField(_("charge, %"), null=True, blank=True)
    keys = models.PositiveSmallIntegerField(_("keys"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("mark of a vehicle")
        verbose_name_plural = _("marks of a vehicle")
        indexes = [models.Index(fields=["vehicle", "-id"], name="mark_of_vehicle")]

    def __str__(self) -> str:
        return f"{self.vehicle} · {self.get_mark_display()}"
