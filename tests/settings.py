"""The settings under test: those of a trial on one machine, so that pytest runs on a fresh clone."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("DEBUG", "on")
# Playwright keeps an event loop in the thread that also prepares the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

from ferry.settings import *  # noqa: F403

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # In memory it is one connection for the test and all threads of its server. A page that asks twice
    # at once can stop them all: one waits for SQLite and holds Python's lock, another does the opposite.
    _file = str(Path(tempfile.gettempdir()) / f"ferryman-tests-{os.getpid()}.sqlite3")
    DATABASES["default"]["TEST"] = {"NAME": _file}  # noqa: F405
