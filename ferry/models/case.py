"""A case: something unproved or contradictory, owned and dated until somebody settles it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from datetime import datetime


class CaseKind(models.TextChoices):
    EXIT_NO_DELIVERY = "exit_no_delivery", _("Left, but not confirmed by the consignee")
    DELIVERY_NO_EXIT = "delivery_no_exit", _("Confirmed, but no exit scan")
    VIN_MISMATCH = "vin_mismatch", _("Another VIN")
    DRIVER_MISMATCH = "driver_mismatch", _("Another driver")
    DECLARATION_NOT_CLOSED = "declaration_not_closed", _("Declaration not closed")
    DECLARATION_CHANGED = "declaration_changed", _("Declaration changed after the code was issued")
    QUANTITY_DIFFERS = "quantity_differs", _("More or fewer vehicles out than declared")
    PASS_REUSED = "pass_reused", _("Code used twice")
    VEHICLE_TWICE = "vehicle_twice", _("Vehicle out twice")
    DRIVER_OVERLAP = "driver_overlap", _("Driver on two trips at once")
    OVERSTAY = "overstay", _("Driver overstayed")
    EXIT_OUTSIDE_WINDOW = "exit_outside_window", _("Left outside its window")
    IMPOSSIBLE_ORDER = "impossible_order", _("Times that cannot be")
    CONSIGNEE_DIFFERS = "consignee_differs", _("Another receiver")
    DAMAGE = "damage", _("Damage noted")
    NEVER_USED = "never_used", _("Code never used")
    RETURNED_UNDELIVERED = "returned_undelivered", _("Came back undelivered")
    STALE_OFFLINE_RELEASE = "stale_offline_release", _("Released offline although revoked")
    RELEASE_UNHEARD = "release_unheard", _("Released, but held at the lane")


class Weight(models.IntegerChoices):
    LOW = 1, _("Low")
    MEDIUM = 2, _("Medium")
    HIGH = 3, _("High")
    CRITICAL = 4, _("Critical")


class CaseState(models.TextChoices):
    OPEN = "open", _("Open")
    RESOLVED = "resolved", _("Resolved")
    WRITTEN_OFF = "written_off", _("Written off")


class CaseLevel(models.IntegerChoices):
    """How far up a case has come because nobody settled it in time."""

    CASE = 1, pgettext_lazy("level of a case", "Case")
    ENQUIRY = 2, pgettext_lazy("level of a case", "Formal enquiry")
    ESCALATED = 3, pgettext_lazy("level of a case", "Escalated")


#: One step of weight, in seconds: more than any two cases are apart in age.
STEP_OF_WEIGHT = 100_000_000_000


def urgency_of(weight: int, opened_at: datetime) -> int:
    """Put weight and age into one number to sort by: heavier is more, then older."""
    return weight * STEP_OF_WEIGHT - int(opened_at.timestamp())


#: There is something new about a case that nobody was told of.
UNANNOUNCED = ~models.Q(announced_weight=models.F("weight"), announced_state=models.F("state"))

OPEN = models.Q(state=CaseState.OPEN)


class Party(models.TextChoices):
    """Whose word a step is."""

    COMPANY = "company", _("Company")
    CUSTOMS = "customs", _("Customs")
    SYSTEM = "system", _("Reconciliation")


LIES_WITH_COMPANY, LIES_WITH_CUSTOMS = (
    models.Q(state=CaseState.OPEN, letter_with=side) for side in (Party.COMPANY, Party.CUSTOMS)
)


class Case(models.Model):
    """About one trip, or about one declaration as a whole.

    `facts` is what was seen (codes, times, references; no passport numbers). `evidence` is a digest of
    the facts that opened it: the same evidence does not open a settled case again, new evidence does.
    `announced_weight` and `announced_state` are what was last announced of it; until they are its own, it
    waits to be announced.

    `route` is the trip's, or that of a declaration's first trip: whose checkpoints see to it. `urgency` sorts
    by weight and age. It is to be settled by `due_at`, and moves up a `level` when that has long passed;
    `level_at` is the queue of it: due when it has passed, never when it is empty. `assigned_to` is a member
    of the company, `officer` a supervisor. `earlier` is the settled case of the same kind that other evidence
    had opened. `accepted_fen` is what settling a damage makes the company bear of it, in hundredths of
    `accepted_currency`. `letter_with` is the side that has a letter of enquiry to hand over.
    """

    company = models.ForeignKey(
        "ferry.Company", models.PROTECT, verbose_name=_("company"), related_name="cases"
    )
    route = models.ForeignKey(
        "ferry.Route", models.PROTECT, verbose_name=_("route"), null=True, blank=True, related_name="cases"
    )
    trip = models.ForeignKey(
        "ferry.Trip", models.PROTECT, verbose_name=_("trip"), null=True, blank=True, related_name="cases"
    )
    declaration = models.ForeignKey(
        "ferry.Declaration",
        models.PROTECT,
        verbose_name=_("declaration"),
        null=True,
        blank=True,
        related_name="cases",
    )
    kind = models.CharField(_("kind"), max_length=30, choices=CaseKind.choices)
    weight = models.PositiveSmallIntegerField(_("weight"), choices=Weight.choices)
    state = models.CharField(_("state"), max_length=12, choices=CaseState.choices, default=CaseState.OPEN)
    facts = models.JSONField(_("what was seen"), default=dict)
    evidence = models.CharField(max_length=64)
    opened_at = models.DateTimeField(_("opened"))
    urgency = models.BigIntegerField()
    due_at = models.DateTimeField(_("due"))
    level = models.PositiveSmallIntegerField(_("level"), choices=CaseLevel.choices, default=CaseLevel.CASE)
    level_at = models.DateTimeField(null=True, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("assigned to"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("officer"),
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    earlier = models.ForeignKey(
        "self", models.PROTECT, verbose_name=_("earlier case"), null=True, blank=True, related_name="later"
    )
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.CharField(_("settled by"), max_length=200, blank=True)
    resolution = models.CharField(_("resolution"), max_length=40, blank=True)
    note = models.TextField(_("note"), max_length=4000, blank=True)
    reopened_at = models.DateTimeField(_("reopened"), null=True, blank=True)
    accepted_fen = models.PositiveBigIntegerField(_("accepted amount, fen"), null=True, blank=True)
    accepted_currency = models.CharField(_("currency"), max_length=3, default="CNY")
    letter_with = models.CharField(max_length=8, blank=True, default="", db_default="")
    announced_weight = models.PositiveSmallIntegerField(default=0)
    announced_state = models.CharField(max_length=12, blank=True)

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [
            models.UniqueConstraint(
                fields=["trip", "kind"],
                condition=models.Q(state=CaseState.OPEN, trip__isnull=False),
                name="one_open_case_per_trip_and_kind",
            ),
            models.UniqueConstraint(
                fields=["declaration", "kind"],
                condition=models.Q(state=CaseState.OPEN, declaration__isnull=False),
                name="one_open_case_per_declaration_and_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(trip__isnull=False, declaration__isnull=True)
                | models.Q(trip__isnull=True, declaration__isnull=False),
                name="case_is_about_a_trip_or_a_declaration",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_fen__isnull=True)
                | models.Q(kind=CaseKind.DAMAGE, state=CaseState.RESOLVED, accepted_currency="CNY"),
                name="an_amount_is_accepted_for_a_settled_damage",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "state", "-opened_at"]),
            models.Index(fields=["company", "opened_at"], name="case_by_day"),
            models.Index(fields=["trip", "kind"]),
            models.Index(
                fields=["company", "-weight", "-opened_at", "-id"],
                condition=models.Q(state=CaseState.OPEN),
                name="case_open_by_weight",
            ),
            models.Index(fields=["id"], condition=UNANNOUNCED, name="case_to_announce"),
            models.Index(fields=["level_at"], condition=OPEN, name="case_to_level"),
            *(
                models.Index(fields=[whose, column, "id"], condition=OPEN, name=f"case_{whose}_{name}")
                for whose in ("company", "route")
                for column, name in (("urgency", "urgent"), ("due_at", "due"), ("level", "level"))
            ),
            *(
                models.Index(fields=[whose, column, "id"], name=f"case_{whose}_all_{name}")
                for whose in ("company", "route")
                for column, name in (("urgency", "urgent"), ("due_at", "due"))
            ),
            *(
                models.Index(fields=[whose, "urgency", "id"], condition=lies, name=f"case_{whose}_letter")
                for whose, lies in (("company", LIES_WITH_COMPANY), ("route", LIES_WITH_CUSTOMS))
            ),
            models.Index(fields=["company", "assigned_to", "urgency"], condition=OPEN, name="case_of_member"),
            models.Index(fields=["route", "officer", "urgency"], condition=OPEN, name="case_of_officer"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.trip or self.declaration}"

    @property
    def is_open(self) -> bool:
        return self.state == CaseState.OPEN


class StepKind(models.TextChoices):
    OPENED = "opened", pgettext_lazy("step of a case", "Opened")
    HEAVIER = "heavier", _("Became heavier")
    FACTS_CHANGED = "facts_changed", _("More was seen")
    ASSIGNED = "assigned", _("Assigned")
    COMMENTED = "commented", _("Commented")
    ATTACHED = "attached", _("Evidence added")
    ENQUIRED = "enquired", _("Became a formal enquiry")
    LETTER = "letter", _("Letter of enquiry written")
    HANDED_OVER = "handed_over", _("Letter of enquiry handed over")
    ESCALATED = "escalated", _("Escalated")
    RESOLVED = "resolved", _("Resolved")
    WRITTEN_OFF = "written_off", _("Written off")
    REOPENED = "reopened", _("Reopened")


class CaseStep(models.Model):
    """One thing that was done about a case; it is only ever added.

    An `is_internal` one is for the side of its `party` alone. `text` is what a person wrote; `data` are
    codes, numbers and names that go with the kind. It waits to be announced while `announced_at` is empty.
    A letter, or its handing over, is its own queue of mail: due when `mail_due_at` has passed. An enquiry is
    that of its letter, until it is prepared.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="steps", db_index=False)
    kind = models.CharField(_("step"), max_length=16, choices=StepKind.choices)
    party = models.CharField(max_length=8, choices=Party.choices)
    is_internal = models.BooleanField(_("internal"), default=False)
    at = models.DateTimeField(_("at"))
    by = models.CharField(max_length=200)
    text = models.TextField(_("text"), max_length=4000, blank=True)
    data = models.JSONField(default=dict)
    document = models.ForeignKey(
        "ferry.Document", models.PROTECT, null=True, blank=True, related_name="case_steps"
    )
    announced_at = models.DateTimeField(null=True, blank=True)
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    mailed_at = models.DateTimeField(_("sent by e-mail"), null=True, blank=True)

    class Meta:
        verbose_name = _("step of a case")
        verbose_name_plural = _("steps of a case")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(is_internal=False) | ~models.Q(party=Party.SYSTEM),
                name="an_internal_step_has_its_side",
            )
        ]
        indexes = [
            models.Index(fields=["case", "id"], name="step_of_case"),
            models.Index(
                fields=["id"], condition=models.Q(announced_at__isnull=True), name="step_to_announce"
            ),
            models.Index(
                fields=["mail_due_at"],
                condition=models.Q(mail_due_at__isnull=False),
                name="step_to_mail",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.at:%Y-%m-%d %H:%M}"
