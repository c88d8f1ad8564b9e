"""How long every list, order, filter and search takes in a company of a million trips, and its exports."""

from __future__ import annotations

import resource
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from django.conf import settings
from django.test import Client
from django.utils import timezone

import ferry.wsgi  # noqa: F401  (as the server settles its memory)
from benchmarks.lists_world import lay
from ferry.models import Membership, Role, User, Vehicle
from ferry.portal.lists.declare import Choice, Scene
from ferry.portal.lists.known import LISTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferry.models import Company

SMALL, LARGE = 10_000, 1_000_000
TIMES = 11
GOAL_MS = 100


def measure() -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    small, _client = pages_of(SMALL)
    large, client = pages_of(LARGE)
    print(f"lists                                        {SMALL:>8,} trips    {LARGE:>9,} trips   ratio")
    print("                                              p50   p95 ms      p50   p95 ms")
    for name, took in large.items():
        before = small.get(name, took)
        mark = "" if took[1] < GOAL_MS else "  over the goal"
        print(
            f"{shorten(name):<43}{before[0]:>6.0f}{before[1]:>6.0f}{took[0]:>12.0f}{took[1]:>6.0f}"
            f"{took[0] / before[0]:>12.1f}{mark}"
        )
    for name, form in (("trips", "csv"), ("vehicles", "xlsx")):
        export(client, name, form)


def shorten(address: str) -> str:
    return address if len(address) <= 42 else f"{address[:40]}…"


def pages_of(trips: int) -> tuple[dict[str, tuple[float, float]], Client]:
    """Give each address's median and 95th percentile in ms, as the server takes it, templates and all."""
    company = lay(trips)
    client = signed_in(company)
    return {address: timed(client, address) for address in addresses(company)}, client


def signed_in(company: Company) -> Client:
    user, _made = User.objects.get_or_create(email="measured@ferryman.example")
    Membership.objects.get_or_create(company=company, user=user, defaults={"role": Role.DISPATCHER})
    client = Client()
    client.force_login(user)
    return client


def addresses(company: Company) -> Iterator[str]:
    """Name every list in each of its orders, with each value of each filter, searched, and totalled."""
    scene = Scene(company, timezone.now())
    for listing in LISTINGS.values():
        at = f"/{listing.name}/"
        yield at
        yield from (f"{at}?sort={way}{sort}" for sort in sorted(listing.sorts) for way in ("", "-"))
        for one in listing.filters:
            if isinstance(one, Choice):
                yield from (f"{at}?{one.name}={value}" for value, _label in one.options(scene))
        yield from (f"{at}?q={text}" for text in SEARCHED)
        yield f"{at}?q={'+'.join(Vehicle.objects.order_by('pk').values_list('vin', flat=True)[:200])}"
        yield f"{at}?part=totals"
    today = timezone.now().date()
    yield f"/trips/?from={today}&until={today}"
    yield "/trips/?state=planned&sort=opens_at"
    yield "/trips/?outcome=discrepant&sort=opens_at"
    yield "/trips/?driver=id7"


#: Parts of a VIN, a common make, two Han letters, a name, ends and beginnings, nothing.
SEARCHED = ("00012345", "1234", "123", "BYD", "马军", "比亚迪", "guljan", "45", "by", "zq", "nothing")


def timed(client: Client, address: str) -> tuple[float, float]:
    taken = []
    for _time in range(TIMES):
        start = perf_counter()
        answer = client.get(address, secure=True)
        taken.append((perf_counter() - start) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}.")
    taken = sorted(taken[1:])  # The first one also loads templates and plans.
    return median(taken), taken[int(len(taken) * 0.95)]


def export(client: Client, name: str, form: str) -> None:
    """Take a whole list as a file, and say what it cost in time and memory."""
    before, start = peak_mb(), perf_counter()
    answer = client.get(f"/{name}/export.{form}", secure=True)
    size = sum(len(part) for part in answer)
    took = perf_counter() - start
    rows = {"trips": LARGE, "vehicles": Vehicle.objects.count()}[name]
    print(
        f"export of {rows:,} {name} as {form}: {rows / took:,.0f} rows a second, {size / 1e6:.0f} MB, "
        f"peak memory {before:.0f} -> {peak_mb():.0f} MB"
    )


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
