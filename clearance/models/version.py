"""Which version of the assessment is in force, and what trying another one showed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from ferry.models import Outcome


class VersionSwitch(models.Model):
    """That a version was switched on, when and by whom; the latest is in force.

    The trips that another version judged are made due up to the id `due_to`, and all of them at `due_at`.
    """

    version = models.PositiveSmallIntegerField(_("version"))
    switched_at = models.DateTimeField(_("switched on"))
    switched_by = models.CharField(_("by"), max_length=200)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    due_to = models.BigIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("version switched on")
        verbose_name_plural = _("versions switched on")

    def __str__(self) -> str:
        return str(self.version)


class VersionTrial(models.Model):
    """One dry run of a version `beside` another, from the trips of a moment on.

    It is its own queue: the trips up to the id `last` have been looked at. `summary` counts what differs.
    """

    version = models.PositiveSmallIntegerField(_("version"))
    beside = models.PositiveSmallIntegerField(_("beside"))
    since = models.DateTimeField(null=True, blank=True)
    total = models.PositiveIntegerField(_("trips"))
    seen = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(_("would change"), default=0)
    last = models.BigIntegerField(default=0)
    summary = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("asked for"))
    created_by = models.CharField(_("by"), max_length=200)
    finished_at = models.DateTimeField(_("done"), null=True, blank=True)
    is_stopped = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("dry run of a version")
        verbose_name_plural = _("dry runs of versions")
        constraints = [
            models.UniqueConstraint(
                fields=["version"],
                condition=models.Q(finished_at__isnull=True),
                name="one_open_trial_of_version",
            )
        ]

    def __str__(self) -> str:
        return f"{self.version} / {self.beside}"


class VersionChange(models.Model):
    """A trip of which another version says otherwise. Kinds stand between spaces, each to be found."""

    trial = models.ForeignKey(VersionTrial, models.CASCADE, related_name="changes")
    trip = models.ForeignKey("ferry.Trip", models.CASCADE, related_name="+")
    outcome_from = models.CharField(max_length=12, choices=Outcome.choices)
    outcome_to = models.CharField(max_length=12, choices=Outcome.choices)
    opens = models.CharField(max_length=600, blank=True)
    not_found = models.CharField(max_length=600, blank=True)

    class Meta:
        verbose_name = _("change by a version")
        verbose_name_plural = _("changes by a version")
        indexes = [models.Index(fields=["trial", "id"], name="version_change_of_trial")]

    def __str__(self) -> str:
        return f"{self.outcome_from} > {self.outcome_to}"
