"""Keep what drivers are paid: rates, the ledger, and the statements of a month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.audit import note
from ferry.actions.passes import lock_trip
from ferry.errors import Conflict, Invalid, NotYours, Reason
from ferry.models import (
    Act,
    Case,
    CaseKind,
    Currency,
    Driver,
    EntryKind,
    PayEntry,
    PayRate,
    PayStatement,
    StatementState,
    Trip,
    VehicleClass,
)
from ferry.queries.issue import china_date
from ferry.queries.pay import TRIP_NEEDS, entry_sums, pay_rates, unaccrued_trips, worth
from ferry.rules.pay import is_earned, may_approve, money, month_of, statement_month, takes_back

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from ferry.models import Company, Route

#: More than any trip pays and any damage costs, in hundredths.
MOST_FEN = 100_000_000
AT_ONCE = 500


# --- Rates -----------------------------------------------------------------------------------------


def add_rate(
    *,
    company: Company,
    amount_fen: int,
    currency: str = Currency.YUAN,
    route: Route | None = None,
    vehicle_class: str = "",
    driver: Driver | None = None,
    valid_from: datetime | None = None,
    at: datetime,
    by: str,
) -> PayRate:
    """Add a rate for what is delivered from now, or a later moment, on."""
    reasons = []
    if driver is not None and driver.company_id != company.pk:
        raise NotYours(Reason("not_found", _("There is no such driver in your company."), "driver"))
    if not 0 <= amount_fen <= MOST_FEN:
        reasons.append(Reason("amount", _("Write an amount between 0 and 1,000,000."), "amount_fen"))
    if vehicle_class not in {"", *VehicleClass.values}:
        reasons.append(Reason("vehicle_class", _("There is no such class of vehicle."), "vehicle_class"))
    if currency not in Currency.values:
        reasons.append(Reason("currency", _("Choose one of the currencies offered."), "currency"))
    if valid_from is not None and valid_from < at:
        detail = _("A rate cannot begin in the past: what has accrued stays as it is. Choose a later day.")
        reasons.append(Reason("rate_in_the_past", detail, "valid_from"))
    if reasons:
        raise Invalid(*reasons)
    with transaction.atomic():
        rate = PayRate.objects.create(
            company=company,
            route=route,
            vehicle_class=vehicle_class,
            driver=driver,
            amount_fen=amount_fen,
            currency=currency,
            valid_from=valid_from or at,
            created_at=at,
            created_by=by,
        )
        note(company=company, kind=Act.RATE_ADDED, about=money(amount_fen, currency), at=at, by=by)
    return rate


def end_rate(*, rate: PayRate, at: datetime, by: str) -> None:
    """End a rate now; one that has not begun never will. What accrued by it stays."""
    with transaction.atomic():
        ends_at = max(at, rate.valid_from)
        open_rates = PayRate.objects.filter(pk=rate.pk, ends_at__isnull=True)
        if not open_rates.update(ends_at=ends_at, ended_by=by):
            raise Conflict(Reason("rate_ended", _("This rate has ended already.")))
        about = money(rate.amount_fen, rate.currency)
        note(company=rate.company, kind=Act.RATE_ENDED, about=about, at=at, by=by)


# --- The ledger ------------------------------------------------------------------------------------


def accrue(*, trip: Trip, at: datetime, by: str) -> PayEntry | None:
    """Make a delivered trip's pay its driver's, once; None if it is already. Call with the trip locked."""
    if PayEntry.objects.filter(trip=trip, kind=EntryKind.ACCRUAL).exists():
        return None
    trip = Trip.objects.select_related(*TRIP_NEEDS).get(pk=trip.pk)
    earned_at = trip.delivered_at
    if not is_earned(trip.state) or earned_at is None:
        return None
    fen, currency, rate = worth(trip, pay_rates(trip.company_id), at=earned_at)
    statement = _open_statement(trip.driver_id, trip.company_id, currency, earned_at)
    entry = PayEntry.objects.create(
        statement=statement,
        kind=EntryKind.ACCRUAL,
        trip=trip,
        rate_id=rate.pk if rate else None,
        amount_fen=fen,
        earned_at=earned_at,
        recorded_at=at,
        by=by,
    )
    _reverse_if_given_up(entry, trip, at, by)
    return entry


def _reverse_if_given_up(entry: PayEntry, trip: Trip, at: datetime, by: str) -> None:
    """Take back at once what a case has settled before the receipt; reopened, it gives it again."""
    for case in trip.cases.order_by("pk"):
        if takes_back(case.kind, state=case.state, resolution=case.resolution):
            _reverse(entry, case, at, by)
            return


def accrue_missing(*, at: datetime, by: str, limit: int = AT_ONCE) -> int:
    """Accrue delivered trips that have not, oldest first; give how many it was."""
    missing = list(unaccrued_trips().order_by("pk")[:limit])
    return sum(_accrue_locked(trip, at, by) for trip in missing)


def _accrue_locked(trip: Trip, at: datetime, by: str) -> bool:
    with transaction.atomic():
        return accrue(trip=lock_trip(trip), at=at, by=by) is not None


def follow_case(*, case: Case, at: datetime, by: str) -> None:
    """Have the ledger say what a settled or reopened case now means. Call with its trip locked.

    What its trip accrued is taken back while a case of the trip says that it was not delivered, and what was
    accepted for a damage is deducted while its case is settled so.
    """
    if case.trip_id is None:
        return
    _follow_delivery(case, at, by)
    if case.kind == CaseKind.DAMAGE:
        _follow_damage(case, at, by)


def _follow_delivery(case: Case, at: datetime, by: str) -> None:
    accrued = PayEntry.objects.filter(trip=case.trip_id, kind=EntryKind.ACCRUAL).first()
    if accrued is None:
        return
    settled = Case.objects.filter(trip=case.trip_id).values_list("kind", "state", "resolution")
    is_back = any(takes_back(kind, state=state, resolution=word) for kind, state, word in settled)
    last, counts = _newest(accrued)
    if counts == is_back:
        _reverse(last, case, at, by)


def _follow_damage(case: Case, at: datetime, by: str) -> None:
    """Deduct what is accepted now, and take back what was accepted before if that is another amount."""
    wanted = -(case.accepted_fen or 0)
    deductions = list(PayEntry.objects.filter(case=case, kind=EntryKind.DEDUCTION).order_by("turn"))
    if deductions:
        last, counts = _newest(deductions[-1])
        if counts and deductions[-1].amount_fen == wanted:
            return
        if counts:
            _reverse(last, case, at, by)
    if wanted:
        _deduct(case, wanted, len(deductions), at, by)


def _newest(entry: PayEntry) -> tuple[PayEntry, bool]:
    """Follow what took an entry back, and what took that back; say whether the entry counts in the end."""
    counts = True
    while (later := PayEntry.objects.filter(reverses=entry).first()) is not None:
        entry, counts = later, not counts
    return entry, counts


def _reverse(entry: PayEntry, case: Case, at: datetime, by: str) -> None:
    account = entry.statement
    PayEntry.objects.create(
        statement=_open_statement(account.driver_id, account.company_id, account.currency, at),
        kind=EntryKind.REVERSAL,
        trip_id=case.trip_id,
        case=case,
        reverses=entry,
        amount_fen=-entry.amount_fen,
        earned_at=at,
        recorded_at=at,
        by=by,
    )


def _deduct(case: Case, amount_fen: int, turn: int, at: datetime, by: str) -> None:
    trip = Trip.objects.only("driver_id", "company_id").get(cases=case)
    PayEntry.objects.create(
        statement=_open_statement(trip.driver_id, trip.company_id, case.accepted_currency, at),
        kind=EntryKind.DEDUCTION,
        trip=trip,
        case=case,
        turn=turn,
        amount_fen=amount_fen,
        earned_at=at,
        recorded_at=at,
        by=by,
    )


def correct_pay(
    *,
    driver: Driver,
    amount_fen: int,
    currency: str = Currency.YUAN,
    reason: str,
    key: UUID,
    at: datetime,
    by: str,
) -> tuple[PayEntry, bool]:
    """Add to a driver's pay, or take from it, and say why; with a known `key` give that entry, and False."""
    reasons = []
    if amount_fen == 0 or abs(amount_fen) > MOST_FEN:
        detail = _("Write an amount that is not 0, up to 1,000,000; with a minus to take from the pay.")
        reasons.append(Reason("amount", detail, "amount_fen"))
    if not reason.strip():
        reasons.append(Reason("reason_missing", _("Say why; the driver reads it."), "reason"))
    if reasons:
        raise Invalid(*reasons)
    with transaction.atomic():
        statement = _open_statement(driver.pk, driver.company_id, currency, at)
        entry, made = PayEntry.objects.get_or_create(
            key=key,
            defaults={
                "statement": statement,
                "kind": EntryKind.CORRECTION,
                "amount_fen": amount_fen,
                "reason": reason.strip(),
                "earned_at": at,
                "recorded_at": at,
                "by": by,
            },
        )
        if entry.statement.driver_id != driver.pk:
            raise Conflict(Reason("key_taken", _("This form was sent before. Reload the page."), "key"))
        if made:
            about = f"{driver.name} {money(amount_fen, currency)}"
            note(company=driver.company, kind=Act.PAY_CORRECTED, about=about, at=at, by=by)
    return entry, made


