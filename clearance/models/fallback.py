"""The printed list for the day when everything fails, and what was written on it."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from clearance.models.scan import Verdict


class FallbackList(models.Model):
    """A list as it was printed: the passes expected at a checkpoint for some hours from `as_of`."""

    list_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    checkpoint = models.ForeignKey("ferry.Checkpoint", models.PROTECT, related_name="fallback_lists")
    as_of = models.DateTimeField(_("as of"))
    until = models.DateTimeField(_("until"))
    made_by = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("fallback list")
        verbose_name_plural = _("fallback lists")
        indexes = [models.Index(fields=["checkpoint", "-id"], name="fallback_list_of_checkpoint")]

    def __str__(self) -> str:
        return f"{self.checkpoint_id} {self.as_of:%Y-%m-%d %H:%M}"


class FallbackLine(models.Model):
    """One pass on a printed list, by its running number, and the scan that was written beside it.

    `told` is the verdict that papers and selection had foretold, empty where nothing stood against it. A pass
    that came without being on the list is added when its result is entered.
    """

    list = models.ForeignKey(FallbackList, models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField(_("number"))
    pass_listed = models.ForeignKey("ferry.Pass", models.PROTECT, related_name="fallback_lines")
    told = models.CharField(_("foretold"), max_length=8, choices=Verdict.choices, blank=True)
    is_added = models.BooleanField(default=False)
    initials = models.CharField(_("initials"), max_length=10, blank=True)
    scan = models.OneToOneField(
        "clearance.Scan", models.PROTECT, null=True, blank=True, related_name="fallback_line"
    )

    class Meta:
        verbose_name = _("line of a fallback list")
        verbose_name_plural = _("lines of fallback lists")
        constraints = [
            models.UniqueConstraint(fields=["list", "number"], name="one_line_per_number"),
            models.UniqueConstraint(fields=["list", "pass_listed"], name="one_line_per_pass"),
        ]

    def __str__(self) -> str:
        return str(self.number)
