"""Keep the offline list on disk, and keep it young."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from clearance.rules.offline import OfflineList

if TYPE_CHECKING:
    from clearance.gate.clock import Clock
    from clearance.gate.journal import Journal
    from clearance.gate.server import Server

#: After so many changes the list is asked for whole, so that reading it after a start stays quick.
MOST_CHANGES = 100
USUAL_SKEW = timedelta(minutes=5)


class KeptList:
    """The list as it is known: one whole answer and the changes since.

    The next question is `since` the last answer that told of a change, with its `etag`: as long as nothing
    happens, the answer is 304 and the list is as young as the answer.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.list: OfflineList | None = None
        answers = journal.list_answers()
        for answer in answers:
            self.list = self.list.merge(answer) if self.list else OfflineList.read(answer)
        if self.list and (as_of := journal.fact("as_of")):
            self.list = self.list.as_of(datetime.fromisoformat(as_of))
        self._changes = len(answers)
        self._since, self._etag = journal.fact("since"), journal.fact("etag")

    @property
    def clock_skew(self) -> timedelta:
        """Say how wrong a clock may be: the strictest of the routes here."""
        routes = self.list.routes.values() if self.list else ()
        return min((timedelta(seconds=route["clock_skew_s"]) for route in routes), default=USUAL_SKEW)

    def refresh(self, server: Server, checkpoint: str, clock: Clock) -> None:
        whole = self.list is None or self.list.checkpoint != checkpoint or self._changes >= MOST_CHANGES
        since, etag = ("", "") if whole else (self._since, self._etag)
        answer = server.list(checkpoint, since=since, etag=etag, clock=clock.now())
        if answer.said_at is not None:
            clock.hear(answer.said_at)
        if answer.status != 304:
            self._take(answer.body, answer.etag)
        elif self.list is not None and answer.said_at is not None:
            self.list = self.list.as_of(answer.said_at)
            self._journal.keep_facts(as_of=answer.said_at.isoformat())

    def _take(self, told: dict[str, object], etag: str) -> None:
        is_whole = told["since"] is None
        merged = OfflineList.read(told) if self.list is None or is_whole else self.list.merge(told)
        if is_whole or told["passes"] or told["ended"]:
            # It told of something: ask for what comes after that.
            self._since, self._etag = str(told["as_of"]), ""
        else:
            self._etag = etag
        facts = {"as_of": str(told["as_of"]), "since": self._since, "etag": self._etag}
        self._journal.keep_list(told, **facts)
        self.list, self._changes = merged, 1 if is_whole else self._changes + 1

    def age(self, at: datetime) -> timedelta | None:
        return self.list.age(at) if self.list else None
