"""Every call of these tests is made at AT."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import time_machine

from tests.builders import AT, a_company
from tests.ferry.api.callers import company_caller

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rest_framework.test import APIClient

    from ferry.models import Company


@pytest.fixture(autouse=True)
def _at_noon(standard_data: None) -> Iterator[None]:
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def company() -> Company:
    return a_company()


@pytest.fixture
def caller(company: Company) -> APIClient:
    return company_caller(company)
