"""Register export declarations, and keep what customs say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from simple_history.utils import bulk_update_with_history

from ferry.actions.keeping import differs, fields_of, keep, refuse_unless_valid, says_when
from ferry.actions.moves import hold_trips
from ferry.errors import Conflict, Reason
from ferry.models import Declaration, DeclarationStatus, DeclaredVehicle, Trip
from ferry.queries.issue import china_date
from ferry.rules.declarations import is_further, judge_declared_vins, stands
from ferry.rules.findings import FINE, Finding, refuse
from ferry.rules.letters import plain_capitals
from ferry.rules.numbers import judge_declaration_number, judge_supervision_mode
from ferry.rules.vin import normalise_vin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from ferry.models import Company

VINS_AT_ONCE = 500
#: The largest consignments are of some thousands; more is a slip of the hand.
MOST = 100_000


def register_declaration(
    *,
    company: Company,
    number: str,
    supervision_mode: str,
    status: str,
    vins: Sequence[str],
    quantity: int | None = None,
    at: datetime,
    by: str,
) -> Declaration:
    """Register a declaration with the VINs on it; the status is the company's word until customs give theirs.

    `quantity` may be more than the VINs known so far, so that the declaration is not taken for complete.
    """
    vins = [normalise_vin(vin) for vin in vins]
    declaration = Declaration(
        company=company,
        number=plain_capitals(number),
        supervision_mode=plain_capitals(supervision_mode),
        status=status,
        status_at=at,
        status_claimed=True,
        quantity=len(vins) if quantity is None else quantity,
        closed_at=at if status == DeclarationStatus.CLOSED else None,
        created_at=at,
    )
    refuse_unless_valid(declaration, _judge(declaration, vins, china_date(at)))
    try:
        with transaction.atomic():
            keep(declaration, at=at, by=by)
            _declare(declaration, vins)
    except IntegrityError as error:
        raise Conflict(_registered(declaration)) from error
    return declaration


def update_declaration(
    *,
    declaration: Declaration,
    supervision_mode: str,
    status: str,
    vins: Sequence[str],
    lines: int,
    at: datetime,
    by: str,
) -> tuple[set[str], bool]:
    """Take what the company says anew; give the VINs that were added, and whether anything else changed.

    VINs (normalised) are only added, and the quantity never falls below what it was or the `lines` handed in.
    The word on the status counts only where it goes further: an old file does not undo what customs said.
    """
    with transaction.atomic():
        declaration = _hold(declaration)
        finding = judge_supervision_mode(supervision_mode) + (judge_declared_vins(vins) if vins else FINE)
        known = set(declaration.declared_vehicles.values_list("vin", flat=True))
        added = [vin for vin in vins if vin not in known]
        quantity = max(declaration.quantity, lines, len(known) + len(added))
        refuse_unless_valid(declaration, finding + _judge_quantity(quantity, quantity))
        _declare(declaration, added)
        before = fields_of(declaration, ("quantity", "supervision_mode", "status"))
        declaration.quantity = quantity
        declaration.supervision_mode = supervision_mode
        if is_further(status, declaration.status):
            _set_status(declaration, status, at)
            declaration.status_claimed = True
            _look_again(declaration, at)
        changed = differs(declaration, before)
        if changed:
            keep(declaration, at=at, by=by)
    return set(added), changed


def set_declaration_status(
    *, declaration: Declaration, status: str, occurred_at: datetime, at: datetime, by: str
) -> bool:
    """Take customs' word on a declaration, unless a later one is known; say whether the status changed.

    Its trips are looked at again. An amended declaration may be released again.
    """
    return bool(set_declaration_statuses(words={declaration.pk: (occurred_at, status)}, at=at, by=by))


def set_declaration_statuses(*, words: Mapping[int, tuple[datetime, str]], at: datetime, by: str) -> set[int]:
    """Take a word on each declaration (by id) as `set_declaration_status` does; give which changed."""
    with transaction.atomic():
        hold_trips(Trip.objects.filter(declaration__in=words))
        held = Declaration.objects.select_for_update().filter(pk__in=words).order_by("pk")
        changed = [one for one in held if _takes(one, *words[one.pk], at, by)]
        if changed:
            bulk_update_with_history(changed, Declaration, SAID_BY_CUSTOMS)
            Trip.objects.filter(declaration__in=changed).update(next_check_at=at)
    return {one.pk for one in changed}


#: What a word of theirs may change.
SAID_BY_CUSTOMS = ["status", "status_at", "status_claimed", "closed_at", "refund_ready_at"]


def _takes(declaration: Declaration, occurred_at: datetime, status: str, at: datetime, by: str) -> bool:
    """Write a word that stands into a declaration, still to be stored."""
    if status == declaration.status:
        _confirm(declaration, occurred_at)
        return False
    is_claim, since = declaration.status_claimed, declaration.status_at
    if not stands(status, occurred_at, against=declaration.status, since=since, against_a_claim=is_claim):
        return False
    _set_status(declaration, status, occurred_at)
    declaration.status_claimed = False
    says_when(declaration, at=at, by=by)
    return True


def correct_closing(*, declaration: Declaration, closed_at: datetime, at: datetime) -> None:
    """Put right since when a declaration is closed by customs' word. Call with its trips locked."""
    closed = Declaration.objects.filter(pk=declaration.pk, status=DeclarationStatus.CLOSED)
    if closed.filter(status_claimed=False).exclude(closed_at=closed_at).update(closed_at=closed_at):
        _look_again(declaration, at)


