"""The refund of a declaration: its package of proofs, and when it was filed."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

FOLDER = "refunds"


class PackageState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("package", "Being made")
    DONE = "done", pgettext_lazy("package", "Made")
    FAILED = "failed", pgettext_lazy("package", "Could not be made")


def kept_as(_row: RefundPackage | RefundPiece, _name: str) -> str:
    """Name a stored file ourselves: nothing that could be guessed."""
    return f"{FOLDER}/{secrets.token_hex(16)}.zip"


class RefundPackage(models.Model):
    """A ZIP of what proves a declaration's exports, as asked for once; its own queue while it waits.

    A worker holds it until `held_until`, which is its token too: whoever took it over wrote another one.
    `tries` are those since something of it was last made. The same facts give the same content, so the same
    `sha256`.
    """

    company = models.ForeignKey("ferry.Company", models.PROTECT, related_name="refund_packages")
    declaration = models.ForeignKey(
        "ferry.Declaration", models.PROTECT, related_name="refund_packages", db_index=False
    )
    state = models.CharField(max_length=8, choices=PackageState.choices, default=PackageState.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    held_until = models.DateTimeField(null=True, blank=True)
    language = models.CharField(max_length=8, default=settings.LANGUAGE_CODE)
    file = models.FileField(upload_to=kept_as, max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(_("asked for"))
    created_by = models.CharField(max_length=200)
    finished_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("package of proofs")
        verbose_name_plural = _("packages of proofs")
        constraints = [
            models.UniqueConstraint(
                fields=["declaration"],
                condition=Q(state=PackageState.WAITING),
                name="one_package_is_made_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=PackageState.DONE) | ~Q(sha256=""), name="package_is_done_with_its_digest"
            ),
        ]
        indexes = [
            models.Index(fields=["declaration", "-id"], name="package_of_declaration"),
            models.Index(fields=["id"], condition=Q(state=PackageState.WAITING), name="package_to_make"),
        ]

    def __str__(self) -> str:
        return f"{self.declaration} · {self.created_at:%Y-%m-%d %H:%M}"


class RefundPiece(models.Model):
    """What is made already of a package: the vehicles up to `last_vin`, which nobody has to draw again."""

    package = models.ForeignKey(RefundPackage, models.CASCADE, related_name="pieces", db_index=False)
    last_vin = models.CharField(max_length=17)
    file = models.FileField(upload_to=kept_as, max_length=100)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["package", "last_vin"], name="piece_of_a_package_once")
        ]

    def __str__(self) -> str:
        return f"{self.package} · {self.last_vin}"


class RefundFiling(models.Model):
    """A declaration's refund was filed with the tax office, once."""

    declaration = models.OneToOneField("ferry.Declaration", models.PROTECT, related_name="refund_filing")
    filed_on = models.DateField(_("filed on"))
    reference = models.CharField(_("reference"), max_length=100, blank=True)
    recorded_at = models.DateTimeField()
    by = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("filing of a refund")
        verbose_name_plural = _("filings of refunds")

    def __str__(self) -> str:
        return f"{self.declaration} · {self.filed_on}"
