"""`manage.py demo`: a small world to try everything out in."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse
from django.utils import timezone

from clearance.demo.make import make_demonstration
from clearance.demo.sign_ins import SignIns
from ferry.actions.passes import receipt_pin
from ferry.errors import Refused
from ferry.models import PassState
from ferry.queries.passes import passes_in_full


class Command(BaseCommand):
    help = "Make the demonstration world, or find it, and print its sign-ins and keys."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print them for a program.")
        parser.add_argument("--force", action="store_true", help="Do it even where DEBUG is off.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEBUG or options["force"]):
            raise CommandError(
                "DEBUG is off, so this may be no place for made-up companies and their sign-ins. "
                "If it is, run it again with --force."
            )
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("The database is not up to date. Run python manage.py migrate first.")
        try:
            opens = make_demonstration(at=timezone.now())
        except Refused as refused:
            reasons = " ".join(str(reason.detail) for reason in refused.reasons)
            raise CommandError(f"The demonstration cannot be made here. {reasons}") from refused
        text = json.dumps(opens, ensure_ascii=False, indent=2) if options["json"] else told(opens)
        self.stdout.write(text)


def told(opens: SignIns) -> str:
    company, other = opens["company"], opens["other_company"]
    sign_ins = (
        (company["name"], company, "/"),
        (other["name"], other, "/"),
        ("Officer at both checkpoints", opens["officer"], reverse("lane:home")),
        ("Supervisor of both", opens["supervisor"], reverse("desk:live")),
    )
    keys = (
        (company["name"], company["token"]),
        (other["name"], other["token"]),
        (f"Device at {opens['exit_device']['checkpoint']}", opens["exit_device"]["token"]),
        (f"Device at {opens['entry_device']['checkpoint']}", opens["entry_device"]["token"]),
        ("Authority", opens["authority"]["token"]),
    )
    lines = ["Sign in:"]
    lines += [
        f"  {sign_in['email']:32}{sign_in['password']:22}{settings.SITE_URL}{path:13}{who}"
        for who, sign_in, path in sign_ins
    ]
    lines += ["", f"Keys for {settings.SITE_URL}/api/docs/:"]
    lines += [f"  {token:56}{who}" for who, token in keys]
    return "\n".join([*lines, *_without_account(company["uscc"])])


def _without_account(uscc: str) -> list[str]:
    """Name the pages of a driver and a consignee whose trip is ready, if there is one."""
    ready = passes_in_full().filter(state=PassState.OPEN, trip__company__uscc=uscc, trip__state="ready")
    pass_ = ready.order_by("pk").last()
    if pass_ is None:
        return []
    driver = reverse("phone:driver", args=[pass_.trip.driver.link_token])
    consignee = reverse("phone:code", args=[pass_.short_code])
    return [
        "",
        "Without an account:",
        f"  {settings.SITE_URL}{driver}  A driver",
        f"  {settings.SITE_URL}{consignee}  A consignee, PIN {receipt_pin(pass_.trip)}",
    ]
