"""Keep a company's endpoints, and send them what happened, some three days long if need be."""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ferry import vault
from ferry.actions.notices import tell_members
from ferry.errors import Conflict, Invalid, Reason
from ferry.models import Company, Delivery, DeliveryState, Endpoint, HookType, NoticeKind, Role
from ferry.queries.hooks import due_deliveries, endpoints_to_call, listening_endpoints
from ferry.rules.hooks import (
    OLD_SECRET_FOR,
    PAUSED_AFTER,
    SECRET_PREFIX,
    is_usable_url,
    next_try,
    plain_url,
    rest,
    signature,
)
from ferry.rules.letters import plain_text
from ferry.rules.news import HookNews, MemberNews, in_utc

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from ferry.courier import Answer

ENDPOINTS = 10
#: What one worker takes on at once: it must be done well within the lease.
CALLED_AT_ONCE, SENT_AT_ONCE = 8, 5
LEASE = timedelta(minutes=5)
GONE = 410


# --- Endpoints -----------------------------------------------------------------------------------


def add_endpoint(
    *, company: Company, url: str, description: str = "", types: Collection[str], at: datetime
) -> tuple[Endpoint, str]:
    """Add an endpoint and give its secret, which is not shown again."""
    wanted = _checked(url, types)
    secret = _new_secret()
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        if company.endpoints.count() >= ENDPOINTS:
            detail = _("A company has at most 10 endpoints. Remove one that is not needed any more.")
            raise Conflict(Reason("too_many_endpoints", detail, "url"))
        endpoint = Endpoint.objects.create(
            company=company,
            url=wanted,
            description=plain_text(description),
            types=sorted(types),
            created_at=at,
            secret_sealed=vault.lock(secret.encode()),
        )
    return endpoint, secret


def change_endpoint(*, endpoint: Endpoint, url: str, description: str = "", types: Collection[str]) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(
        url=_checked(url, types), description=plain_text(description), types=sorted(types)
    )


def remove_endpoint(*, endpoint: Endpoint) -> bool:
    """Remove an endpoint with its log; False if it is gone already."""
    return bool(Endpoint.objects.filter(pk=endpoint.pk).delete()[0])


def pause_endpoint(*, endpoint: Endpoint, at: datetime) -> bool:
    """Send nothing more; what happens meanwhile is not kept for it."""
    return bool(Endpoint.objects.filter(pk=endpoint.pk, paused_at__isnull=True).update(paused_at=at))


def resume_endpoint(*, endpoint: Endpoint) -> bool:
    """Send again, what still waits included, and forget how it failed."""
    return bool(
        Endpoint.objects.filter(pk=endpoint.pk, paused_at__isnull=False).update(
            paused_at=None, failures=0, failing_since=None, rests_until=None
        )
    )


def roll_secret(*, endpoint: Endpoint, at: datetime) -> str:
    """Give a new secret; the one before signs beside it for a day, so that no event is refused meanwhile."""
    secret = _new_secret()
    with transaction.atomic():
        held = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        held.old_secret_sealed, held.secret_sealed = held.secret_sealed, vault.lock(secret.encode())
        held.old_secret_until = at + OLD_SECRET_FOR
        held.save(update_fields=["old_secret_sealed", "secret_sealed", "old_secret_until"])
    return secret


def _new_secret() -> str:
    return SECRET_PREFIX + b64encode(secrets.token_bytes(32)).decode()


def _checked(url: str, types: Collection[str]) -> str:
    reasons = []
    url = plain_url(url)
    if not is_usable_url(url, plain_http_hosts=settings.WEBHOOK_ALLOW_PRIVATE_HOSTS):
        detail = _("Write an address that begins with https:// and names a host, without a user or password.")
        reasons.append(Reason("url_unusable", detail, "url"))
    if not types or not set(types) <= set(HookType.values) - {HookType.TEST}:
        reasons.append(Reason("types_unknown", _("Choose at least one kind of event."), "types"))
    if reasons:
        raise Invalid(*reasons)
    return url


# --- Deliveries ----------------------------------------------------------------------------------


def send_test(*, endpoint: Endpoint, at: datetime) -> Delivery:
    """Send a test event, to a paused endpoint too once it is resumed."""
    told = {"description": endpoint.description, "message": "It works."}
    news = HookNews(endpoint.company_id, HookType.TEST, uuid4(), at, told)
    return Delivery.objects.create(**_row(endpoint, news, at))


def deliver_news(*, news: Sequence[HookNews], at: datetime) -> None:
    """Write down what is to be sent to whom; what is written already stays as it is."""
    endpoints = listening_endpoints(one.company_id for one in news) if news else []
    rows = [
        Delivery(**_row(endpoint, one, at))
        for one in news
        for endpoint in endpoints
        if endpoint.company_id == one.company_id and one.type in endpoint.types
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)


def _row(endpoint: Endpoint, news: HookNews, at: datetime) -> dict[str, object]:
    body = {
        "id": str(news.event_id),
        "type": str(news.type),
        "created_at": in_utc(news.created_at),
        "data": dict(news.data),
    }
    return {
        "endpoint": endpoint,
        "event_id": news.event_id,
        "type": news.type,
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        "created_at": at,
        "next_try_at": at,
    }


