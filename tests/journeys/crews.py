"""Workers on a copy of a database, which may be killed and disturbed while they work all of it off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from celery import Celery
from kombu import Connection

from tests.journeys.processes import ROOT
from tests.journeys.servers import DEADLINE_S
from tests.journeys.told import opened

#: What waits: for each task, in the order in which they are worked off, whether a database holds work for it.
Waiting = Mapping[str, Callable[[str], bool]]


class Storm(NamedTuple):
    name: str
    break_out: Callable[[], None]


CALM = Storm("nothing", lambda: None)
#: The whole crew, by SIGKILL, and another takes over.
KILLED = Storm("workers killed", lambda: None)


@dataclass(frozen=True)
class Copy:
    """A copy of a database: its name here, the environment of who works on it, and their moment."""

    name: str
    environment: Mapping[str, str]
    at: datetime

    @property
    def queue(self) -> Celery:
        """Give the workers' queue, as beat has it."""
        queue = Celery(self.name, set_as_current=False)
        queue.conf.broker_url = self.environment["REDIS_URL"] or "filesystem://localhost"
        if not self.environment["REDIS_URL"]:
            folder = Path(self.environment["DATA_DIR"]) / "queue"
            queue.conf.broker_transport = "ferry.disk_queue:Transport"
            queue.conf.broker_transport_options = {
                "data_folder_in": str(folder / "messages"),
                "data_folder_out": str(folder / "messages"),
                "control_folder": str(folder / "control"),
            }
        return queue


class Crew:
    """Worker processes in one process group; each stops itself every so many statements that write."""

    def __init__(self, copy: Copy, *stops: int) -> None:
        self.log = Path(copy.environment["DATA_DIR"]) / f"{copy.name}.log"
        self.workers: list[subprocess.Popen[bytes]] = []
        for number, every in enumerate(stops):
            own = (f"{copy.name}-{number}", copy.at.isoformat(), str(every))
            with self.log.open("ab") as log:
                worker = subprocess.Popen(
                    [sys.executable, "-m", "tests.journeys.stopping_worker", *own],
                    cwd=ROOT,
                    env=copy.environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    process_group=self.group,
                )
            self.workers.append(worker)

    @property
    def group(self) -> int:
        return self.workers[0].pid if self.workers else 0

    def sees_one_stop(self) -> bool:
        """Say whether a worker has stopped since the last time, with whatever it holds."""
        assert all(worker.poll() is None for worker in self.workers), f"A worker ended:\n{self.said}"
        return os.waitid(os.P_PGID, self.group, os.WSTOPPED | os.WNOHANG) is not None

    def go_on(self) -> None:
        os.killpg(self.group, signal.SIGCONT)

    def kill(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()

    @property
    def said(self) -> str:
        return self.log.read_text()


def work_off(copy: Copy, waiting: Waiting, *stops: int, storms: Sequence[Storm] = ()) -> Counter[str]:
    """Have workers do all that waits, a task after another; say how often which storm broke out.

    In each task the storms come in turn, one each time that a worker has stopped.
    """
    broke: Counter[str] = Counter()
    crew = Crew(copy, *stops)
    try:
        for task, has_work in waiting.items():
            coming = deque(storms)
            for _time in reminders(copy, task, has_work, crew):
                if crew.sees_one_stop():
                    storm = coming.popleft() if coming else CALM
                    broke[storm.name] += 1
                    storm.break_out()
                    if storm is KILLED:
                        crew.kill()
                        # Others stop elsewhere.
                        crew = Crew(copy, *(every + broke[KILLED.name] for every in stops))
                    else:
                        crew.go_on()
    finally:
        crew.kill()
    return broke


def reminders(copy: Copy, task: str, has_work: Callable[[str], bool], crew: Crew) -> Iterator[None]:
    """Say that it is time for a task, as beat does, as long as a copy holds work for it."""
    deadline = time.monotonic() + DEADLINE_S
    with copy.queue as queue:
        while holds(copy, has_work):
            assert time.monotonic() < deadline, f"There is work left for {task}:\n{crew.said}"
            with queue.connection_for_write() as link:
                if is_empty(link, queue.conf.task_default_queue):
                    queue.send_task(task, connection=link)
            yield
            time.sleep(0.1)


def is_empty(link: Connection, name: str) -> bool:
    """Say whether nothing waits in a queue; Redis knows none that nothing was put into."""
    try:
        return not link.SimpleQueue(name).qsize()
    except link.channel_errors:
        return True


def holds(copy: Copy, has_work: Callable[[str], bool]) -> bool:
    with opened(copy.name):
        return has_work(copy.name)
