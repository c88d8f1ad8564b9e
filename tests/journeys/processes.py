"""Real processes of this installation, on data of their own."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def trial(data: Path, **changes: str) -> dict[str, str]:
    """Give the environment of `make run`, on SQLite and the filesystem queue below `data`."""
    own = {"DEBUG": "on", "SITE_URL": "", "DATABASE_URL": "", "REDIS_URL": "", "DATA_DIR": str(data)}
    return os.environ | own | changes


def production(data: Path, **changes: str) -> dict[str, str]:
    """Give the environment of a deployment behind one proxy that ends TLS."""
    sealed = {"SECRET_KEY": secrets.token_urlsafe(48), "DATA_KEYS": secrets.token_urlsafe(48)}
    return trial(data, DEBUG="off", SITE_URL="https://ferryman.example", PROXIES="1", **sealed) | changes


def lay(database: Path, environment: dict[str, str]) -> None:
    """Put a copy of a database that is migrated already where an installation has its own."""
    shutil.copy(database, Path(environment["DATA_DIR"]) / "ferryman.sqlite3")


def manage(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def start(environment: dict[str, str], *command: str, until: str) -> subprocess.Popen[str]:
    """Start a process and return once it has written a line that holds `until`."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if until in line:
            return process
    process.communicate()
    raise AssertionError(f"It ended without {until!r}:\n{''.join(said)}")


def serve(environment: dict[str, str], port: int) -> subprocess.Popen[bytes]:
    """Start the web server and return once it takes connections."""
    command = [str(BIN / "granian"), "--interface", "wsgi", "--port", str(port), "--log-level", "warning"]
    server = subprocess.Popen([*command, "ferry.wsgi:application"], cwd=ROOT, env=environment)
    while server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return server
    raise AssertionError(f"The web server ended with {server.returncode}.")
