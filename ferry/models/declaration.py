"""An export declaration and the VINs on it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Cast, Substr
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class DeclarationStatus(models.TextChoices):
    ACCEPTED = "accepted", _("Accepted")
    RELEASED = "released", _("Released")
    CLOSED = "closed", _("Closed")
    AMENDED = "amended", _("Amended")
    DELETED = "deleted", _("Deleted")


class Declaration(models.Model):
    """One declaration covers many VINs; it closes when all of them have left.

    Its number says in which year it was `lodged_in`, which the database reads off; by that its refund is due
    (`ferry.rules.refund`). It `is_filed` when it has a filing of its refund.
    """

    company = models.ForeignKey(
        "ferry.Company", models.PROTECT, verbose_name=_("company"), related_name="declarations"
    )
    number = models.CharField(_("declaration number"), max_length=18, unique=True)
    supervision_mode = models.CharField(_("supervision mode"), max_length=4)
    status = models.CharField(_("status"), max_length=8, choices=DeclarationStatus.choices)
    status_at = models.DateTimeField(_("status as of"))
    status_claimed = models.BooleanField(
        _("status by the company's own word"),
        default=False,
        help_text=_("Until customs say something: their word outranks it."),
    )
    quantity = models.PositiveIntegerField(_("declared quantity"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    refund_ready_at = models.DateTimeField(_("refund-ready"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    lodged_in = models.GeneratedField(
        expression=Cast(Substr("number", 5, 4), models.IntegerField()),
        output_field=models.IntegerField(_("year of lodging")),
        db_persist=True,
    )
    is_filed = models.BooleanField(default=False, db_default=False, editable=False)

    history = HistoricalRecords(excluded_fields=["lodged_in", "is_filed"])

    class Meta:
        verbose_name = _("declaration")
        verbose_name_plural = _("declarations")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number__regex=r"^[0-9]{8}0[0-9]{9}$"), name="declaration_is_for_export"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=DeclarationStatus.values), name="declaration_status_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["company", "-id"]),
            models.Index(fields=["company", "status_at", "id"], name="declaration_by_status_at"),
            models.Index(fields=["company", "status", "id"], name="declaration_by_status"),
            models.Index(fields=["company", "lodged_in", "id"], name="declaration_by_deadline"),
            models.Index(
                fields=["company", "lodged_in", "id"],
                condition=models.Q(is_filed=False),
                name="declaration_to_file",
            ),
            models.Index(
                fields=["company", "closed_at"],
                condition=models.Q(status=DeclarationStatus.CLOSED, refund_ready_at__isnull=True),
                name="declaration_waiting_for_refund",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def lets_out(self) -> bool:
        """Say whether goods may leave on it: released by customs, or closed because others already left."""
        return self.status in {DeclarationStatus.RELEASED, DeclarationStatus.CLOSED}


class DeclaredVehicle(models.Model):
    """A VIN on a declaration, registered with us or not; `exited_at` is customs' first exit record of it."""

    declaration = models.ForeignKey(Declaration, models.CASCADE, related_name="declared_vehicles")
    vin = models.CharField(_("VIN"), max_length=17)
    exited_at = models.DateTimeField(_("left China"), null=True, blank=True)

    class Meta:
        verbose_name = _("declared vehicle")
        verbose_name_plural = _("declared vehicles")
        constraints = [
            models.UniqueConstraint(fields=["declaration", "vin"], name="vin_once_per_declaration")
        ]
        indexes = [
            models.Index(fields=["vin"]),
            models.Index(
                fields=["declaration"], condition=models.Q(exited_at__isnull=True), name="declared_not_out"
            ),
        ]

    def __str__(self) -> str:
        return self.vin
