"""Call the server, and tell its answers from everything else that may come out of a wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

#: For what nobody stands waiting for, in seconds: to connect, and between two parts of an answer.
PATIENCE = urllib3.Timeout(connect=5, read=30)
#: Answers that say "later" rather than "no".
LATER = {408, 425, 429}
TOO_LARGE = 413
#: Where a key may travel unencrypted.
HERE = frozenset({"localhost", "127.0.0.1", "::1"})

Body = Mapping[str, Any]
#: A body may also be a list of lines.
Said = Body | Sequence[Body]


class NoAnswer(Exception):
    """The line is down, or what answered was not the server; `after_s` is when it wants to be asked again."""

    def __init__(self, why: str, after_s: float = 0) -> None:
        super().__init__(why)
        self.after_s = after_s


class KeyRefused(Exception):
    """401: this gate's key was revoked. It must open nothing from now on."""


class Refused(Exception):
    """Another 4xx: sending the same again would change nothing."""

    def __init__(self, status: int, errors: list[Body]) -> None:
        super().__init__(f"{status} {', '.join(str(error.get('code')) for error in errors)}")
        self.status, self.errors = status, errors


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx or a 304; `said_at` is the server's clock."""

    status: int
    body: Any
    said_at: datetime | None
    etag: str


class Server:
    def __init__(self, url: str, token: str = "", *, language: str = "en", ca: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Accept-Language": language,
        }
        if token:
            self.headers["Authorization"] = f"Token {token}"
        self._http = urllib3.PoolManager(maxsize=4, retries=False, timeout=PATIENCE, ca_certs=ca)
        self._threads = ThreadPoolExecutor(2, "question")

    def close(self) -> None:
        """Let go of the line; a question that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._http.clear()

    def enrol(self, code: str, *, name: str, software: str) -> Any:
        said = {"code": code, "name": name, "software": software}
        return self.call("POST", "/api/v1/devices/enrol/", said).body

    def own(self) -> Answer:
        return self.call("GET", "/api/v1/devices/self/")

    def ask(self, scan: Body, *, within_s: float) -> Answer:
        """Ask for a verdict; a vehicle waits, so what is late is no answer, be it only a name's look-up."""
        question = self._threads.submit(self.call, "POST", "/api/v1/scans/", scan, within_s=within_s)
        try:
            return question.result(within_s)
        except TooLate as late:
            raise NoAnswer("too late") from late

    def upload(self, scans: list[Body]) -> Answer:
        return self.call("POST", "/api/v1/scans/batch/", {"scans": scans})

    def list(self, checkpoint: str, *, since: str, etag: str, clock: datetime) -> Answer:
        """Ask for what changed `since`, or for all of it; 304 says that nothing has, since `etag`."""
        asked = f"?{urlencode({'since': since})}" if since else ""
        headers = {"Device-Clock": clock.isoformat()}
        if etag:
            headers["If-None-Match"] = etag
        path = f"/api/v1/checkpoints/{quote(checkpoint)}/list/{asked}"
        return self.call("GET", path, headers=headers)

    def call(
        self,
        method: str,
        path: str,
        body: Said | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        within_s: float | None = None,
    ) -> Answer:
        """Call any address of the server."""
        sent = {**self.headers, **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            response = self._http.request(
                method,
                self.url + path,
                body=None if body is None else json.dumps(body).encode(),
                headers=sent,
                redirect=False,
                timeout=PATIENCE if within_s is None else urllib3.Timeout(total=within_s),
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NoAnswer(type(error).__name__) from error
        return _understood(response)


def _understood(response: urllib3.BaseHTTPResponse) -> Answer:
    """Take an answer for what it means; whatever is not the server's own form is no answer."""
    status, said_at = response.status, _date(response.headers.get("Date"))
    if status == 304:
        return Answer(status, None, said_at, response.headers.get("ETag", ""))
    if status in LATER or status >= 500 or 300 <= status < 400:
        raise NoAnswer(str(status), _seconds(response.headers.get("Retry-After")))
    try:
        body = json.loads(response.data)
    except ValueError:
        body = None
    if status < 300 and isinstance(body, dict):
        return Answer(status, body, said_at, response.headers.get("ETag", ""))
    errors = body.get("errors") if isinstance(body, dict) else None
    if status == TOO_LARGE:
        raise Refused(status, errors or [{"code": "too_large"}])
    if not isinstance(errors, list):
        raise NoAnswer(f"{status}, and not in the server's form")
    if status == 401:
        raise KeyRefused
    raise Refused(status, errors)


def _date(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isascii() and text.isdigit() else 0
