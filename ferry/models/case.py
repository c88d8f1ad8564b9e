"""A case: something unproved or contradictory, owned and dated until somebody settles it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class CaseKind(models.TextChoices):
    EXIT_NO_DELIVERY = "exit_no_delivery", _("Left, but not confirmed by the consignee")
    DELIVERY_NO_EXIT = "delivery_no_exit", _("Confirmed, but no exit scan")
    VIN_MISMATCH = "vin_mismatch", _("Another VIN")
    DRIVER_MISMATCH = "driver_mismatch", _("Another driver")
    DECLARATION_NOT_CLOSED = "declaration_not_closed", _("Declaration not closed")
    DECLARATION_CHANGED = "declaration_changed", _("Declaration changed after the code was issued")
    QUANTITY_DIFFERS = "quantity_differs", _("More or fewer vehicles out than declared")
    PASS_REUSED = "pass_reused", _("Code used twice")
    VEHICLE_TWICE = "vehicle_twice", _("Vehicle out twice")
    DRIVER_OVERLAP = "driver_overlap", _("Driver on two trips at once")
    OVERSTAY = "overstay", _("Driver overstayed")
    EXIT_OUTSIDE_WINDOW = "exit_outside_window", _("Left outside its window")
    IMPOSSIBLE_ORDER = "impossible_order", _("Times that cannot be")
    CONSIGNEE_DIFFERS = "consignee_differs", _("Another receiver")
    DAMAGE = "damage", _("Damage noted")
    NEVER_USED = "never_used", _("Code never used")
    RETURNED_UNDELIVERED = "returned_undelivered", _("Came back undelivered")
    STALE_OFFLINE_RELEASE = "stale_offline_release", _("Released offline although revoked")


class Weight(models.IntegerChoices):
    LOW = 1, _("Low")
    MEDIUM = 2, _("Medium")
    HIGH = 3, _("High")
    CRITICAL = 4, _("Critical")


class CaseState(models.TextChoices):
    OPEN = "open", _("Open")
    RESOLVED = "resolved", _("Resolved")
    WRITTEN_OFF = "written_off", _("Written off")


#: There is something new about a case that nobody was told of.
UNANNOUNCED = ~models.Q(announced_weight=models.F("weight"), announced_state=models.F("state"))


class Case(models.Model):
    """About one trip, or about one declaration as a whole.

    `facts` is what was seen (codes, times, references; no passport numbers). `evidence` is a digest of
    the facts that opened it: the same evidence does not open a settled case again, new evidence does.
    `announced_weight` and `announced_state` are what was last announced of it; until they are its own, it
    waits to be announced.
    """

    company = models.ForeignKey("ferry.Company", models.PROTECT, related_name="cases")
    trip = models.ForeignKey("ferry.Trip", models.PROTECT, null=True, blank=True, related_name="cases")
    declaration = models.ForeignKey(
        "ferry.Declaration", models.PROTECT, null=True, blank=True, related_name="cases"
    )
    kind = models.CharField(_("kind"), max_length=30, choices=CaseKind.choices)
    weight = models.PositiveSmallIntegerField(_("weight"), choices=Weight.choices)
    state = models.CharField(_("state"), max_length=12, choices=CaseState.choices, default=CaseState.OPEN)
    facts = models.JSONField(default=dict)
    evidence = models.CharField(max_length=64)
    opened_at = models.DateTimeField(_("opened"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.CharField(max_length=200, blank=True)
    resolution = models.CharField(_("resolution"), max_length=40, blank=True)
    note = models.TextField(_("note"), max_length=4000, blank=True)
    announced_weight = models.PositiveSmallIntegerField(default=0)
    announced_state = models.CharField(max_length=12, blank=True)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [
            models.UniqueConstraint(
                fields=["trip", "kind"],
                condition=models.Q(state=CaseState.OPEN, trip__isnull=False),
                name="one_open_case_per_trip_and_kind",
            ),
            models.UniqueConstraint(
                fields=["declaration", "kind"],
                condition=models.Q(state=CaseState.OPEN, declaration__isnull=False),
                name="one_open_case_per_declaration_and_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(trip__isnull=False, declaration__isnull=True)
                | models.Q(trip__isnull=True, declaration__isnull=False),
                name="case_is_about_a_trip_or_a_declaration",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "state", "-opened_at"]),
            models.Index(fields=["company", "opened_at"], name="case_by_day"),
            models.Index(fields=["trip", "kind"]),
            models.Index(
                fields=["company", "-weight", "-opened_at", "-id"],
                condition=models.Q(state=CaseState.OPEN),
                name="case_open_by_weight",
            ),
            models.Index(fields=["id"], condition=UNANNOUNCED, name="case_to_announce"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.trip or self.declaration}"
