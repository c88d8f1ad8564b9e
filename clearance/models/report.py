"""What a checkpoint's reports are read from: each day's scans by lane, and by company and route."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Verdicts(models.Model):
    """How many scans had which verdict."""

    release = models.PositiveIntegerField(default=0)
    examine = models.PositiveIntegerField(default=0)
    refuse = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


class LaneDay(Verdicts):
    """A lane's scans of one day by the checkpoint's own calendar, on which they were made.

    `offline` of them were judged without a link. `reasons` says how often each code was told, `gaps` how
    many scans came so many whole seconds after the one before them ({"21": 3}), if a car followed a car.
    """

    checkpoint = models.ForeignKey(
        "ferry.Checkpoint", models.CASCADE, related_name="lane_days", db_index=False
    )
    lane = models.CharField(max_length=20)
    on = models.DateField()
    offline = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=dict)
    gaps = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("day of a lane")
        verbose_name_plural = _("days of lanes")
        constraints = [
            models.UniqueConstraint(
                fields=["checkpoint", "on", "lane"], name="one_day_per_checkpoint_and_lane"
            )
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.checkpoint_id}/{self.lane}"


class SenderDay(Verdicts):
    """The same day's scans by whose trip and on which route; neither where the code named no trip."""

    checkpoint = models.ForeignKey(
        "ferry.Checkpoint", models.CASCADE, related_name="sender_days", db_index=False
    )
    on = models.DateField()
    company = models.ForeignKey("ferry.Company", models.CASCADE, null=True, blank=True, related_name="+")
    route = models.ForeignKey("ferry.Route", models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("day of a sender")
        verbose_name_plural = _("days of senders")
        constraints = [
            models.UniqueConstraint(
                fields=["checkpoint", "on", "company", "route"],
                condition=models.Q(company__isnull=False),
                name="one_day_per_checkpoint_and_sender",
            ),
            models.UniqueConstraint(
                fields=["checkpoint", "on"],
                condition=models.Q(company__isnull=True),
                name="one_day_per_checkpoint_without_sender",
            ),
            models.CheckConstraint(
                condition=models.Q(company__isnull=True, route__isnull=True)
                | models.Q(company__isnull=False, route__isnull=False),
                name="sender_day_has_company_and_route_or_neither",
            ),
        ]
        indexes = [models.Index(fields=["checkpoint", "on"], name="sender_day_of_checkpoint")]

    def __str__(self) -> str:
        return f"{self.on} {self.checkpoint_id} {self.company_id}"


class Counted(models.Model):
    """How far a checkpoint's scans are counted: all that were recorded before this moment."""

    checkpoint = models.OneToOneField("ferry.Checkpoint", models.CASCADE, related_name="+")
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("counted until")
        verbose_name_plural = _("counted until")

    def __str__(self) -> str:
        return f"{self.checkpoint_id} {self.until}"
