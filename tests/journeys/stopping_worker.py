"""A real worker that lives at one moment, has small batches, and stops every so many statements.

It stops as SIGSTOP stops a process: at once, in the middle of a transaction, with its locks held and its
message not acknowledged. Whoever started it sees that, and may kill it there, or take its servers away.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from typing import Any

import django
from django.db.backends.signals import connection_created
from django.utils import timezone

#: So few that a small world takes many transactions.
TRIPS, ROWS, DAYS = 5, 60, 3


class Stops:
    """Stop before every so-manieth of the statements that write; never for 0."""

    def __init__(self, every: int) -> None:
        self.every, self.written = every, 0

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(("INSERT", "UPDATE", "DELETE", "WITH")):
            self.written += 1
            if self.every and self.written % self.every == 0:
                os.kill(os.getpid(), signal.SIGSTOP)
        return execute(sql, params, many, context)


def work(name: str, at: datetime, stops: Stops) -> None:
    django.setup()
    timezone.now = lambda: at
    from clearance.actions.reconcile import reconcile_due
    from ferry.actions import announce, reports
    from ferry.celery import app

    for function, few in ((reconcile_due, TRIPS), (announce.announce, ROWS)):
        assert set(function.__kwdefaults__) == {"limit"}
        function.__kwdefaults__["limit"] = few
    reports.DAYS_AT_ONCE = DAYS

    def watch(connection: Any, **_rest: Any) -> None:
        connection.execute_wrappers.append(stops)

    connection_created.connect(watch)
    app.worker_main(["worker", "--pool=solo", "--loglevel=WARNING", f"--hostname={name}@%h"])


if __name__ == "__main__":
    _name, _at, _every = sys.argv[1:]
    work(_name, datetime.fromisoformat(_at), Stops(int(_every)))
