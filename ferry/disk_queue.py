"""The embedded default's queue: kombu's files, each put in place whole.

kombu opens a message's file and writes it afterwards. A worker that looks in between takes an empty file,
which ends it (celery/kombu issue 1551). Here a file gets its name only once it is written.
"""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path
from time import monotonic_ns
from typing import Any

import structlog
from kombu.transport import filesystem
from kombu.utils.json import dumps

log = structlog.get_logger(__name__)


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        written = _write(folder, dumps(payload))
        written.replace(folder / f"{monotonic_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        while True:
            try:
                return super()._get(queue)
            except ValueError:
                # A power cut may empty a file. It is out of the queue, and the tables know what is due.
                log.warning("message_unreadable", queue=queue)

    def _queue_bind(self, exchange: str, *args: Any, **kwargs: Any) -> None:
        """Bind a queue in its exchange's file, which is made whole first: from then on it is locked."""
        file: Path = self._exchange_file(exchange)  # type: ignore[attr-defined]
        self.control_folder.mkdir(exist_ok=True)
        if not file.exists():
            empty = _write(self.control_folder, "[]")
            with suppress(FileExistsError):
                os.link(empty, file)
            empty.unlink()
        super()._queue_bind(exchange, *args, **kwargs)


class Transport(filesystem.Transport):
    Channel = Channel


def _write(folder: Path, text: str) -> Path:
    """Write a file beside the others, under a name that no reader looks for."""
    file = folder / f"{uuid.uuid4()}.part"
    file.write_text(text)
    return file
