"""Where a company wants to be told by its own systems, and what was sent there."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class HookType(models.TextChoices):
    TRIP_MOVED = "trip.moved", _("A trip moved")
    TRIP_VERDICT = "trip.verdict", _("A verdict at a checkpoint")
    TRIP_RECEIPT = "trip.receipt", _("The consignee confirmed a delivery")
    TRIP_NOT_TAKEN = "trip.not_taken", _("The consignee did not take a vehicle")
    CASE_OPENED = "case.opened", _("A case was opened")
    CASE_CLOSED = "case.closed", _("A case was closed")
    CASE_STEP = "case.step", _("A case was worked on")
    TEST = "endpoint.test", _("A test")


class Endpoint(models.Model):
    """An address that takes events; `types` are the HookTypes it wants.

    `old_secret_sealed` signs beside the current secret until `old_secret_until`. After a failure the endpoint
    rests until `rests_until`; `failing_since` is the first failure after its last success.
    """

    company = models.ForeignKey("ferry.Company", models.CASCADE, related_name="endpoints")
    url = models.CharField(_("address"), max_length=500)
    description = models.CharField(_("description"), max_length=120, blank=True)
    types = models.JSONField(_("events"), default=list)
    created_at = models.DateTimeField(_("created"))
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True)
    secret_sealed = models.BinaryField()
    old_secret_sealed = models.BinaryField(default=bytes)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    succeeded_at = models.DateTimeField(_("last success"), null=True, blank=True)
    rests_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")

    def __str__(self) -> str:
        return self.description or self.url


class DeliveryState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("delivery of an event", "Waiting")
    DONE = "done", pgettext_lazy("delivery of an event", "Delivered")
    FAILED = "failed", pgettext_lazy("delivery of an event", "Given up")


class Delivery(models.Model):
    """An event on its way to an endpoint, with what the last attempt brought.

    It is its own queue: due while it waits and `next_try_at` has passed. `body` is sent as it stands, so that
    each attempt sends the same.
    """

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries")
    event_id = models.UUIDField()
    type = models.CharField(_("event"), max_length=20, choices=HookType.choices)
    body = models.TextField()
    created_at = models.DateTimeField(_("created"))
    state = models.CharField(
        _("state"), max_length=8, choices=DeliveryState.choices, default=DeliveryState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_try_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    tried_at = models.DateTimeField(_("last attempt"), null=True, blank=True)
    status = models.PositiveSmallIntegerField(_("status"), null=True, blank=True)
    duration_ms = models.PositiveIntegerField(_("duration"), null=True, blank=True)
    fault = models.CharField(max_length=20, blank=True)
    answer = models.TextField(_("answer"), max_length=1024, blank=True)

    class Meta:
        verbose_name = _("delivery of an event")
        verbose_name_plural = _("deliveries of events")
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event_id"], name="event_once_per_endpoint")
        ]
        indexes = [
            models.Index(fields=["endpoint", "-id"], name="delivery_newest"),
            models.Index(fields=["endpoint", "state", "-id"], name="delivery_by_state"),
            models.Index(
                fields=["endpoint", "next_try_at"],
                condition=models.Q(state=DeliveryState.WAITING),
                name="delivery_waits",
            ),
            models.Index(fields=["created_at"], name="delivery_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"
