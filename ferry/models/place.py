"""Checkpoints in pairs, the routes between them, and the days they are closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

if TYPE_CHECKING:
    from datetime import time


#: It stands in every clearance code, which must not grow too dense to scan.
SHORT_CODE = RegexValidator(
    r"^[A-Z0-9-]{2,16}\Z", _("Write a code of 2 to 16 capital letters, digits and dashes.")
)


class Country(models.TextChoices):
    CHINA = "CN", _("China")
    KAZAKHSTAN = "KZ", _("Kazakhstan")


class Checkpoint(models.Model):
    """One side of a crossing; without hours it is open round the clock."""

    code = models.CharField(_("code"), max_length=30, unique=True, validators=[SHORT_CODE])
    country = models.CharField(_("country"), max_length=2, choices=Country.choices)
    name_en = models.CharField(_("English name"), max_length=80)
    name_zh = models.CharField(_("Chinese name"), max_length=80)
    name_ru = models.CharField(_("Russian name"), max_length=80)
    name_kk = models.CharField(_("Kazakh name"), max_length=80)
    name_ug = models.CharField(
        _("Uyghur name"), max_length=80, blank=True, help_text=_("Drivers read it; empty: the Chinese name.")
    )
    opens: models.TimeField[time | None, time | None] = models.TimeField(
        _("opens (local time)"), null=True, blank=True
    )
    closes: models.TimeField[time | None, time | None] = models.TimeField(
        _("closes (local time)"), null=True, blank=True
    )

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(opens__isnull=True, closes__isnull=True)
                | models.Q(opens__isnull=False, closes__isnull=False),
                name="checkpoint_has_both_hours_or_none",
                violation_error_message=_("Choose both hours, or neither for the whole day."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Give the name in the reader's language."""
        language = (get_language() or "en").split("-")[0]
        if language == "ug":
            return self.name_ug or self.name_zh
        return str(getattr(self, f"name_{language}", "") or self.name_en)

    @property
    def time_zone(self) -> str:
        return settings.CHINA_TIME_ZONE if self.country == Country.CHINA else settings.KAZAKH_TIME_ZONE


class Route(models.Model):
    """A pair of checkpoints, the exit in China first."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    exit = models.ForeignKey(Checkpoint, models.PROTECT, related_name="exit_routes", verbose_name=_("exit"))
    entry = models.ForeignKey(
        Checkpoint, models.PROTECT, related_name="entry_routes", verbose_name=_("entry")
    )
    trip_hours = models.PositiveSmallIntegerField(
        _("hours from the start until the driver is back"),
        default=15,
        help_text=_("A trip takes 12 to 15 hours; the planned return follows from it."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("route")
        verbose_name_plural = _("routes")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(exit=models.F("entry")),
                name="route_joins_two_checkpoints",
                violation_error_message=_("A route joins two checkpoints. Choose another for one of them."),
            )
        ]

    def __str__(self) -> str:
        """Name both ends with an arrow the way its reader reads."""
        return f"{self.exit} {'←' if get_language_bidi() else '→'} {self.entry}"


class Closure(models.Model):
    """A time in which a route, or every route, is closed: either country's holiday closes both sides."""

    route = models.ForeignKey(
        Route,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="closures",
        verbose_name=_("route"),
        help_text=_("Empty: every route."),
    )
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    reason = models.CharField(_("reason"), max_length=200)
    holiday_in = models.CharField(
        _("holiday in"),
        max_length=2,
        choices=Country.choices,
        blank=True,
        help_text=_("Whose holiday it is; drivers read that in their own language. Empty: no holiday."),
    )

    history = HistoricalRecords()

    class Meta:
        verbose_name = _("closure")
        verbose_name_plural = _("closures")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="closure_ends_after_it_starts",
                violation_error_message=_("A closure ends after it starts. Compare the two times."),
            )
        ]
        indexes = [models.Index(fields=["ends_at", "starts_at"])]

    def __str__(self) -> str:
        return self.reason
