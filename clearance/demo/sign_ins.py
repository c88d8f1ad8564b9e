"""Who may sign in to the demonstration, and the keys its outside clients show."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, TypedDict

from django.conf import settings

from clearance.demo.cast import ENTRY, EXIT, OFFICER, SILK_BRIDGE, SUPERVISOR, TIANSHAN
from clearance.models import Duty, Posting
from ferry.actions.companies import add_member
from ferry.actions.keys import make_api_key, revoke_api_key
from ferry.models import ApiKey, Checkpoint, Company, KeyKind, Membership, Role, User
from ferry.queries.keys import api_key_digest

if TYPE_CHECKING:
    from datetime import datetime

    from clearance.demo.cast import CompanyData

#: Known to everybody, so it opens nothing where DEBUG is off.
PASSWORD = "camel-bridge-2026"  # noqa: S105
LABEL = "demo"


class SignIn(TypedDict):
    email: str
    password: str


class CompanySignIn(SignIn):
    name: str
    uscc: str
    token: str


class Device(TypedDict):
    checkpoint: str
    token: str


class Authority(TypedDict):
    token: str


class SignIns(TypedDict):
    company: CompanySignIn
    other_company: CompanySignIn
    officer: SignIn
    supervisor: SignIn
    exit_device: Device
    entry_device: Device
    authority: Authority


def sign_ins(*, at: datetime) -> SignIns:
    """Give what opens the demonstration, made where it is missing and set back where it was changed."""
    return SignIns(
        company=_company(SILK_BRIDGE, at),
        other_company=_company(TIANSHAN, at),
        officer=_sign_in(officer(*OFFICER)),
        supervisor=_sign_in(officer(*SUPERVISOR)),
        exit_device=_device(EXIT, at),
        entry_device=_device(ENTRY, at),
        authority=Authority(token=key(KeyKind.AUTHORITY, at=at)[1]),
    )


def key(
    kind: KeyKind, *, company: Company | None = None, checkpoint: Checkpoint | None = None, at: datetime
) -> tuple[ApiKey, str]:
    """Give a key and its text, the same every time although only its digest is kept.

    The text follows from SECRET_KEY and from how many keys like it were revoked, so one that was revoked is
    dead for good.
    """
    like = ApiKey.objects.filter(kind=kind, label=LABEL, company=company, checkpoint=checkpoint)
    owner = company.uscc if company else checkpoint.code if checkpoint else ""
    revoked = like.filter(revoked_at__isnull=False).count()
    secret = _secret(f"{kind} {owner} {revoked}")[:40]
    live = like.filter(revoked_at__isnull=True).first()
    if live is None:
        return make_api_key(
            kind=kind, label=LABEL, company=company, checkpoint=checkpoint, secret=secret, at=at
        )
    if live.digest == api_key_digest(token := f"fm_{kind}_{secret}"):
        return live, token
    revoke_api_key(key=live, at=at)
    return key(kind, company=company, checkpoint=checkpoint, at=at)


def officer(email: str, name: str, duty: Duty) -> User:
    """Post him at both ends of the crossing, so that one sign-in is enough to try it out."""
    found = _user(email, name)
    for checkpoint in Checkpoint.objects.filter(code__in=(EXIT, ENTRY)):
        Posting.objects.get_or_create(user=found, checkpoint=checkpoint, defaults={"duty": duty})
    return found


def owner(data: CompanyData, company: Company) -> User:
    found = _user(*data.owner)
    if not Membership.objects.filter(company=company, user=found).exists():
        add_member(company=company, user=found, role=Role.OWNER)
    return found


def password_of(email: str) -> str:
    return PASSWORD if settings.DEBUG else _secret(email)[:20]


def _secret(about: str) -> str:
    return hmac.digest(settings.SECRET_KEY.encode(), f"demonstration {about}".encode(), "sha256").hex()


def _user(email: str, name: str) -> User:
    found = User.objects.filter(email=email).first()
    if found is None:
        return User.objects.create_user(email, password_of(email), name=name)
    if not (found.is_active and found.check_password(password_of(email))):
        found.is_active = True
        found.set_password(password_of(email))
        found.save(update_fields=["password", "is_active"])
    return found


def _sign_in(user: User) -> SignIn:
    return SignIn(email=user.email, password=password_of(user.email))


def _company(data: CompanyData, at: datetime) -> CompanySignIn:
    company = Company.objects.get(uscc=data.uscc)
    email = owner(data, company).email
    token = key(KeyKind.COMPANY, company=company, at=at)[1]
    return CompanySignIn(
        name=company.name, uscc=company.uscc, email=email, password=password_of(email), token=token
    )


def _device(code: str, at: datetime) -> Device:
    checkpoint = Checkpoint.objects.get(code=code)
    return Device(checkpoint=code, token=key(KeyKind.DEVICE, checkpoint=checkpoint, at=at)[1])
