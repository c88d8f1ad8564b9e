"""A load from a process of its own: prepared requests over connections that stay open.

Reads whole request bodies from standard input, one JSON text a line, and prints JSON: seconds taken, every
answer's milliseconds, and how often each status came. With the token "-" each line begins with its own.
"""

from __future__ import annotations

import json
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from threading import Thread
from time import perf_counter


def main(port: int, path: str, token: str, connections: int) -> None:
    requests = [_request(path, *_told(line.strip(), token)) for line in sys.stdin if line.strip()]
    took: list[float] = []
    statuses: Counter[str] = Counter()
    # From one heap, for the server may give some connections less of its time than others.
    waiting = iter(requests)
    threads = [Thread(target=_send, args=(port, waiting, took, statuses)) for _each in range(connections)]
    start = perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    json.dump({"seconds": perf_counter() - start, "ms": took, "statuses": statuses}, sys.stdout)


def _told(line: str, token: str) -> tuple[str, bytes]:
    own, _, body = line.partition(" ") if token == "-" else (token, "", line)
    return own, body.encode()


def _request(path: str, token: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Token {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _send(port: int, requests: Iterator[bytes], took: list[float], statuses: Counter[str]) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for request in requests:
            start = perf_counter()
            connection.sendall(request)
            statuses[_answer(connection)] += 1
            took.append((perf_counter() - start) * 1000)


def _answer(connection: socket.socket) -> str:
    got = connection.recv(65536)
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head.split(b" ", 2)[1].decode()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
