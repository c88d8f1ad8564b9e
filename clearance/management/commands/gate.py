"""`manage.py gate`: run the reference client of a gate. docs/gate.md tells its protocol."""

from __future__ import annotations

import json
import platform
import signal
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from clearance.gate.clock import Clock
from clearance.gate.identity import Identity, read_identity, write_identity
from clearance.gate.journal import Journal
from clearance.gate.lane import Lane, Pace
from clearance.gate.readers import lines_of, serial_lines, without_repeats
from clearance.gate.server import HERE, NoAnswer, Refused, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

SOFTWARE = "Ferryman gate 1"


class Command(BaseCommand):
    help = "Be a gate: take codes from standard input or a serial line, write lamp and barrier events."
    # It runs beside a barrier, where there is no database.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", metavar="URL", help="The server, as https://ferryman.example.")
        parser.add_argument(
            "--enrol", metavar="CODE", help="Enrol by a supervisor's code, or by all that its square says."
        )
        parser.add_argument(
            "--state",
            metavar="DIR",
            type=Path,
            default=settings.DATA_DIR / "gate",
            help="Where key, list and queue are kept (default: %(default)s).",
        )
        parser.add_argument("--lane", default="", help="Another lane than the one it was enrolled for.")
        parser.add_argument("--serial", metavar="DEVICE", help="Read codes from a serial line, /dev/ttyUSB0.")
        parser.add_argument("--baud", type=int, default=9600)
        parser.add_argument("--within", type=float, default=1.5, help="Seconds an answer may take.")
        parser.add_argument("--refresh", type=float, default=60, help="Seconds between lists.")
        parser.add_argument(
            "--same-within", type=float, default=5, help="Seconds in which the same code is the same scan."
        )
        parser.add_argument("--language", default="en", help="Of sentences: en, zh-hans, ru, kk.")
        parser.add_argument("--ca", metavar="FILE", help="Certificates to trust instead of the usual ones.")
        parser.add_argument(
            "--plain-http", action="store_true", help="Send the key unencrypted to another machine."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder = options["state"]
        identity = self._identity(folder, options)
        journal = Journal(folder)
        lane = Lane(
            folder=folder,
            identity=identity,
            server=self._server(identity.url, options, identity.token),
            journal=journal,
            clock=Clock(timedelta(seconds=float(journal.fact("clock_ahead_s") or 0))),
            tell=Events(self.stdout),
            lane=options["lane"],
            pace=Pace(options["within"], options["refresh"]),
        )
        if not lane.lane:
            raise CommandError("This key was not enrolled for a lane. Name it by --lane.")
        lane.start()
        # Where it was started in the background, a shell has it ignore the first of these.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        with suppress(KeyboardInterrupt), translation.override(options["language"]):
            for text in without_repeats(self._codes(options), within_s=options["same_within"]):
                lane.read(text)
        lane.stop()
        lane.server.close()
        journal.close()

    def _codes(self, options: dict[str, Any]) -> Iterator[str]:
        if options["serial"]:
            return serial_lines(options["serial"], baud=options["baud"])
        return lines_of(sys.stdin.buffer)

    def _identity(self, folder: Path, options: dict[str, Any]) -> Identity:
        """Enrol, or be who this gate already is."""
        if options["enrol"]:
            return self._enrol(folder, options)
        identity = read_identity(folder)
        if identity is None:
            raise CommandError(
                f"Nothing is enrolled in {folder}. Ask a supervisor for a code and use --enrol."
            )
        return identity

    def _enrol(self, folder: Path, options: dict[str, Any]) -> Identity:
        url, _mark, code = options["enrol"].rpartition("#")
        url = options["url"] or url.rstrip("/").lower()
        if not url:
            raise CommandError("Name the server by --url, or give all that the enrolment's square says.")
        try:
            told = self._server(url, options).enrol(code, name=platform.node()[:80], software=SOFTWARE)
        except Refused as refused:
            said = " ".join(str(error.get("detail")) for error in refused.errors)
            raise CommandError(said or str(refused)) from refused
        except NoAnswer as why:
            raise CommandError(f"{url} does not answer ({why}). Look at the line and try again.") from why
        identity = Identity.of(url, told["token"], told)
        write_identity(folder, identity)
        return identity

    def _server(self, url: str, options: dict[str, Any], token: str = "") -> Server:
        parts = urlsplit(url)
        if parts.scheme.lower() != "https" and parts.hostname not in HERE and not options["plain_http"]:
            raise CommandError("The key would travel unencrypted. Use https, or say --plain-http.")
        return Server(url, token, language=options["language"], ca=options["ca"])


class Events:
    """Write one JSON object a line, whichever thread has something to tell."""

    def __init__(self, out: Any) -> None:
        self._out, self._lock = out, Lock()

    def __call__(self, event: str, **said: Any) -> None:
        line = {"event": event, "at": datetime.now(UTC).isoformat(timespec="milliseconds"), **said}
        with self._lock:
            self._out.write(json.dumps(line, ensure_ascii=False))
            self._out.flush()
