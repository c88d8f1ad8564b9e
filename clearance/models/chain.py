"""The chains: scans, examinations and supervisors' acts of each checkpoint, in order, only added to."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


def columns_of(row: models.Model, *but: str) -> dict[str, Any]:
    """Give what a row's digest covers: every column but its own id, which says nothing, and those named."""
    left_out = {"id", *but}
    names = (field.attname for field in row._meta.concrete_fields)
    return {name: getattr(row, name) for name in names if name not in left_out}


class Act(models.TextChoices):
    """What a link may say was done. Not the column's choices: a new act is no migration."""

    SCANNED = "scanned", _("Scan")
    EXAMINATION_OPENED = "examination_opened", _("Examination opened")
    EXAMINED = "examined", _("Examination decided")
    RELEASE_WITHDRAWN = "release_withdrawn", _("Release withdrawn")
    PASS_REVOKED = "pass_revoked", _("Code revoked")
    CASE_SETTLED = "case_settled", _("Case settled")
    WATCHED = "watched", _("Put on the watch list")
    WATCH_ENDED = "watch_ended", _("Taken off the watch list")
    RULE_KEPT = "rule_kept", _("Selection rule made or changed")
    RULE_ENDED = "rule_ended", _("Selection rule ended")
    POLICY_KEPT = "policy_kept", _("Policy changed")
    CLOSURE_KEPT = "closure_kept", _("Closure announced or changed")
    CLOSURE_DROPPED = "closure_dropped", _("Closure taken back")
    POSTED = "posted", _("Posted")
    DUTY_CHANGED = "duty_changed", _("Duty changed")
    POSTING_ENDED = "posting_ended", _("Posting ended")
    DEVICE_ENROLLED = "device_enrolled", _("Device enrolled")
    DEVICE_REVOKED = "device_revoked", _("Device revoked")
    VERSION_SWITCHED = "version_switched", _("Version of the rules switched on")


class Chain(models.Model):
    """Where the chain of a checkpoint ends. `place` is the checkpoint's id, 0 for acts that hold everywhere.

    It is locked by whoever adds a link, until that is committed: lock it last.
    """

    place = models.BigIntegerField(primary_key=True)
    number = models.BigIntegerField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("chain")
        verbose_name_plural = _("chains")

    def __str__(self) -> str:
        return f"{self.place} · {self.number} · {self.hash[:12]}"


class ChainLink(models.Model):
    """One link: see `clearance.rules.chain`. The database refuses to change or delete it."""

    pk = models.CompositePrimaryKey("place", "number")
    place = models.BigIntegerField()
    number = models.BigIntegerField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    kind = models.CharField(max_length=30)
    about = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, blank=True)
    content = models.JSONField(default=dict)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("chain link")
        verbose_name_plural = _("chain links")
        indexes = [
            # What was done about a scan later; scans themselves are many and are found by their place.
            models.Index(fields=["about"], condition=~models.Q(kind=Act.SCANNED), name="later_links_about"),
        ]

    def __str__(self) -> str:
        return f"{self.place} · {self.number} · {self.kind}"


class ChainCheck(models.Model):
    """What a check found of one chain, and the head it saw: the next check must find that link again."""

    place = models.BigIntegerField()
    number = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    checked_at = models.DateTimeField(_("checked"))
    faults = models.PositiveIntegerField(_("faults"))
    told = models.JSONField(default=list)

    class Meta:
        verbose_name = _("check of a chain")
        verbose_name_plural = _("checks of chains")
        indexes = [
            models.Index(fields=["-checked_at"], name="latest_chain_checks"),
            models.Index(fields=["place", "number"], name="checks_of_a_chain"),
        ]

    def __str__(self) -> str:
        return f"{self.place} · {self.number} · {self.faults}"
