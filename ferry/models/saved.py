"""What a member keeps of the lists, and what is done to many rows of one at once."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ferry.models.roster import LineState


class SavedView(models.Model):
    """A list as one member likes to see it: search, filters and order, as they stand in the address."""

    company = models.ForeignKey("ferry.Company", models.CASCADE, related_name="saved_views")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    list = models.CharField(max_length=20)
    name = models.CharField(_("name"), max_length=40)
    query = models.TextField(max_length=8000)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "user", "list", "name"], name="one_saved_view_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class BulkAct(models.TextChoices):
    ISSUE = "issue", pgettext_lazy("many trips at once", "Issue codes")
    CANCEL = "cancel", pgettext_lazy("many trips at once", "Cancel trips")
    ASSIGN = "assign", pgettext_lazy("many cases at once", "Assign cases")
    RESOLVE = "resolve", pgettext_lazy("many cases at once", "Settle cases")
    COMMENT = "comment", pgettext_lazy("many cases at once", "Comment on cases")


#: What is done to cases; all else is done to trips.
CASE_ACTS = frozenset({BulkAct.ASSIGN, BulkAct.RESOLVE, BulkAct.COMMENT})


class BulkJob(models.Model):
    """One action on many trips or cases, as a dispatcher or a supervisor asked for it; its own queue.

    `key` is chosen by whoever asks, so that asking twice makes one job. `options` are what is done to cases:
    to whom, how, with which words.
    """

    company = models.ForeignKey(
        "ferry.Company", models.PROTECT, null=True, blank=True, related_name="bulk_jobs"
    )
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="bulk_jobs"
    )
    key = models.UUIDField()
    act = models.CharField(max_length=8, choices=BulkAct.choices)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    options = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("asked for"))
    created_by = models.CharField(max_length=200)
    language = models.CharField(max_length=8, default=settings.LANGUAGE_CODE)
    finished_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("bulk job")
        verbose_name_plural = _("bulk jobs")
        constraints = [
            models.UniqueConstraint(fields=["company", "key"], name="one_bulk_job_per_key"),
            models.UniqueConstraint(fields=["officer", "key"], name="one_bulk_job_per_key_of_officer"),
            models.CheckConstraint(
                condition=models.Q(company__isnull=False, officer__isnull=True)
                | models.Q(company__isnull=True, officer__isnull=False),
                name="a_bulk_job_is_a_companys_or_an_officers",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(finished_at__isnull=True), name="bulk_job_to_work")
        ]

    def __str__(self) -> str:
        return f"{self.get_act_display()} · {self.created_at:%Y-%m-%d %H:%M}"


class BulkLine(models.Model):
    """A trip or a case of a bulk job: it is done, or refused with every reason."""

    job = models.ForeignKey(BulkJob, models.CASCADE, related_name="lines")
    trip = models.ForeignKey("ferry.Trip", models.PROTECT, null=True, blank=True, related_name="bulk_lines")
    case = models.ForeignKey("ferry.Case", models.PROTECT, null=True, blank=True, related_name="bulk_lines")
    state = models.CharField(_("state"), max_length=8, choices=LineState.choices, default=LineState.WAITING)
    reasons = models.JSONField(default=list)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    class Meta:
        verbose_name = _("line of a bulk job")
        verbose_name_plural = _("lines of a bulk job")
        constraints = [
            models.UniqueConstraint(fields=["job", "trip"], name="trip_once_per_bulk_job"),
            models.UniqueConstraint(fields=["job", "case"], name="case_once_per_bulk_job"),
            models.CheckConstraint(
                condition=models.Q(trip__isnull=False, case__isnull=True)
                | models.Q(trip__isnull=True, case__isnull=False),
                name="a_bulk_line_is_about_a_trip_or_a_case",
            ),
        ]
        indexes = [models.Index(fields=["job", "state", "id"], name="bulk_line_by_state")]

    def __str__(self) -> str:
        return str(self.trip or self.case)
