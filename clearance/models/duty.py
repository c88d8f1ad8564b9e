"""Who stands at a checkpoint."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Duty(models.TextChoices):
    OFFICER = "officer", _("Officer")
    SUPERVISOR = "supervisor", _("Supervisor")


class Posting(models.Model):
    """A user's duty at a checkpoint; a supervisor may also revoke, close, watch and settle."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, verbose_name=_("user"), related_name="postings"
    )
    checkpoint = models.ForeignKey(
        "ferry.Checkpoint", models.CASCADE, verbose_name=_("checkpoint"), related_name="postings"
    )
    duty = models.CharField(_("duty"), max_length=10, choices=Duty.choices)

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = [models.UniqueConstraint(fields=["user", "checkpoint"], name="one_duty_per_checkpoint")]

    def __str__(self) -> str:
        return f"{self.user} · {self.checkpoint}"
