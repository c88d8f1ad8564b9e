"""What drivers are paid: rates, a ledger that is only added to, and a statement for each driver and month."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Currency(models.TextChoices):
    """Each has hundredths, in which amounts are kept: fen, tiyn, cents."""

    YUAN = "CNY", _("yuan (CNY)")
    TENGE = "KZT", _("tenge (KZT)")
    DOLLAR = "USD", _("US dollar (USD)")


class VehicleClass(models.TextChoices):
    """As ferry.rules.powertrain tells them apart."""

    CAR = "car", pgettext_lazy("class of vehicle", "Car")
    TRUCK = "truck", pgettext_lazy("class of vehicle", "Truck")
    BUS = "bus", pgettext_lazy("class of vehicle", "Bus")
    PLANT = "plant", pgettext_lazy("class of vehicle", "Plant machinery")


class PayRate(models.Model):
    """What a delivered trip pays from a moment on: any route, class or driver where it names none.

    It is never changed but to end it, and neither begins nor ends in the past: what has accrued stays right.
    """

    company = models.ForeignKey("ferry.Company", models.PROTECT, related_name="pay_rates", db_index=False)
    route = models.ForeignKey(
        "ferry.Route", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("route")
    )
    vehicle_class = models.CharField(
        _("class of vehicle"), max_length=5, choices=VehicleClass.choices, blank=True
    )
    driver = models.ForeignKey(
        "ferry.Driver", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("driver")
    )
    amount_fen = models.PositiveIntegerField(_("pay for a trip, fen"))
    currency = models.CharField(
        _("currency"), max_length=3, choices=Currency.choices, default=Currency.YUAN.value
    )
    valid_from = models.DateTimeField(_("valid from"))
    ends_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    created_at = models.DateTimeField(_("added"))
    created_by = models.CharField(max_length=200)
    ended_by = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("pay rate")
        verbose_name_plural = _("pay rates")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_from__gte=F("created_at")), name="pay_rate_begins_when_added_or_later"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("valid_from")),
                name="pay_rate_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(vehicle_class__in=["", *VehicleClass.values]), name="pay_rate_class_is_known"
            ),
            models.CheckConstraint(
                condition=Q(currency__in=Currency.values), name="pay_rate_currency_is_known"
            ),
        ]
        indexes = [models.Index(fields=["company", "-valid_from"], name="pay_rate_of_company")]

    def __str__(self) -> str:
        return f"{self.amount_fen} {self.currency}"


class StatementState(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("pay statement", "Draft")
    APPROVED = "approved", pgettext_lazy("pay statement", "Approved")
    PAID = "paid", pgettext_lazy("pay statement", "Paid")


class PayStatement(models.Model):
    """What one driver is paid for one month of Beijing's calendar, in one currency.

    While it is a draft, entries come to it. Approving freezes them, and `total_fen` is their sum: the
    database refuses another total, a change of what is approved, and a step back. SQLite forgets these
    triggers when a migration makes the table anew: lay them again there.
    """

    company = models.ForeignKey(
        "ferry.Company", models.PROTECT, related_name="pay_statements", db_index=False
    )
    driver = models.ForeignKey(
        "ferry.Driver", models.PROTECT, related_name="pay_statements", verbose_name=_("driver")
    )
    month = models.CharField(_("month"), max_length=7)
    currency = models.CharField(
        _("currency"), max_length=3, choices=Currency.choices, default=Currency.YUAN.value
    )
    state = models.CharField(
        _("state"), max_length=8, choices=StatementState.choices, default=StatementState.DRAFT
    )
    total_fen = models.BigIntegerField(_("total, fen"), null=True, blank=True)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    approved_by = models.CharField(max_length=200, blank=True)
    paid_on = models.DateField(_("paid on"), null=True, blank=True)
    paid_reference = models.CharField(_("payment reference"), max_length=100, blank=True)
    paid_by = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("pay statement")
        verbose_name_plural = _("pay statements")
        constraints = [
            models.UniqueConstraint(
                fields=["driver", "month", "currency"], name="one_pay_statement_per_month"
            ),
            models.CheckConstraint(
                condition=Q(month__regex=r"^20[0-9]{2}-(0[1-9]|1[0-2])$"), name="pay_month_has_its_form"
            ),
            models.CheckConstraint(
                condition=Q(state=StatementState.DRAFT, total_fen__isnull=True, approved_at__isnull=True)
                | Q(
                    state__in=[StatementState.APPROVED, StatementState.PAID],
                    total_fen__isnull=False,
                    approved_at__isnull=False,
                ),
                name="pay_statement_is_approved_with_its_total",
            ),
            models.CheckConstraint(
                condition=Q(state=StatementState.PAID, paid_on__isnull=False)
                | (~Q(state=StatementState.PAID) & Q(paid_on__isnull=True)),
                name="pay_statement_is_paid_on_a_day",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "month", "id"], name="pay_statement_by_month"),
            models.Index(fields=["company", "state", "month", "id"], name="pay_statement_by_state"),
            models.Index(fields=["company", "-id"], name="pay_statement_of_company"),
        ]

    def __str__(self) -> str:
        return f"{self.driver} · {self.month}"


class EntryKind(models.TextChoices):
    ACCRUAL = "accrual", pgettext_lazy("pay", "Trip delivered")
    DEDUCTION = "deduction", pgettext_lazy("pay", "Accepted damage")
    CORRECTION = "correction", pgettext_lazy("pay", "Correction")
    REVERSAL = "reversal", pgettext_lazy("pay", "Taken back")


class PayEntry(models.Model):
    """One line of the ledger; the database refuses to change or delete it, or to add to what is approved.

    `earned_at` is what it counts from: the receipt's moment, or when the case was settled. A reversal takes
    another entry back, also one that took back. `turn` counts the deductions of a case. `key` is chosen by
    whoever enters a line by hand, so that asking twice makes one. SQLite: see PayStatement.
    """

    statement = models.ForeignKey(PayStatement, models.PROTECT, related_name="entries", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=EntryKind.choices)
    trip = models.ForeignKey("ferry.Trip", models.PROTECT, null=True, blank=True, related_name="pay_entries")
    case = models.ForeignKey(
        "ferry.Case", models.PROTECT, null=True, blank=True, related_name="pay_entries", db_index=False
    )
    rate = models.ForeignKey(PayRate, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversed_by")
    turn = models.PositiveSmallIntegerField(default=0)
    amount_fen = models.BigIntegerField(_("amount, fen"))
    earned_at = models.DateTimeField(_("counts from"))
    recorded_at = models.DateTimeField(_("entered"))
    by = models.CharField(max_length=200)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    key = models.UUIDField(null=True, blank=True, unique=True)

    class Meta:
        verbose_name = _("entry of pay")
        verbose_name_plural = _("entries of pay")
        constraints = [
            models.UniqueConstraint(
                fields=["trip"], condition=Q(kind=EntryKind.ACCRUAL), name="one_accrual_per_trip"
            ),
            models.UniqueConstraint(
                fields=["case", "turn"], condition=Q(kind=EntryKind.DEDUCTION), name="one_deduction_per_turn"
            ),
            models.CheckConstraint(
                condition=Q(kind=EntryKind.ACCRUAL, amount_fen__gte=0, trip__isnull=False, reverses=None)
                | Q(kind=EntryKind.DEDUCTION, amount_fen__lt=0, case__isnull=False, reverses=None)
                | Q(kind=EntryKind.REVERSAL, trip__isnull=False, reverses__isnull=False)
                | (Q(kind=EntryKind.CORRECTION, reverses=None, key__isnull=False) & ~Q(reason="")),
                name="pay_entry_is_of_its_kind",
            ),
        ]
        indexes = [
            models.Index(fields=["statement", "earned_at", "id"], name="pay_entry_of_statement"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_fen}"
