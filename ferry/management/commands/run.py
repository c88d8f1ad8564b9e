"""`manage.py run`: web, worker and beat on one machine; with `--lan`, for the local network over HTTPS."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPSConnection
from io import StringIO
from pathlib import Path
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone

from ferry.lan import Address, authority_of, is_private, keep_certificate, lan_addresses, write_secret
from ferry.qr import symbol

Processes = dict[str, subprocess.Popen[bytes]]

GRACE_S = 15
COMMANDS = {
    # One process: SQLite lets one write at a time.
    "web": "granian --interface wsgi --workers 1 --blocking-threads 4 --no-ws --log-level warning "
    "--port {port} ferry.wsgi:application",
    "worker": "celery --quiet --app ferry worker --pool solo --loglevel WARNING",
    "beat": "celery --quiet --app ferry beat --loglevel WARNING",
}
#: Celery's warning is for servers; this is one machine, where root is often all there is (a container).
QUIET = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser"}


#: Set for the second start of this program, when the settings are those of the local network.
ON_LAN = "FERRYMAN_ON_LAN"


class Command(BaseCommand):
    help = "Prepare the database and run web, Celery worker and beat until interrupted."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--lan",
            metavar="ADDRESS",
            help="serve the local network over HTTPS, at this address of this machine or, with 1, at its own",
        )

    def handle(self, *args: Any, lan: str | None = None, **options: Any) -> None:
        if lan and not os.environ.get(ON_LAN):
            begin_again_on_lan(own_address(lan))
        insist_on_free_port()
        on_interrupt(signal.default_int_handler)
        try:
            sign_ins = prepare(self._say)
        except KeyboardInterrupt:
            return
        self._say("Starting.")
        interrupted = Event()
        on_interrupt(lambda *_: interrupted.set())
        with running() as processes:
            while not web_answers() and not interrupted.wait(0.1):
                insist_on_all(processes)
            if not interrupted.is_set():
                self._say(f"\n{sign_ins}\n{on_lan()}Ferryman is at {settings.SITE_URL} (Ctrl-C stops it).")
            while not interrupted.wait(0.5):
                insist_on_all(processes)

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def insist_on_free_port() -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host(), settings.PORT))
        except OSError as error:
            raise CommandError(
                f"Port {settings.PORT} is taken. Choose another: PORT={settings.PORT + 1} make run"
            ) from error


def on_interrupt(act: Callable[..., Any]) -> None:
    """Ctrl-C, a polite kill and a closed terminal all mean the same."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, act)


def prepare(say: Callable[[str], None]) -> str:
    """Bring the database up to date; return the sign-ins of a demonstration world where DEBUG is on."""
    say("Bringing the database up to date.")
    call_command("migrate", verbosity=0)
    call_command("standard_data", stdout=StringIO())
    sign_ins = StringIO()
    if settings.DEBUG:
        say("Looking after the demonstration world: the first time it takes half a minute.")
        call_command("demo", stdout=sign_ins)
    else:
        call_command("collectstatic", interactive=False, verbosity=0)
    connections.close_all()
    return sign_ins.getvalue()


@contextmanager
def running() -> Iterator[Processes]:
    """Run every process in a group of its own, so that Ctrl-C reaches it and its children once, from here."""
    processes: Processes = {}
    try:
        for name, command in COMMANDS.items():
            program, *arguments = command.format(port=settings.PORT).split()
            arguments += tls() if name == "web" else []
            processes[name] = subprocess.Popen(  # noqa: S603
                [str(Path(sys.executable).with_name(program)), *arguments],
                cwd=settings.BASE_DIR,
                env=os.environ | QUIET,
                start_new_session=True,
            )
        yield processes
    finally:
        for process in processes.values():
            end(process, signal.SIGTERM)
        for process in processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE_S)
            end(process, signal.SIGKILL)
            process.wait()


def end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def insist_on_all(processes: Processes) -> None:
    for name, process in processes.items():
        if process.poll() is not None:
            raise CommandError(
                f"The {name} process ended by itself ({process.returncode}); stopping the rest."
            )


def web_answers() -> bool:
    with suppress(OSError), closing(connection()) as web:
        web.request("GET", "/healthz/")
        web.getresponse()
        return True
    return False


def connection() -> HTTPConnection:
    if not is_on_lan():
        return HTTPConnection("127.0.0.1", settings.PORT, timeout=60)
    trusted = ssl.create_default_context(cafile=str(authority_of(folder())))
    return HTTPSConnection("127.0.0.1", settings.PORT, timeout=60, context=trusted)


# --- On the local network ----------------------------------------------------------------------


def own_address(wanted: str) -> Address:
    """Give the address to serve at: the one named, or that which leads out of this machine."""
    if not settings.DEBUG:
        raise CommandError("LAN=1 is for trying out. A deployment stands behind a proxy that ends TLS.")
    own = lan_addresses()
    if wanted == "1":
        if not own:
            raise CommandError(
                "This machine is on no local network. Name its address: make run LAN=192.168.1.5"
            )
        return own[0]
    with suppress(ValueError):
        named = Address(wanted)
        if is_private(named):
            return named
    raise CommandError(
        f"LAN must be 1 or this machine's private address, like 192.168.1.5; it is {wanted!r}."
    )


def begin_again_on_lan(address: Address) -> None:
    """Start this program anew with the settings of the local network: they are read once, at the start."""
    addresses = list(dict.fromkeys([address, *lan_addresses()]))
    keep_certificate(folder(), addresses, at=timezone.now())
    environment = {
        ON_LAN: "1",
        "SITE_URL": f"https://{address}:{settings.PORT}",
        "ALLOWED_HOSTS": ",".join(["localhost", "127.0.0.1", *map(str, addresses)]),
        "SECRET_KEY": kept_secret(),
        # What is sealed in the trial database stays readable with and without the network.
        "DATA_KEYS": ",".join(settings.DATA_KEYS),
    }
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | environment)  # noqa: S606


def kept_secret() -> str:
    """Give a secret of this machine's own: where others can reach, the trial key would let them in."""
    path = folder() / "secret"
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(48).encode())
    return path.read_text()


def folder() -> Path:
    return settings.DATA_DIR / "lan"


def is_on_lan() -> bool:
    return bool(os.environ.get(ON_LAN))


def host() -> str:
    return "0.0.0.0" if is_on_lan() else "127.0.0.1"  # noqa: S104


def tls() -> list[str]:
    """Give the web server's switches for the local network."""
    if not is_on_lan():
        return []
    files = ["--ssl-certificate", str(folder() / "server.crt"), "--ssl-keyfile", str(folder() / "server.key")]
    return ["--host", host(), "--ssl-protocol-min", "tls1.2", *files]


def on_lan() -> str:
    """Draw the address for a phone's camera, and say how the phone comes to trust it."""
    if not is_on_lan():
        return ""
    drawn = StringIO()
    symbol(settings.SITE_URL, level="M").print_ascii(out=drawn, invert=True)
    return (
        f"{drawn.getvalue()}\nAnyone on this network can open it with the sign-ins above. A phone warns of "
        f"the certificate: go on, or have it trust {authority_of(folder())} (docs/operations.md).\n"
    )
