"""Keep what was read and decided, through a power cut: SQLite that waits for the disk on every commit.

A scan is on disk before it is sent, and its decision before the barrier moves. So after a cut a scan without
a decision is one whose barrier stayed down, and one with a decision is told to the server sooner or later.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FILE = "journal.sqlite3"
TABLES = """
CREATE TABLE IF NOT EXISTS scan (
    number INTEGER PRIMARY KEY,     -- the order in which codes were read
    scan_id TEXT NOT NULL UNIQUE,
    code TEXT NOT NULL,
    checkpoint TEXT NOT NULL,
    lane TEXT NOT NULL,
    scanned_at TEXT NOT NULL,
    state TEXT NOT NULL,            -- asked: no verdict yet; waiting: to be told; settled: told; dead
    verdict TEXT NOT NULL DEFAULT '',
    list_age_s REAL,                -- NULL where the server itself decided
    trip TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS scan_waiting ON scan (number) WHERE state = 'waiting';
CREATE INDEX IF NOT EXISTS scan_released ON scan (scanned_at) WHERE verdict = 'release';
CREATE TABLE IF NOT EXISTS dead_letter (
    scan_id TEXT PRIMARY KEY,
    scan TEXT NOT NULL,
    status INTEGER NOT NULL,
    errors TEXT NOT NULL,
    at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS list_answer (number INTEGER PRIMARY KEY, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
#: The greatest age of a list that the server believes: said where there was none.
NO_LIST_AGE_S = 365 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Kept:
    """One scan as it stands in the journal."""

    number: int
    scan_id: str
    code: str
    checkpoint: str
    lane: str
    scanned_at: str
    state: str
    verdict: str
    list_age_s: float | None
    trip: str

    @property
    def question(self) -> dict[str, Any]:
        """Say it as it is asked online; asked again it must be the same, byte for byte."""
        names = ("scan_id", "code", "checkpoint", "lane", "scanned_at")
        return {name: getattr(self, name) for name in names}

    @property
    def report(self) -> dict[str, Any]:
        """Say it as it is told afterwards: with what was decided here."""
        return {**self.question, "offline": {"verdict": self.verdict, "list_age_s": self.list_age_s}}


COLUMNS = ", ".join(Kept.__slots__)


class Journal:
    """One file, used by the lane and by what uploads beside it, one at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = RLock()
        self._db = sqlite3.connect(folder / FILE, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(TABLES)
        (folder / FILE).chmod(0o600)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def _commit(self) -> Iterator[sqlite3.Connection]:
        """Do all of it or nothing, and be on the disk before going on."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # --- Scans ---------------------------------------------------------------------------------

    def keep(self, *, code: str, checkpoint: str, lane: str, at: datetime) -> Kept:
        """Keep that a code was read; nothing is decided yet."""
        row = (str(uuid.uuid4()), code, checkpoint, lane, at.isoformat())
        with self._commit() as db:
            number = db.execute(
                "INSERT INTO scan (scan_id, code, checkpoint, lane, scanned_at, state)"
                " VALUES (?, ?, ?, ?, ?, 'asked')",
                row,
            ).lastrowid
        return Kept(number or 0, *row, "asked", "", None, "")

    def answered(self, scan: Kept, *, verdict: str, trip: str) -> None:
        """Keep the server's verdict."""
        self._change("state = 'settled', verdict = ?, trip = ?", verdict, trip, scan=scan)

    def decide(self, scan: Kept, *, verdict: str, list_age_s: float, trip: str) -> None:
        """Keep a verdict given here; the server is to be told."""
        changes = "state = 'waiting', verdict = ?, list_age_s = ?, trip = ?"
        self._change(changes, verdict, list_age_s, trip, scan=scan)

    def refuse_undecided(self) -> int:
        """After a power cut: what had no verdict was not let through, and the server is told so."""
        with self._commit() as db:
            return db.execute(
                "UPDATE scan SET state = 'waiting', verdict = 'refuse', list_age_s = ? WHERE state = 'asked'",
                (NO_LIST_AGE_S,),
            ).rowcount

    def waiting(self, most: int) -> list[Kept]:
        """Give the oldest scans of which the server must be told, in their order."""
        query = f"SELECT {COLUMNS} FROM scan WHERE state = 'waiting' ORDER BY number LIMIT ?"  # noqa: S608
        with self._lock:
            return [Kept(*row) for row in self._db.execute(query, (most,))]

    def count_waiting(self) -> int:
        with self._lock:
            (count,) = self._db.execute("SELECT count(*) FROM scan WHERE state = 'waiting'").fetchone()
        return int(count)

    def settle(self, scans: Iterable[Kept]) -> None:
        """Keep that the server knows of them."""
        with self._commit() as db:
            db.executemany(
                "UPDATE scan SET state = 'settled' WHERE scan_id = ?", [(s.scan_id,) for s in scans]
            )

    def tell_anew(self, scan: Kept) -> None:
        """Give a scan another id, for the server keeps the old one for the question."""
        self._change("scan_id = ?", str(uuid.uuid4()), scan=scan)

    def bury(self, scan: Kept, *, status: int, errors: list[Mapping[str, Any]], at: datetime) -> None:
        """Keep a scan that the server will never take, with why; a person must look at it."""
        told = scan.report if scan.verdict else scan.question
        row = (scan.scan_id, json.dumps(told), status, json.dumps(errors), at.isoformat())
        with self._commit() as db:
            db.execute("INSERT OR REPLACE INTO dead_letter VALUES (?, ?, ?, ?, ?)", row)
            db.execute("UPDATE scan SET state = 'dead' WHERE scan_id = ?", (scan.scan_id,))

    def released(self, *, since: datetime) -> list[Kept]:
        """Give what this gate has let through."""
        query = (
            f"SELECT {COLUMNS} FROM scan"  # noqa: S608
            " WHERE verdict = 'release' AND scanned_at >= ? ORDER BY number"
        )
        with self._lock:
            return [Kept(*row) for row in self._db.execute(query, (since.isoformat(),))]

    def forget(self, *, before: datetime) -> None:
        """Let go of what the server has long known."""
        with self._commit() as db:
            db.execute("DELETE FROM scan WHERE state = 'settled' AND scanned_at < ?", (before.isoformat(),))

    def _change(self, changes: str, *values: Any, scan: Kept) -> None:
        with self._commit() as db:
            db.execute(f"UPDATE scan SET {changes} WHERE scan_id = ?", (*values, scan.scan_id))  # noqa: S608

    # --- The list and what else must outlive a power cut ---------------------------------------

    def keep_list(self, answer: Mapping[str, Any], **facts: str) -> None:
        """Add an answer to the list; a whole one takes the place of all before."""
        with self._commit() as db:
            if answer["since"] is None:
                db.execute("DELETE FROM list_answer")
            db.execute("INSERT INTO list_answer (answer) VALUES (?)", (json.dumps(answer),))
            self._write_facts(db, facts)

    def list_answers(self) -> list[dict[str, Any]]:
        with self._lock:
            rows = self._db.execute("SELECT answer FROM list_answer ORDER BY number").fetchall()
        return [json.loads(answer) for (answer,) in rows]

    def keep_facts(self, **facts: str) -> None:
        with self._commit() as db:
            self._write_facts(db, facts)

    def fact(self, name: str) -> str:
        with self._lock:
            row = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def _write_facts(self, db: sqlite3.Connection, facts: Mapping[str, str]) -> None:
        db.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", list(facts.items()))
