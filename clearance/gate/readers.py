"""Take lines from a reader: standard input, or a serial line."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import BinaryIO

#: Longer than any code; a reader that has lost its line ends must not fill the memory.
LONGEST_LINE = 8000


def lines_of(source: BinaryIO) -> Iterator[str]:
    """Give each line that is read, until the source ends."""
    while raw := source.readline(LONGEST_LINE):
        if text := raw.decode("utf-8", errors="replace").strip():
            yield text


def serial_lines(device: str, *, baud: int) -> Iterator[str]:
    """Give each line of a serial reader, ended as it may be; one that is unplugged is waited for."""
    import serial

    while True:
        try:
            with serial.Serial(device, baud, timeout=1) as port:
                yield from lines_of_port(port)
        except serial.SerialException:
            time.sleep(1)


def lines_of_port(port: BinaryIO) -> Iterator[str]:
    """Give each line of an open port, without end."""
    held = b""
    while True:
        held += port.read(getattr(port, "in_waiting", 0) or 1)
        *whole, held = held.replace(b"\r", b"\n").split(b"\n")
        held = held[-LONGEST_LINE:]
        for raw in whole:
            if text := raw.decode("utf-8", errors="replace").strip():
                yield text


def without_repeats(texts: Iterable[str], *, within_s: float) -> Iterator[str]:
    """Leave out what a camera sees again and again while one vehicle stands before it."""
    last, seen_at = "", 0.0
    for text in texts:
        now = time.monotonic()
        if text != last or now - seen_at >= within_s:
            yield text
        last, seen_at = text, time.monotonic()
