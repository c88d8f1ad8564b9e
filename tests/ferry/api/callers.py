"""Callers of the interface, each with a key of its own."""

from __future__ import annotations

from typing import Any

from rest_framework.test import APIClient

from ferry.models import Checkpoint, Company
from tests.builders import a_company_key, a_device, an_authority_key


def with_token(token: str) -> APIClient:
    return APIClient(headers={"authorization": f"Token {token}"})


def nobody() -> APIClient:
    return APIClient()


def company_caller(company: Company) -> APIClient:
    return with_token(a_company_key(company)[1])


def device_caller(checkpoint: Checkpoint | None = None) -> APIClient:
    return with_token(a_device(checkpoint)[1])


def authority_caller() -> APIClient:
    return with_token(an_authority_key()[1])


def errors_of(response: Any) -> list[tuple[str, str | None]]:
    """Give (code, attr) of each error, after checking the one form that errors have."""
    body = response.json()
    assert set(body) == {"type", "errors"}
    assert all(set(error) == {"code", "detail", "attr"} for error in body["errors"])
    assert all(error["detail"] for error in body["errors"])
    return [(error["code"], error["attr"]) for error in body["errors"]]
