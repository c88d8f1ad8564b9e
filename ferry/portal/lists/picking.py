"""Read which rows of a list were picked, and begin the job that was asked for."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from django.utils import timezone
from kombu.exceptions import OperationalError

from ferry.actions.bulk import work_bulk_job
from ferry.celery import app
from ferry.portal.lists.views import PICKED_AT_MOST, ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from ferry.models import BulkJob
    from ferry.portal.lists.asked import Asked


def picked_ids(request: HttpRequest, ask: Callable[[dict[str, str]], Asked]) -> list[int]:
    """Give the ids that were picked, or with `all` those of every row that fits.

    A page that asks once more sends them in one field: a request may hold a thousand fields only.
    """
    if "all" in request.POST:
        asked = ask(dict(parse_qsl(request.POST.get("query", ""))))
        return list(asked.rows.order_by("pk").values_list("pk", flat=True)[:PICKED_AT_MOST])
    said = ",".join(request.POST.getlist("row")).split(",")[:PICKED_AT_MOST]
    return [int(one) for one in dict.fromkeys(said) if one.isascii() and one.isdigit() and len(one) < 19]


def begin_job(job: BulkJob, count: int) -> None:
    """Do a page's worth while somebody waits; have a worker look at more."""
    if count <= ROWS:
        work_bulk_job(job=job, at=timezone.now(), limit=ROWS)
        return
    with suppress(OperationalError):
        app.send_task("ferry.tasks.work_bulk_jobs", retry=False, expires=30)
