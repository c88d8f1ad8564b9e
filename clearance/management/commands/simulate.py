"""`manage.py simulate`: traffic with known truth, laid into a database of its own."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clearance.actions.reconcile import Tally
from clearance.simulation.play import play_script
from clearance.simulation.score import World, by_fault, write_truth
from clearance.simulation.script import AFTERMATH, Script, write_script
from ferry.models import Company
from ferry.queries.issue import CHINA, china_date, closures_from


class Command(BaseCommand):
    help = (
        "Make so many days of traffic from a seed, with known faults, through the real actions, reconcile it "
        "as its time goes by, and write what is true of it to a file for manage.py score."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=30, help="Days of traffic (30).")
        parser.add_argument("--drivers", type=int, default=4000, help="How many drive (4000).")
        parser.add_argument("--seed", type=int, default=7, help="The same seed makes the same world (7).")
        parser.add_argument(
            "--faults", type=share, default=0.03, help="Share of trips with one, as 3%% (3%%)."
        )
        parser.add_argument(
            "--truth", type=Path, default=Path("truth.jsonl"), help="Where to write the truth."
        )
        parser.add_argument(
            "--from", type=day, dest="since", help="First day, as 2026-03-02; without it, all is over by now."
        )
        parser.add_argument("--force", action="store_true", help="Do it even where DEBUG is off.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEBUG or options["force"]):
            raise CommandError(
                "DEBUG is off, so this may be no place for made-up traffic. If it is, add --force."
            )
        if Company.objects.exists():
            raise CommandError(
                "There are companies here already, and reconciling at simulated times would judge their "
                "trips too. Give the simulation a database of its own, for example by DATA_DIR=var/score."
            )
        script = self._script(options)
        truth = script.truth
        world = World(script.seed, script.starts_at, script.ends_at)
        options["truth"].parent.mkdir(parents=True, exist_ok=True)
        with options["truth"].open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in write_truth(world, truth))
        counts = by_fault(truth)
        self.stdout.write(f"{len(script.legs)} trips, {len(script.papers)} declarations; with faults:")
        self.stdout.write("  " + " · ".join(f"{name} {number}" for name, number in sorted(counts.items())))
        self._play(script)
        self.stdout.write(f"The truth is in {options['truth']}. Compare: manage.py score {options['truth']}")

    def _script(self, options: dict[str, Any]) -> Script:
        days = options["days"]
        since = options["since"] or china_date(timezone.now() - AFTERMATH) - timedelta(days=days + 1)
        starts_at = datetime.combine(since, time(), CHINA)
        closed = [span for spans in closures_from(starts_at).values() for span in spans]
        return write_script(
            seed=options["seed"],
            starts_at=starts_at,
            days=days,
            drivers=options["drivers"],
            faults=options["faults"],
            closed=closed,
        )

    def _play(self, script: Script) -> None:
        began, total = monotonic(), Tally()

        def tell(at: datetime, tally: Tally) -> None:
            nonlocal total
            total += tally
            if at.astimezone(CHINA).hour == 0:
                self.stdout.write(
                    f"  {at:%Y-%m-%d}  assessed {total.checked} · discharged {total.discharged}"
                    f" · cases {total.cases_opened} · {monotonic() - began:.0f} s"
                )

        play_script(script, tell=tell)


def share(text: str) -> float:
    """Read a share, as 3% or 0.03."""
    number = float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= number <= 1:
        raise ValueError(text)
    return number


def day(text: str) -> Any:
    return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  (a day, not a moment)
