"""What was done in a company that has no history of its own."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Act(models.TextChoices):
    SIGNED_IN = "signed_in", _("Signed in")
    APPROVED = "approved", _("Company approved")
    PROFILE_CHANGED = "profile_changed", _("Company profile changed")
    SECOND_FACTOR_ON = "second_factor_on", _("Second factor demanded")
    SECOND_FACTOR_OFF = "second_factor_off", _("Second factor no longer demanded")
    INVITED = "invited", _("Invited")
    INVITATION_REVOKED = "invitation_revoked", _("Invitation revoked")
    JOINED = "joined", _("Joined")
    ROLE_CHANGED = "role_changed", _("Role changed")
    REMOVED = "removed", _("Member removed")
    KEY_MADE = "key_made", _("Key made")
    KEY_REVOKED = "key_revoked", _("Key revoked")
    IMPORTED = "imported", _("Imported")
    RATE_ADDED = "rate_added", _("Pay rate added")
    RATE_ENDED = "rate_ended", _("Pay rate ended")
    PAY_CORRECTED = "pay_corrected", _("Pay corrected by hand")
    PAY_APPROVED = "pay_approved", _("Pay statements approved")
    PAY_PAID = "pay_paid", _("Pay statements marked as paid")


class AuditEntry(models.Model):
    """One line of a company's audit trail; the database refuses to change or delete it.

    SQLite forgets its triggers when a migration makes the table anew: lay them again there.

    `by` is who, as in a trip's events; `about` is what it was done to, never a secret.
    """

    company = models.ForeignKey("ferry.Company", models.PROTECT, related_name="audit_entries")
    at = models.DateTimeField()
    kind = models.CharField(_("kind"), max_length=20, choices=Act.choices)
    by = models.CharField(max_length=200)
    about = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["company", "-id"], name="audit_newest"),
            models.Index(fields=["company", "by", "-id"], name="audit_by_whom"),
            models.Index(fields=["company", "kind", "-id"], name="audit_of_kind"),
            models.Index(fields=["company", "at"], name="audit_of_day"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
