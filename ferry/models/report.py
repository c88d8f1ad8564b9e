"""What reports are read from: each day's figures of a company, and the days that must be counted anew."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Timed(models.TextChoices):
    """A stage of a trip whose length is reported; it belongs to the day on which it ended."""

    ISSUE_EXIT = "issue_exit", _("Code issued to exit")
    EXIT_ENTRY = "exit_entry", _("Exit to entry")
    ENTRY_RECEIPT = "entry_receipt", _("Entry to receipt")
    EXIT_RECEIPT = "exit_receipt", _("Exit to receipt")
    RECEIPT_DISCHARGE = "receipt_discharge", _("Receipt to discharge")


class Said(models.TextChoices):
    """What a checkpoint said at a scan, as a company is told."""

    RELEASE = "release", _("Released at once")
    EXAMINE = "examine", _("Sent to examination")
    REFUSE = "refuse", _("Refused at the checkpoint")


class CompanyDay(models.Model):
    """What a company's trips on a route came to on one day of Beijing's.

    `planned`, `issued`, `cancelled` and `lapsed` are of the trips whose window opens on the day; `exited`,
    `arrived`, `delivered` and `discharged` happened on it; `returned` and `outcomes` are of those that left
    on it. `times` says for each stage how many took so many whole minutes ({"exit_entry": {"73": 2}}),
    `verdicts` what checkpoints said at each scan of the day ({"release": 2}), `cases` how many were opened of
    each kind. Without a route are cases of declarations without a trip.
    """

    company = models.ForeignKey("ferry.Company", models.CASCADE, related_name="days", db_index=False)
    route = models.ForeignKey(
        "ferry.Route", models.PROTECT, null=True, blank=True, related_name="days", db_index=False
    )
    on = models.DateField()
    planned = models.PositiveIntegerField(default=0)
    issued = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    lapsed = models.PositiveIntegerField(default=0)
    exited = models.PositiveIntegerField(default=0)
    arrived = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    discharged = models.PositiveIntegerField(default=0)
    returned = models.PositiveIntegerField(default=0)
    outcomes = models.JSONField(default=dict)
    times = models.JSONField(default=dict)
    verdicts = models.JSONField(default=dict)
    cases = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("day of a company")
        verbose_name_plural = _("days of companies")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "on", "route"],
                condition=models.Q(route__isnull=False),
                name="one_day_per_company_and_route",
            ),
            models.UniqueConstraint(
                fields=["company", "on"],
                condition=models.Q(route__isnull=True),
                name="one_day_per_company_without_route",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "on"], name="day_of_company"),
            models.Index(fields=["route", "on"], name="day_of_route"),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.company_id}"


class DayMark(models.Model):
    """A company's day on which something changed. Marks are only added, and go when the day is counted."""

    company = models.ForeignKey("ferry.Company", models.CASCADE, related_name="day_marks")
    on = models.DateField()

    class Meta:
        verbose_name = _("mark of a day")
        verbose_name_plural = _("marks of days")

    def __str__(self) -> str:
        return f"{self.on} {self.company_id}"