def _open_statement(driver_id: int, company_id: int, currency: str, earned_at: datetime) -> PayStatement:
    """Lock the statement that takes an entry: that of its month, or the next that is not closed.

    It stays a draft until the transaction ends, for whoever approves it locks it too.
    """
    month = month_of(china_date(earned_at))
    account = PayStatement.objects.filter(driver=driver_id, currency=currency, month__gte=month)
    while True:
        month = statement_month(month, dict(account.values_list("month", "state")))
        PayStatement.objects.get_or_create(
            driver_id=driver_id, month=month, currency=currency, defaults={"company_id": company_id}
        )
        statement = account.select_for_update().get(month=month)
        if statement.state == StatementState.DRAFT:
            return statement


# --- Statements ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Closed:
    """How many statements of those asked for were moved on, and how many were left, with why."""

    done: int
    left: int


def approve_statements(*, company: Company, statements: Sequence[int], at: datetime, by: str) -> Closed:
    """Close statements of months that are over: their entries and total are final. Others are left."""
    today = china_date(at)
    with transaction.atomic():
        held = _hold(company, statements)
        ready = [
            one for one in held if one.state == StatementState.DRAFT and may_approve(one.month, today=today)
        ]
        sums = entry_sums(one.pk for one in ready)
        for one in ready:
            one.state, one.total_fen = StatementState.APPROVED, sums.get(one.pk, 0)
            one.approved_at, one.approved_by = at, by
        _keep(ready, ["state", "total_fen", "approved_at", "approved_by"])
        _note(company, Act.PAY_APPROVED, ready, at, by)
    return Closed(len(ready), len(held) - len(ready))


