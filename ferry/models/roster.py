"""A roster: vehicles and drivers for whom trips are planned and codes issued as one job."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ferry.models.driver import Language


class Roster(models.Model):
    """One day's job for one route, as a dispatcher asked for it.

    It is its own queue: it is worked while `finished_at` is empty. `key` is chosen by whoever asks, so that
    asking twice makes one roster. Reasons are kept in `language`, which is the dispatcher's.
    """

    company = models.ForeignKey("ferry.Company", models.PROTECT, related_name="rosters")
    key = models.UUIDField()
    route = models.ForeignKey("ferry.Route", models.PROTECT, related_name="rosters", verbose_name=_("route"))
    opens_at = models.DateTimeField(_("exit from"))
    closes_at = models.DateTimeField(_("exit until"))
    delivery_place = models.CharField(_("place of delivery"), max_length=200)
    consignee_name = models.CharField(_("consignee"), max_length=200)
    consignee_phone = models.CharField(_("consignee's phone"), max_length=40, blank=True)
    consignee_language = models.CharField(
        _("consignee's language"), max_length=8, choices=Language.choices, default=Language.RUSSIAN
    )
    created_at = models.DateTimeField(_("asked for"))
    created_by = models.CharField(max_length=200)
    language = models.CharField(max_length=8, default=settings.LANGUAGE_CODE)
    finished_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("roster")
        verbose_name_plural = _("rosters")
        constraints = [models.UniqueConstraint(fields=["company", "key"], name="one_roster_per_key")]
        indexes = [
            models.Index(fields=["company", "-created_at"], name="roster_of_company"),
            models.Index(fields=["id"], condition=models.Q(finished_at__isnull=True), name="roster_to_work"),
        ]

    def __str__(self) -> str:
        return f"{self.route} · {self.opens_at:%Y-%m-%d}"


class LineState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("roster", "Waiting")
    DONE = "done", pgettext_lazy("roster", "Issued")
    REFUSED = "refused", pgettext_lazy("roster", "Refused")


class RosterLine(models.Model):
    """A vehicle and its driver; it becomes a trip with a code, or is refused with every reason."""

    roster = models.ForeignKey(Roster, models.CASCADE, related_name="lines")
    vehicle = models.ForeignKey("ferry.Vehicle", models.PROTECT, related_name="roster_lines")
    driver = models.ForeignKey("ferry.Driver", models.PROTECT, related_name="roster_lines")
    declaration = models.ForeignKey("ferry.Declaration", models.PROTECT, related_name="roster_lines")
    state = models.CharField(_("state"), max_length=8, choices=LineState.choices, default=LineState.WAITING)
    reasons = models.JSONField(default=list)
    trip = models.OneToOneField(
        "ferry.Trip", models.PROTECT, null=True, blank=True, related_name="roster_line"
    )
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("line of a roster")
        verbose_name_plural = _("lines of a roster")
        constraints = [
            models.UniqueConstraint(fields=["roster", "vehicle"], name="vehicle_once_per_roster"),
            models.UniqueConstraint(fields=["roster", "driver"], name="driver_once_per_roster"),
            models.CheckConstraint(
                condition=models.Q(state=LineState.DONE, trip__isnull=False)
                | (~models.Q(state=LineState.DONE) & models.Q(trip__isnull=True)),
                name="roster_line_is_done_with_its_trip",
            ),
        ]
        indexes = [
            models.Index(fields=["roster", "state", "id"], name="roster_line_by_state"),
            models.Index(
                fields=["vehicle"], condition=models.Q(state=LineState.WAITING), name="roster_line_waits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vehicle} · {self.driver}"
