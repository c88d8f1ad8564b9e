"""`manage.py simulate`: traffic with known truth, laid into a database of its own."""

from __future__ import annotations

import signal
from contextlib import suppress
from datetime import datetime, time, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from clearance.actions.reconcile import Tally
from clearance.gate.server import KeyRefused, Refused
from clearance.simulation.bulk import at_once
from clearance.simulation.faults import Truth
from clearance.simulation.live import REST, Clock, Doors, Player, Progress, open_doors
from clearance.simulation.play import play_script
from clearance.simulation.score import World, by_fault, write_truth
from clearance.simulation.script import AFTERMATH, Script, write_script
from ferry.models import Company
from ferry.queries.issue import CHINA, china_date, closures_from
from ferry.rules.closures import Span


class Command(BaseCommand):
    told = ""
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
        live = parser.add_argument_group(
            "live",
            "Play it against a running server instead, through its interface and its pages. Not played: who "
            "leaves after his window, for windows have hours to spare; who is back after a month; above "
            "--speed 3000, old sheets, which need exact times. Kinds that wait for hours or days wait for "
            "real ones: manage.py score says how many.",
        )
        live.add_argument("--play", metavar="URL", help="The server, as http://localhost:8000.")
        live.add_argument(
            "--speed", type=speed, default=600.0, help="How much faster than the wall clock (600)."
        )
        live.add_argument(
            "--by-hand",
            action="store_true",
            help="Leave examinations to an officer in the lane; otherwise the play has one of its own.",
        )
        live.add_argument(
            "--keys", type=Path, metavar="FILE", help="What manage.py demo --json printed on that server."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["play"]:
            self._play_live(options)
            return
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

    def _play_live(self, options: dict[str, Any]) -> None:
        """Play from outside; nothing here opens the database."""
        if options["keys"] is None:
            raise CommandError(
                "Name a file of keys by --keys: on the server, manage.py demo --json > keys.json writes it."
            )
        try:
            keys = options["keys"].read_text(encoding="utf-8")
            doors = open_doors(options["play"], keys, by_hand=options["by_hand"])
        except (OSError, ValueError) as error:
            raise CommandError(f"{options['keys']} or the address is of no use. {error}") from error
        today = datetime.combine(china_date(timezone.now()), time(), CHINA)
        without = doors.closed(options["speed"])
        script = self._written(options, today, [], without=without, rest=REST * options["speed"])
        self.stdout.write(
            f"{len(script.legs)} trips in about {length(script, options['speed'])}; Ctrl-C ends it."
        )
        self.stdout.write(f"Not played: {', '.join(sorted(without))}.")
        if doors.supervisor is None:
            self.stdout.write("No supervisor could sign in by password alone: no day is closed.")
        # Where it was started in the background, a shell has it ignore the first of these.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        options["truth"].parent.mkdir(parents=True, exist_ok=True)
        with options["truth"].open("w", encoding="utf-8") as file, suppress(KeyboardInterrupt):
            self._play_into(file, script, doors, options["speed"])
        self.stdout.write(
            f"\nThe truth of what is over is in {options['truth']}: manage.py score, on the server."
        )

    def _play_into(self, file: TextIO, script: Script, doors: Doors, speed: float) -> None:
        began = timezone.now()

        def keep(*truths: Truth) -> None:
            """Write as it goes; the last line about the world counts, and says until when it went."""
            world = World(script.seed, began, timezone.now())
            file.writelines(f"{line}\n" for line in write_truth(world, truths))
            file.flush()

        clock = Clock(speed, script.moments[0].at, timezone.now, sleep)
        player = Player(script, doors, clock, tell=self._tell, true=keep)
        try:
            for progress in player.play():
                self._show(progress)
        except (Refused, KeyRefused) as refused:
            said = f"{refused}" or "a key is not good, or not any longer"
            raise CommandError(f"The server does not let this be played: {said}.") from refused
        finally:
            keep()

    def _tell(self, line: str) -> None:
        self.stdout.write(f"\r\033[K{line}" if self.stdout.isatty() else line)

    def _show(self, progress: Progress) -> None:
        """Keep one line up to date on a screen; elsewhere say something once a simulated hour."""
        hour = f"{progress.at.astimezone(CHINA):%d %b %H}:00"
        line = f"{hour} · " + " · ".join(f"{act} {number}" for act, number in progress.acts.items())
        line += f" · refused {progress.refused.total()}" if progress.refused else ""
        line += f" · {progress.waiting} wait for an officer" if progress.waiting else ""
        if self.stdout.isatty():
            self.stdout.write(f"\r\033[K{line}", ending="")
            self.stdout.flush()
        elif hour != self.told:
            self.stdout.write(line)
        self.told = hour

    def _script(self, options: dict[str, Any]) -> Script:
        days = options["days"]
        since = options["since"] or china_date(timezone.now() - AFTERMATH) - timedelta(days=days + 1)
        starts_at = datetime.combine(since, time(), CHINA)
        closed = [span for spans in closures_from(starts_at).values() for span in spans]
        return self._written(options, starts_at, closed)

    def _written(
        self, options: dict[str, Any], starts_at: datetime, closed: list[Span], **live: Any
    ) -> Script:
        return write_script(
            seed=options["seed"],
            starts_at=starts_at,
            days=options["days"],
            drivers=options["drivers"],
            faults=options["faults"],
            closed=closed,
            **live,
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

        play_script(script, act=at_once, tell=tell)


def speed(text: str) -> float:
    """Read a speed, as 600."""
    number = float(text)
    if not 1 <= number <= 100_000:
        raise ValueError(text)
    return number


def length(script: Script, speed: float) -> str:
    seconds = (script.moments[-1].at - script.moments[0].at).total_seconds() / speed
    return f"{seconds / 60:.0f} minutes"


def share(text: str) -> float:
    """Read a share, as 3% or 0.03."""
    number = float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= number <= 1:
        raise ValueError(text)
    return number


def day(text: str) -> Any:
    return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  (a day, not a moment)
