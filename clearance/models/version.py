"""Which version of the assessment is in force."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class VersionSwitch(models.Model):
    """That a version was switched on, when and by whom; the latest is in force."""

    version = models.PositiveSmallIntegerField(_("version"))
    switched_at = models.DateTimeField(_("switched on"))
    switched_by = models.CharField(_("by"), max_length=200)

    class Meta:
        verbose_name = _("version switched on")
        verbose_name_plural = _("versions switched on")

    def __str__(self) -> str:
        return str(self.version)
