"""Register a company, let the operator decide about it, and keep its profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.mfa.utils import is_mfa_enabled
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from ferry.actions.audit import note
from ferry.actions.keeping import differs, keep, refuse_unless_valid
from ferry.errors import Conflict, Invalid, Reason
from ferry.models import Act, Company, CompanyState, Membership, Role
from ferry.queries.companies import is_confirmed, is_in_the_way
from ferry.rules.findings import FINE
from ferry.rules.letters import plain_capitals, plain_text
from ferry.rules.numbers import judge_uscc

if TYPE_CHECKING:
    from datetime import datetime

    from ferry.models import User

WORDS = ("name", "phone", "delivery_place", "consignee_name", "consignee_phone")
RATES = ("pay_car_fen", "pay_plant_fen")
PROFILE = (*WORDS, "language", *RATES)


def register_company(
    *, name: str, uscc: str, phone: str = "", at: datetime, by: str, **fields: Any
) -> Company:
    company = Company(
        name=plain_text(name), uscc=plain_capitals(uscc), phone=plain_text(phone), created_at=at, **fields
    )
    refuse_unless_valid(company, judge_uscc(company.uscc))
    try:
        with transaction.atomic():
            keep(company, at=at, by=by)
    except IntegrityError as error:
        detail = _("A company with this Unified Social Credit Code is registered already.")
        raise Conflict(Reason("already_registered", detail, "uscc")) from error
    return company


def apply_for_company(
    *, name: str, uscc: str, phone: str, language: str, applicant: User, at: datetime
) -> Company:
    """Register a company that waits for the operator; the applicant is its owner.

    An application that was declined, or whose address nobody has confirmed, makes room for a new one.
    """
    with transaction.atomic():
        _make_room(plain_capitals(uscc))
        company = register_company(
            name=name,
            uscc=uscc,
            phone=phone,
            language=language,
            state=CompanyState.WAITING,
            is_active=False,
            at=at,
            by=f"owner {applicant.email}",
        )
        add_member(company=company, user=applicant, role=Role.OWNER)
    return company


def _make_room(uscc: str) -> None:
    found = Company.objects.select_for_update().filter(uscc=uscc).first()
    if found is None:
        return
    if is_in_the_way(found):
        detail = _(
            "This company is registered already. Ask its owner for an invitation; "
            "if nobody there knows who that is, ask the operator."
        )
        raise Conflict(Reason("already_registered", detail, "uscc"))
    found.delete()


def approve_company(*, company: Company, at: datetime, by: str) -> bool:
    """Let a company work; False if it may already. Its applicant must have confirmed his address."""
    with transaction.atomic():
        company = _lock(company)
        if company.state == CompanyState.ACTIVE:
            return False
        if not is_confirmed(company):
            detail = _("The applicant has not confirmed his e-mail address yet. Wait until he has.")
            raise Conflict(Reason("email_unconfirmed", detail))
        company.state, company.is_active, company.declined_because = CompanyState.ACTIVE, True, ""
        keep(company, at=at, by=by)
        note(company=company, kind=Act.APPROVED, at=at, by=by)
    return True


def decline_company(*, company: Company, reason: str, at: datetime, by: str) -> bool:
    """Turn an application down and say why; False if it is turned down already."""
    reason = plain_text(reason)
    if not reason:
        raise Invalid(
            Reason("reason_missing", _("Say why, so that the applicant can put it right."), "reason")
        )
    with transaction.atomic():
        company = _lock(company)
        if company.state == CompanyState.DECLINED:
            return False
        if company.state == CompanyState.ACTIVE:
            detail = _("The company was approved before. Take away “active” instead.")
            raise Conflict(Reason("already_approved", detail))
        company.state, company.declined_because = CompanyState.DECLINED, reason
        refuse_unless_valid(company, FINE)
        keep(company, at=at, by=by)
    return True


def change_profile(*, company: Company, at: datetime, by: str, **fields: Any) -> bool:
    """Change what the company says of itself, and pays for trips planned from now on; False if all is so."""
    fields = {
        name: plain_text(fields[name]) if name in WORDS else fields[name]
        for name in PROFILE
        if name in fields
    }
    with transaction.atomic():
        company = _lock(company)
        if not differs(company, fields):
            return False
        for name, value in fields.items():
            setattr(company, name, value)
        refuse_unless_valid(company, FINE)
        keep(company, at=at, by=by)
        note(company=company, kind=Act.PROFILE_CHANGED, at=at, by=by)
    return True


def demand_second_factor(*, company: Company, demanded: bool, owner: User, at: datetime) -> bool:
    """Say whether members need a second factor, which the owner must have; False if it is so already."""
    if demanded and not is_mfa_enabled(owner):
        detail = _("Set up your own second factor first, or you would lock yourself out.")
        raise Conflict(Reason("no_second_factor", detail))
    with transaction.atomic():
        company = _lock(company)
        if company.needs_second_factor == demanded:
            return False
        company.needs_second_factor = demanded
        by = f"owner {owner.email}"
        keep(company, at=at, by=by)
        kind = Act.SECOND_FACTOR_ON if demanded else Act.SECOND_FACTOR_OFF
        note(company=company, kind=kind, at=at, by=by)
    return True


def add_member(*, company: Company, user: User, role: Role) -> Membership:
    try:
        with transaction.atomic():
            return Membership.objects.create(company=company, user=user, role=role)
    except IntegrityError as error:
        detail = _("This user belongs to the company already. Change the role instead.")
        raise Conflict(Reason("already_member", detail, "user")) from error


def _lock(company: Company) -> Company:
    return Company.objects.select_for_update().get(pk=company.pk)
