"""A device at a checkpoint: made known by a supervisor, and enrolled once it has shown its code."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ferry.models import Right

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

LONGEST_LANE = 20
#: A device asks for its list every minute.
SILENT_AFTER = timedelta(minutes=5)


class DeviceKind(models.TextChoices):
    CAMERA = "camera", _("Gate camera")
    HANDHELD = "handheld", _("Handheld")
    TABLET = "tablet", _("Lane tablet")


class DeviceState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("device", "Waits for its code")
    OVERDUE = "overdue", pgettext_lazy("device", "Code has expired")
    ENROLLED = "enrolled", pgettext_lazy("device", "Enrolled")
    REVOKED = "revoked", pgettext_lazy("device", "Revoked")


class Device(models.Model):
    """A camera, a handheld or a tablet.

    Until it is enrolled there is a code (`code_digest`, good until `code_expires_at`) and no key; from then
    on a key, whose rights are these. `own_name` is what it calls itself, as its serial number. `list_as_of`
    is the moment of the list it holds; `clock_offset_s` is how far its clock was ahead when it last told.
    """

    name = models.CharField(pgettext_lazy("device", "name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=DeviceKind.choices)
    checkpoint = models.ForeignKey(
        "ferry.Checkpoint", models.CASCADE, verbose_name=_("checkpoint"), related_name="devices"
    )
    lane = models.CharField(_("lane"), max_length=LONGEST_LANE)
    rights = models.CharField(_("rights"), max_length=80)
    added_at = models.DateTimeField(_("added"))
    added_by = models.CharField(_("added by"), max_length=200)

    code_digest = models.CharField(max_length=64, unique=True, editable=False)
    code_expires_at = models.DateTimeField(_("code good until"))
    enrolled_at = models.DateTimeField(_("enrolled"), null=True, blank=True)
    key = models.OneToOneField(
        "ferry.ApiKey",
        models.PROTECT,
        verbose_name=_("API key"),
        null=True,
        blank=True,
        related_name="enrolled",
    )

    own_name = models.CharField(_("calls itself"), max_length=80, blank=True)
    software = models.CharField(_("software"), max_length=80, blank=True)
    list_as_of = models.DateTimeField(_("list as of"), null=True, blank=True)
    clock_offset_s = models.FloatField(_("clock ahead by"), null=True, blank=True)

    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.CharField(_("revoked by"), max_length=200, blank=True)
    revoke_reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(key__isnull=True, enrolled_at__isnull=True)
                | models.Q(key__isnull=False, enrolled_at__isnull=False),
                name="device_has_a_key_once_enrolled",
            )
        ]
        indexes = [models.Index(fields=["checkpoint", "-id"], name="devices_of_checkpoint")]

    def __str__(self) -> str:
        return self.name

    @property
    def ended_at(self) -> datetime | None:
        """Say since when it is refused: revoked itself, or its key was."""
        return self.revoked_at or (self.key.revoked_at if self.key else None)

    @property
    def seen_at(self) -> datetime | None:
        """Say when it last called, to the minute."""
        return self.key.last_used_at if self.key else None

    def state(self, at: datetime) -> DeviceState:
        if self.ended_at is not None:
            return DeviceState.REVOKED
        if self.key_id is not None:
            return DeviceState.ENROLLED
        return DeviceState.WAITING if at < self.code_expires_at else DeviceState.OVERDUE

    def is_silent(self, at: datetime) -> bool:
        return self.seen_at is None or at - self.seen_at > SILENT_AFTER

    def right_labels(self) -> list[StrOrPromise]:
        return [Right(right).label for right in self.rights.split()]
