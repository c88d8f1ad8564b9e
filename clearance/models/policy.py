"""What a route or a checkpoint decides for itself: limits, the share examined, rules and the watch list."""

from __future__ import annotations

from datetime import timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from ferry.models import Powertrain


class Policy(models.Model):
    """A route's limits. Defaults are the domain's; closure days stop every clock but the stay's."""

    route = models.OneToOneField(
        "ferry.Route", models.CASCADE, verbose_name=_("route"), related_name="policy"
    )
    clock_skew = models.DurationField(_("clock skew"), default=timedelta(minutes=5))
    offline_grace = models.DurationField(_("offline upload grace"), default=timedelta(hours=24))
    list_age_limit = models.DurationField(_("offline list may be this old"), default=timedelta(hours=4))
    withdraw_within = models.DurationField(
        _("a release may be withdrawn within"), default=timedelta(minutes=30)
    )
    entry_expected = models.DurationField(_("Kazakh entry expected"), default=timedelta(hours=6))
    entry_alert = models.DurationField(_("Kazakh entry alert"), default=timedelta(hours=24))
    receipt_expected = models.DurationField(_("receipt expected"), default=timedelta(hours=24))
    receipt_warn = models.DurationField(_("receipt warning"), default=timedelta(hours=36))
    receipt_case = models.DurationField(_("receipt case"), default=timedelta(hours=48))
    receipt_enquiry = models.DurationField(_("formal enquiry"), default=timedelta(days=7))
    receipt_escalate = models.DurationField(_("receipt escalation"), default=timedelta(days=28))
    case_due = models.DurationField(_("case is to be settled within"), default=timedelta(hours=48))
    closing_warn = models.DurationField(_("declaration closing warning"), default=timedelta(days=7))
    closing_case = models.DurationField(_("declaration closing case"), default=timedelta(days=15))
    closing_escalate = models.DurationField(_("declaration closing escalation"), default=timedelta(days=30))
    return_warn = models.DurationField(_("return warning"), default=timedelta(hours=48))
    stay_warn = models.DurationField(_("stay warning"), default=timedelta(days=25))
    stay_breach = models.DurationField(_("stay breach"), default=timedelta(days=30))
    examined_share = models.FloatField(
        _("share examined at random"),
        default=0.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text=_("Between 0 and 1; drawn per pass, so that scanning again changes nothing."),
    )

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")

    def __str__(self) -> str:
        return str(self.route)


class SelectionRule(models.Model):
    """Select what matches every filled field for examination.

    Hours are the checkpoint's own, from the first up to the last, which may be past midnight. A rule is
    drafted, its effect looked at, then switched on; one that is changed is ended by the rule that `replaces`
    it. `foreseen` is how many examinations more a week whoever switched it on was shown.
    """

    checkpoint = models.ForeignKey(
        "ferry.Checkpoint",
        models.CASCADE,
        verbose_name=_("checkpoint"),
        null=True,
        blank=True,
        related_name="selection_rules",
    )
    company = models.ForeignKey(
        "ferry.Company", models.CASCADE, verbose_name=_("company"), null=True, blank=True
    )
    powertrain = models.CharField(_("powertrain"), max_length=8, choices=Powertrain.choices, blank=True)
    from_hour = models.PositiveSmallIntegerField(
        _("from (hour)"), null=True, blank=True, validators=[MaxValueValidator(23)]
    )
    until_hour = models.PositiveSmallIntegerField(
        _("until (hour)"), null=True, blank=True, validators=[MaxValueValidator(23)]
    )
    share = models.FloatField(
        _("share examined"), default=1.0, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    reason = models.CharField(_("reason"), max_length=200)
    is_active = models.BooleanField(_("active"), default=True)

    replaces = models.ForeignKey(
        "self", models.PROTECT, verbose_name=_("replaces"), null=True, blank=True, related_name="replaced_by"
    )
    made_at = models.DateTimeField(_("drafted"), null=True, blank=True)
    made_by = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(_("switched on"), null=True, blank=True)
    started_by = models.CharField(max_length=200, blank=True)
    foreseen = models.PositiveIntegerField(_("examinations foreseen"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("selection rule")
        verbose_name_plural = _("selection rules")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(from_hour__isnull=True, until_hour__isnull=True)
                | (
                    models.Q(from_hour__isnull=False, until_hour__isnull=False)
                    & ~models.Q(from_hour=models.F("until_hour"))
                ),
                name="rule_has_both_hours_or_none",
                violation_error_message=_("Choose both hours, or neither for the whole day."),
            ),
            models.CheckConstraint(
                condition=models.Q(is_active=False) | models.Q(ended_at__isnull=True),
                name="an_ended_rule_is_not_active",
            ),
        ]
        indexes = [models.Index(fields=["checkpoint", "-id"], name="rule_of_checkpoint")]

    def __str__(self) -> str:
        return self.reason

    @property
    def share_percent(self) -> float:
        return round(self.share * 100, 1)

    @property
    def is_draft(self) -> bool:
        return self.made_at is not None and self.started_at is None and self.ended_at is None


class Watched(models.TextChoices):
    VIN = "vin", _("VIN")
    PASSPORT = "passport", _("Passport number")
    COMPANY = "company", _("Company, by its unified social credit code")


class WatchEntry(models.Model):
    """A VIN, a passport or a company that is not let through; the officer sees the instruction.

    `reason` is why, for supervisors.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=Watched.choices)
    value = models.CharField(_("value"), max_length=20)
    instruction = models.CharField(_("instruction to the officer"), max_length=200)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    added_at = models.DateTimeField(_("added"))
    added_by = models.CharField(_("by"), max_length=200)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("watch list entry")
        verbose_name_plural = _("watch list")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "value"],
                condition=models.Q(ended_at__isnull=True),
                name="watched_once_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} …{self.value[-4:]}"
