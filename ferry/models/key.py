"""Keys: those that callers of the HTTP interface show, and those that sign codes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class KeyKind(models.TextChoices):
    COMPANY = "company", _("Company")
    DEVICE = "device", _("Device at a checkpoint")
    AUTHORITY = "authority", _("Authority")


class Scope(models.TextChoices):
    READ = "read", _("Read everything")
    FLEET = "fleet:write", _("Keep vehicles, drivers, declarations and licences")
    TRIPS = "trips:write", _("Plan trips and issue codes")
    CASES = "cases:write", _("Settle cases")


class Right(models.TextChoices):
    """What a device's key may do at its checkpoint."""

    SCAN = "scan", _("Scan signed codes and upload scans")
    SHORT_CODE = "short_code", _("Scan short codes, which a person types")
    LIST = "list", _("Hold the offline list")


class ApiKey(models.Model):
    """A caller's key: shown once, kept as a digest, good for one company, one checkpoint or one authority.

    A company's key may do what its `scopes` say, set apart by spaces. Those of a device's key are its rights;
    one that was made by hand names none and has all. An authority's key has neither.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=KeyKind.choices)
    label = models.CharField(_("label"), max_length=80)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    company = models.ForeignKey(
        "ferry.Company",
        models.CASCADE,
        verbose_name=_("company"),
        null=True,
        blank=True,
        related_name="api_keys",
    )
    checkpoint = models.ForeignKey(
        "ferry.Checkpoint",
        models.CASCADE,
        verbose_name=_("checkpoint"),
        null=True,
        blank=True,
        related_name="api_keys",
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    scopes = models.CharField(_("scopes"), max_length=200, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=KeyKind.COMPANY, company__isnull=False, checkpoint__isnull=True)
                | Q(kind=KeyKind.DEVICE, company__isnull=True, checkpoint__isnull=False)
                | Q(kind=KeyKind.AUTHORITY, company__isnull=True, checkpoint__isnull=True),
                name="key_belongs_to_what_its_kind_says",
            )
        ]

    def __str__(self) -> str:
        return self.label

    def may(self, scope: str) -> bool:
        return scope in self.scopes.split()

    def has_right(self, right: str) -> bool:
        return not self.scopes or self.may(right)

    def scope_labels(self) -> list[str]:
        return [str(Scope(scope).label) for scope in self.scopes.split()]


class SigningKey(models.Model):
    """A key that signs codes: one is current, the others stay trusted until their last pass has ended."""

    kid = models.BinaryField(max_length=8, unique=True)
    public = models.BinaryField(max_length=32)
    private_sealed = models.BinaryField(default=bytes)
    is_current = models.BooleanField(_("current"), default=True)
    created_at = models.DateTimeField(_("created"))
    trusted_until = models.DateTimeField(_("trusted until"), null=True, blank=True)

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        constraints = [
            models.UniqueConstraint(
                fields=["is_current"], condition=Q(is_current=True), name="one_current_signing_key"
            )
        ]

    def __str__(self) -> str:
        return bytes(self.kid).hex()
