"""Searches that PostgreSQL answers by its indexes of parts of words."""

from __future__ import annotations

import pytest
from django.db import connection

from ferry.models import Driver
from ferry.queries.search import search_drivers

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]


def test_either_name_of_a_driver_is_found_by_the_index_of_words() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for text in ("MA JIANJUN", "马建军同志"):
            assert "driver_words" in search_drivers(Driver.objects.order_by(), text).explain()
