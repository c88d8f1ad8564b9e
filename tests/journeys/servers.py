"""PostgreSQL and Redis servers of a test's own, which it may stop, kill and empty."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as NotThere

from tests.journeys.processes import free_port

#: Long past what any machine needs; a test that fails waits so long, no other does.
DEADLINE_S = 300


class Postgres:
    """A cluster in a folder of its own. PostgreSQL refuses to run as root, so there it is its own user's."""

    USER = "ferryman"

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()

    def create(self) -> None:
        if self._is_root():
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "--auth=trust", f"--username={self.USER}", "--encoding=UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        said = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        log = self.folder / "log"
        self._run("pg_ctl", "start", "--wait", f"--log={log}", f"--options={said}")

    def stop(self, how: str) -> None:
        self._run("pg_ctl", "stop", "--wait", f"--mode={how}")

    def restart(self, how: str) -> None:
        self.stop(how)
        self.start()

    def url(self, database: str) -> str:
        return f"postgres://{self.USER}@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *arguments: str) -> None:
        as_postgres = ["runuser", "-u", "postgres", "--"] if self._is_root() else []
        command = [
            *as_postgres,
            str(self._programs() / program),
            f"--pgdata={self.folder / 'data'}",
            *arguments,
        ]
        # What pg_ctl starts would keep a pipe open.
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    @staticmethod
    def _is_root() -> bool:
        return os.getuid() == 0

    @staticmethod
    def _programs() -> Path:
        """Debian keeps the programs of each version apart; elsewhere they are where programs are."""
        of_debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name))
        return of_debian[-1] if of_debian else Path(shutil.which("initdb") or "").parent


class OwnRedis:
    """A server that keeps nothing on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        keep_nothing = ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), *keep_nothing]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + DEADLINE_S
        while not self._answers():
            assert self.process.poll() is None, "Redis ended."
            assert time.monotonic() < deadline, "Redis does not answer."
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url) as client:
                return bool(client.ping())
        except NotThere:
            return False

    def empty(self) -> None:
        with Redis.from_url(self.url) as client:
            client.flushall()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def kill_and_start(self) -> None:
        self.kill()
        self.start()


@contextmanager
def own_servers() -> Iterator[tuple[Postgres, OwnRedis]]:
    """Start both below /tmp, where a user who is not root may come, and leave nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="ferryman-servers-"))
    folder.chmod(0o755)
    postgres, redis = Postgres(folder), OwnRedis(folder)
    try:
        redis.start()
        postgres.create()
        yield postgres, redis
    finally:
        redis.kill()
        if (folder / "data" / "postmaster.pid").exists():
            postgres.stop("immediate")
        shutil.rmtree(folder)
