"""Who gets which report by e-mail, and each letter that is due or was sent."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Rhythm(models.TextChoices):
    """How often; its values are the kinds of periods."""

    DAY = "day", _("Every day")
    WEEK = "week", _("Every week, on Monday")
    MONTH = "month", _("Every month, on the first")


class Subscription(models.Model):
    """A user's wish for a report when each period is over: of his company, or of a checkpoint.

    A membership that ends takes it along; who may have a checkpoint's is asked at each letter. Without
    routes, a company's is of all.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="subscriptions")
    membership = models.ForeignKey(
        "ferry.Membership", models.CASCADE, null=True, blank=True, related_name="subscriptions"
    )
    checkpoint = models.ForeignKey(
        "ferry.Checkpoint", models.CASCADE, null=True, blank=True, related_name="subscriptions"
    )
    rhythm = models.CharField(_("how often"), max_length=5, choices=Rhythm.choices)
    routes = models.ManyToManyField("ferry.Route", blank=True, related_name="+")
    language = models.CharField(_("language"), max_length=8, choices=settings.LANGUAGES)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("subscription of a report")
        verbose_name_plural = _("subscriptions of reports")
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "rhythm"],
                condition=models.Q(membership__isnull=False),
                name="one_subscription_per_member_and_rhythm",
            ),
            models.UniqueConstraint(
                fields=["user", "checkpoint", "rhythm"],
                condition=models.Q(checkpoint__isnull=False),
                name="one_subscription_per_checkpoint_and_rhythm",
            ),
            models.CheckConstraint(
                condition=models.Q(membership__isnull=False, checkpoint__isnull=True)
                | models.Q(membership__isnull=True, checkpoint__isnull=False),
                name="subscription_is_of_a_company_or_a_checkpoint",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rhythm} {self.user_id}"


class ReportLetter(models.Model):
    """One period's letter of a subscription; due while `due_at` has passed, sent or given up without it."""

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="letters", db_index=False)
    first = models.DateField()
    due_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("letter of a report")
        verbose_name_plural = _("letters of reports")
        constraints = [
            models.UniqueConstraint(fields=["subscription", "first"], name="one_letter_per_period")
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=models.Q(due_at__isnull=False), name="report_letter_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subscription_id} {self.first}"