def _hold(declaration: Declaration) -> Declaration:
    hold_trips(Trip.objects.filter(declaration=declaration))
    return Declaration.objects.select_for_update().get(pk=declaration.pk)


def _set_status(declaration: Declaration, status: str, occurred_at: datetime) -> None:
    """Set the status; what follows from being closed holds only while it is."""
    closed = status == DeclarationStatus.CLOSED
    declaration.status, declaration.status_at = status, occurred_at
    declaration.closed_at = occurred_at if closed else None
    declaration.refund_ready_at = declaration.refund_ready_at if closed else None


def _confirm(declaration: Declaration, occurred_at: datetime) -> None:
    """Let the same word count from the latest time it was said, or from customs' time where only claimed."""
    rows = Declaration.objects.filter(pk=declaration.pk)
    if declaration.status_claimed:
        closed_at = occurred_at if declaration.closed_at else None
        rows.update(status_at=occurred_at, status_claimed=False, closed_at=closed_at)
    else:
        rows.filter(status_at__lt=occurred_at).update(status_at=occurred_at)


def _look_again(declaration: Declaration, at: datetime) -> None:
    Trip.objects.filter(declaration=declaration).update(next_check_at=at)


def _declare(declaration: Declaration, vins: Sequence[str]) -> None:
    rows = [DeclaredVehicle(declaration=declaration, vin=vin) for vin in vins]
    DeclaredVehicle.objects.bulk_create(rows, batch_size=VINS_AT_ONCE)


def _judge(declaration: Declaration, vins: Sequence[str], today: date) -> Finding:
    finding = judge_declaration_number(declaration.number, today=today)
    finding += judge_supervision_mode(declaration.supervision_mode) + judge_declared_vins(vins)
    return finding + _judge_quantity(declaration.quantity, len(vins))


def _judge_quantity(quantity: int, known: int) -> Finding:
    if quantity < known:
        detail = _("More VINs are entered than the declaration covers. Correct the quantity or the VINs.")
        return refuse("quantity_too_small", detail, "quantity")
    if quantity > MOST:
        detail = _("No declaration covers so many vehicles. Correct the quantity.")
        return refuse("quantity_too_large", detail, "quantity")
    return FINE


def _registered(declaration: Declaration) -> Reason:
    rows = Declaration.objects.filter(number=declaration.number)
    if rows.exclude(company_id=declaration.company_id).exists():
        return declaration_taken()
    detail = _("Your company has registered this declaration already. Open it to see its vehicles.")
    return Reason("already_registered", detail, "number")


def declaration_taken() -> Reason:
    """Say that a number is another company's, never which."""
    detail = _(
        "This declaration is registered by another company. "
        "Compare the number; if it is right, ask the operator."
    )
    return Reason("declaration_taken", detail, "number")