def mark_paid(
    *,
    company: Company,
    statements: Sequence[int],
    paid_on: date,
    reference: str = "",
    at: datetime,
    by: str,
) -> Closed:
    """Say of approved statements on which day they were paid. Others are left as they are."""
    if paid_on > china_date(at):
        detail = _("The day of payment is in the future. Write the day on which it was paid.")
        raise Invalid(Reason("paid_in_the_future", detail, "paid_on"))
    with transaction.atomic():
        held = _hold(company, statements)
        ready = [one for one in held if one.state == StatementState.APPROVED]
        for one in ready:
            one.state, one.paid_on = StatementState.PAID, paid_on
            one.paid_reference, one.paid_by = reference.strip(), by
        _keep(ready, ["state", "paid_on", "paid_reference", "paid_by"])
        _note(company, Act.PAY_PAID, ready, at, by)
    return Closed(len(ready), len(held) - len(ready))


def _hold(company: Company, statements: Sequence[int]) -> list[PayStatement]:
    """Lock a company's statements in the one order everybody keeps; refuse what is not its own."""
    rows = PayStatement.objects.filter(company=company, pk__in=statements).order_by("pk")
    held = list(rows.select_for_update())
    if len(held) < len(set(statements)):
        detail = _("There is no such statement in your list. Select again.")
        raise NotYours(Reason("not_found", detail, "statements"))
    return held


def _keep(statements: list[PayStatement], fields: list[str]) -> None:
    PayStatement.objects.bulk_update(statements, fields, batch_size=AT_ONCE)


def _note(company: Company, act: Act, statements: Sequence[PayStatement], at: datetime, by: str) -> None:
    if statements:
        months = sorted({one.month for one in statements})
        about = f"{', '.join(months[:12])} · {len(statements)}"
        note(company=company, kind=act, about=about, at=at, by=by)
