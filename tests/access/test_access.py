"""Nobody sees or moves what is not his: every address for everybody, as docs/access.md says."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest
import time_machine
from django.apps import apps
from django.conf import settings as django_settings
from django.db import transaction
from django.test import Client
from django.urls import reverse

from ferry.models import Company
from tests.access.table import Row, addresses, likely_line, row_of, rows
from tests.access.world import OUTSIDERS, PARTIES, a_world, absent, ask, filled, fillers, secrets_of
from tests.builders import AT

pytestmark = pytest.mark.django_db

REFUSALS = {"401": 401, "403": 403, "404": 404}
#: The address itself is the right to what it shows.
BY_ITS_ADDRESS = ("/d/", "/p/", "/notices/stop/", "/reports/no-more/", "/invitation/")
#: What an asker leaves behind even where he is refused: that he asked.
TRACES = {"last_used_at", "last_login"}


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def company() -> Company:
    return a_world()


def test_every_address_has_its_line():
    lines = [likely_line(address) for address in addresses() if row_of(address) is None]
    assert not lines, "Add to docs/access.md, with what is right for each:\n" + "\n".join(lines)


def test_every_line_has_its_address():
    known = list(addresses())
    gone = [row.address for row in rows() if is_nowhere(row, known)]
    assert not gone, "Take out of docs/access.md: " + ", ".join(gone)


def is_nowhere(row: Row, known: list[str]) -> bool:
    if row.is_group:
        return not any(address.startswith(row.address[:-1]) for address in known)
    return row.address not in known


@pytest.mark.parametrize("party", PARTIES)
def test_everybody_gets_what_the_table_says(company: Company, party: str) -> None:
    client = PARTIES[party](company)
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "en"
    theirs = secrets_of(company)
    standing = {row.address: fillers(row.address, company) for row in rows() if not row.is_group}
    before = kept()
    wrong: list[str] = []
    for row in rows():
        if row.is_group:
            wrong += faults_of_group(client, row, party, theirs)
        else:
            wrong += faults_of(client, row, party, theirs, standing[row.address])
    assert not wrong, "\n".join(wrong)
    after = kept()
    assert [name for name in before if before[name] != after[name]] == []


def kept() -> dict[str, list[Any]]:
    """Copy all that the database holds, but for what signing in leaves there."""
    models = [model for model in apps.get_models() if model._meta.app_label not in {"sessions", "account"}]
    return {
        model._meta.label: [without_traces(row) for row in model._base_manager.order_by("pk").values()]
        for model in models
    }


def without_traces(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in TRACES}


def faults_of(
    client: Client, row: Row, party: str, theirs: set[str], standing: dict[str, str]
) -> Iterator[str]:
    address, cell = filled(row.address, standing), row.cell(party)
    for method in sorted(row.methods or ({"get"} if cell == "own" else {"get", "post"})):
        may = method in row.may(party)
        answer = tried(client, row, method, address) if may else ask(client, row, method, address)
        is_untold = not row.methods and answer.status_code == 405
        if not is_untold and not is_as_told(answer, cell, method, may=may):
            yield f"{party}: {method.upper()} {row.address} answers {told(answer)}; the table says {cell}."
        if found := leaks(answer, row, party, theirs, address, may=may):
            yield f"{party}: {method.upper()} {row.address} shows {', '.join(found)}."
        if cell == "404" and standing and address.startswith("/api/"):
            nowhere = ask(client, row, method, filled(row.address, absent(standing)))
            if nowhere.content != answer.content:
                yield f"{party}: {method.upper()} {row.address} tells another's from nothing."
    if row.may(party) and len(set(row.cells.values())) > 1:
        yield from faults_of_the_untold(client, row, party, address)


def faults_of_the_untold(client: Client, row: Row, party: str, address: str) -> Iterator[str]:
    """Try what the table lets nobody do, as one who may do something else there."""
    for method in {"get", "post"} - row.methods:
        answer = ask(client, row, method, address)
        if answer.status_code != 405:
            yield f"{party}: {method.upper()} {row.address} answers {told(answer)}; by no word of the table."


def faults_of_group(client: Client, row: Row, party: str, theirs: set[str]) -> Iterator[str]:
    """Look at a group's pages that are about nothing in particular; send to all where nobody may."""
    cell = row.cell(party)
    for pattern in addresses():
        if row_of(pattern) != row:
            continue
        address = pattern.replace("<", "").replace(">", "")
        if "<" not in pattern:
            yield from faults_in_group(client.get(address), row, party, theirs, address)
        if cell == "sign in":
            yield from faults_in_group(client.post(address), row, party, theirs, address)


def faults_in_group(answer: Any, row: Row, party: str, theirs: set[str], address: str) -> Iterator[str]:
    cell = row.cell(party)
    fine = {
        "own": answer.status_code < 500,
        "see": answer.status_code < 500 and not asks_to_sign_in(answer),
        "sign in": answer.status_code in {302, 403},
    }
    if not fine[cell]:
        yield f"{party}: {address} answers {told(answer)}; the table says {cell}."
    if found := leaks(answer, row, party, theirs, address, may=cell == "see"):
        yield f"{party}: {address} shows {', '.join(found)}."


def tried(client: Client, row: Row, method: str, address: str) -> Any:
    """Ask, and let nothing of it stay."""
    with transaction.atomic():
        answer = ask(client, row, method, address)
        transaction.set_rollback(True)
    return answer


def is_as_told(answer: Any, cell: str, method: str, *, may: bool) -> bool:
    status = answer.status_code
    if cell in REFUSALS:
        return status == REFUSALS[cell]
    if cell == "sign in":
        return asks_to_sign_in(answer)
    if cell == "own":
        return status < 500
    if cell == "on":
        return status == 302 and not asks_to_sign_in(answer)
    if not may:
        return status == 403
    if method == "get":
        return status == 200
    return status < 500 and status not in {401, 403, 404, 405} and not asks_to_sign_in(answer)


def asks_to_sign_in(answer: Any) -> bool:
    doors = (reverse("account_login"), reverse("admin:login"))
    return answer.status_code == 302 and answer["Location"].startswith(doors)


def told(answer: Any) -> str:
    return f"{answer.status_code} {answer.headers.get('Location', '')}".strip()


def leaks(answer: Any, row: Row, party: str, theirs: set[str], address: str, *, may: bool) -> list[str]:
    """Find what is Silk Road Cars' in an answer to an outsider, or to anybody who was refused."""
    if row.address.startswith(BY_ITS_ADDRESS) or (party not in OUTSIDERS and may):
        return []
    if party not in OUTSIDERS and row.cell(party) in {"on", "own"}:
        return []
    text = text_of(answer)
    return [one for one in theirs if one in text and one not in address]


def text_of(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            body = b"".join(book.read(name) for name in book.namelist())
    return unescape(unquote(body.decode(errors="replace"))) + str(answer.headers)