def resend(*, delivery: Delivery, at: datetime) -> bool:
    """Send an event anew, with the same id and body; False while it waits to be sent anyway."""
    settled = Delivery.objects.filter(pk=delivery.pk).exclude(state=DeliveryState.WAITING)
    return bool(settled.update(state=DeliveryState.WAITING, attempts=0, next_try_at=at))


@dataclass(frozen=True)
class Call:
    """One attempt that is to be made: everything a courier needs, and the delivery it is for."""

    delivery_id: int
    endpoint_id: int
    event_id: UUID
    attempt: int
    url: str
    body: bytes
    headers: Mapping[str, str]


def claim_calls(*, at: datetime) -> list[list[Call]]:
    """Take what is due, by endpoint, a little of each; whatever is not answered for is due again in a while.

    An endpoint that failed last is tried with one event only.
    """
    if not endpoints_to_call(at=at).exists():
        return []
    with transaction.atomic():
        held = endpoints_to_call(at=at).select_for_update(skip_locked=True, of=("self",), no_key=True)
        return [_claim(endpoint, at) for endpoint in held[:CALLED_AT_ONCE]]


def _claim(endpoint: Endpoint, at: datetime) -> list[Call]:
    due = due_deliveries(at=at).filter(endpoint=endpoint).order_by("next_try_at", "pk")
    rows = list(due.select_for_update(skip_locked=True)[: 1 if endpoint.failures else SENT_AT_ONCE])
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(next_try_at=at + LEASE)
    # Nobody else calls it meanwhile: a slow endpoint is one worker's, not everybody's.
    Endpoint.objects.filter(pk=endpoint.pk).update(rests_until=at + LEASE)
    keys = _open_secrets(endpoint, at)
    return [_call(endpoint, row, keys, at) for row in rows]


def _open_secrets(endpoint: Endpoint, at: datetime) -> list[str]:
    sealed = [endpoint.secret_sealed]
    if endpoint.old_secret_until is not None and at < endpoint.old_secret_until:
        sealed.append(endpoint.old_secret_sealed)
    return [vault.unlock(bytes(one)).decode() for one in sealed]


def _call(endpoint: Endpoint, row: Delivery, keys: Sequence[str], at: datetime) -> Call:
    body = row.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Ferryman-Webhooks/1",
        "webhook-id": str(row.event_id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature(keys, event_id=row.event_id, at=at, body=body),
    }
    return Call(row.pk, endpoint.pk, row.event_id, row.attempts + 1, endpoint.url, body, headers)


def keep_answers(*, answers: Sequence[tuple[Call, Answer | None]], at: datetime) -> bool:
    """Write down what the calls of one endpoint brought; those not made after a failure are due again.

    True if the endpoint has failed for so long that it is paused now, which its owners are told.
    """
    with transaction.atomic():
        endpoint = (
            Endpoint.objects.select_for_update(no_key=True).filter(pk=answers[0][0].endpoint_id).first()
        )
        if endpoint is None:
            return False
        for call, answer in answers:
            _keep_answer(call, answer, at)
        _keep_health(endpoint, made := [answer for _call, answer in answers if answer is not None], at)
        given_up = _is_given_up(endpoint, made, at) and pause_endpoint(endpoint=endpoint, at=at)
        if given_up:
            _tell_owners(endpoint, at)
        return given_up


def _keep_answer(call: Call, answer: Answer | None, at: datetime) -> None:
    waiting = Delivery.objects.filter(pk=call.delivery_id, state=DeliveryState.WAITING)
    if answer is None:
        waiting.update(next_try_at=at)
        return
    again = None if answer.is_taken else next_try(call.event_id, attempts=call.attempt, at=at)
    state = DeliveryState.DONE if answer.is_taken else DeliveryState.FAILED
    waiting.update(
        state=DeliveryState.WAITING if again else state,
        attempts=call.attempt,
        next_try_at=again,
        tried_at=at,
        status=answer.status,
        duration_ms=answer.duration_ms,
        fault=answer.fault,
        answer=answer.text,
    )


def _keep_health(endpoint: Endpoint, answers: Sequence[Answer], at: datetime) -> None:
    endpoint.rests_until = None
    for answer in answers:
        if answer.is_taken:
            endpoint.succeeded_at, endpoint.failures, endpoint.failing_since = at, 0, None
        else:
            endpoint.failures += 1
            endpoint.failing_since = endpoint.failing_since or at
    if endpoint.failures:
        endpoint.rests_until = at + rest(endpoint.failures)
    endpoint.save(update_fields=["rests_until", "succeeded_at", "failures", "failing_since"])


def _tell_owners(endpoint: Endpoint, at: datetime) -> None:
    owners = frozenset({Role.OWNER.value})
    news = MemberNews(
        endpoint.company_id, NoticeKind.ENDPOINT, "endpoint", str(endpoint.pk), str(endpoint), roles=owners
    )
    tell_members(news=[news], at=at)


def _is_given_up(endpoint: Endpoint, answers: Sequence[Answer], at: datetime) -> bool:
    """Say whether it says itself that it is gone, or has failed for days."""
    is_gone = any(answer.status == GONE for answer in answers)
    return is_gone or (endpoint.failing_since is not None and at - endpoint.failing_since >= PAUSED_AFTER)
