"""What members are told, on the page and by e-mail, and how each wants it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class NoticeKind(models.TextChoices):
    CASE_OPENED = "case_opened", _("A case was opened")
    CASE_ESCALATED = "case_escalated", _("A case is critical or became heavier")
    CASE_LEVEL = "case_level", _("A case became a formal enquiry, was escalated or reopened")
    CASE_ASSIGNED = "case_assigned", _("A case was given to you")
    CASE_SAID = "case_said", _("Customs wrote about a case")
    REFUSED = "refused", _("A code was refused at the checkpoint")
    HELD = "held", _("A vehicle was detained, or its release withdrawn")
    DAMAGE = "damage", _("Damage was noted at a hand-over or on a receipt")
    DELIVERED = "delivered", _("A vehicle was delivered")
    NOT_TAKEN = "not_taken", _("A consignee did not take a vehicle")
    LAPSING = "lapsing", _("A code ends soon and its vehicle has not left")
    LAPSED = "lapsed", _("A code lapsed unused")
    PAPERS = "papers", _("A driver's papers end soon")
    STAY = "stay", _("A driver is near the limit of stay days")
    LICENCE = "licence", _("An export licence ends soon or is nearly used up")
    ROSTER = "roster", _("A roster is worked off")
    ENDPOINT = "endpoint", _("A webhook endpoint was paused")


class MailTime(models.TextChoices):
    NEVER = "never", pgettext_lazy("e-mail", "No e-mail")
    AT_ONCE = "at_once", pgettext_lazy("e-mail", "At once")
    DIGEST = "digest", pgettext_lazy("e-mail", "Once a day")


class NoticeChoice(models.Model):
    """How a member wants one kind; where there is none, the usual choice holds."""

    membership = models.ForeignKey("ferry.Membership", models.CASCADE, related_name="notice_choices")
    kind = models.CharField(max_length=16, choices=NoticeKind.choices)
    in_app = models.BooleanField()
    mail = models.CharField(max_length=8, choices=MailTime.choices)

    class Meta:
        verbose_name = _("choice of notices")
        verbose_name_plural = _("choices of notices")
        constraints = [
            models.UniqueConstraint(fields=["membership", "kind"], name="one_choice_per_member_and_kind")
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.in_app}, {self.mail}"


class Notice(models.Model):
    """One line for one member; many of a kind at once are one line with a count.

    `subjects` are the first few it is about. It is its own queue of mail: due while `mailed_at` is empty and
    `mail_due_at` has passed.
    """

    membership = models.ForeignKey("ferry.Membership", models.CASCADE, related_name="notices")
    kind = models.CharField(_("kind"), max_length=16, choices=NoticeKind.choices)
    count = models.PositiveIntegerField(default=0)
    subjects = models.JSONField(default=list)
    began_at = models.DateTimeField()
    at = models.DateTimeField()
    in_app = models.BooleanField(default=True)
    read_at = models.DateTimeField(null=True, blank=True)
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [
            models.Index(fields=["membership", "-id"], name="notice_newest"),
            models.Index(
                fields=["membership", "kind"],
                condition=models.Q(read_at__isnull=True),
                name="notice_unread",
            ),
            models.Index(
                fields=["mail_due_at"],
                condition=models.Q(mailed_at__isnull=True, mail_due_at__isnull=False),
                name="notice_to_mail",
            ),
            models.Index(fields=["at"], name="notice_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} × {self.count}"


class Told(models.Model):
    """What a company has been told of already, by a key, so that it is not told twice."""

    company = models.ForeignKey("ferry.Company", models.CASCADE, related_name="+")
    key = models.CharField(max_length=80)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("told before")
        verbose_name_plural = _("told before")
        constraints = [models.UniqueConstraint(fields=["company", "key"], name="told_once")]
        indexes = [models.Index(fields=["at"], name="told_by_age")]

    def __str__(self) -> str:
        return self.key
