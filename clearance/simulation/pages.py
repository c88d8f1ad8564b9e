"""Open a server's pages as a browser does: sign in, send forms."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

from clearance.gate.server import LATER, NoAnswer, Refused

PATIENCE_S = 30
TOKEN = "csrftoken"  # noqa: S105  (the cookie's name)


class Browser:
    """One who looks at pages, with the cookies he was given."""

    def __init__(self, url: str) -> None:
        self.url, self.cookies = url.rstrip("/"), CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self.cookies))

    def sign_in(self, email: str, password: str) -> None:
        """Sign in by password; Refused where that does not open the account."""
        self.send("/accounts/login/", {"login": email, "password": password})
        if urlsplit(self.at).path.startswith("/accounts/"):
            raise Refused(403, [{"code": "sign_in"}])

    def send(self, path: str, form: Mapping[str, str]) -> str:
        """Open a page for its token, send its form, and give the page that comes after."""
        token = self._token() or (self._call(Request(self.url + path)) and self._token())  # noqa: S310
        sent = urlencode({**form, "csrfmiddlewaretoken": token}).encode()
        return self._call(Request(self.url + path, sent, {"Referer": self.url + path}))  # noqa: S310

    def _token(self) -> str:
        return next((cookie.value or "" for cookie in self.cookies if cookie.name == TOKEN), "")

    def _call(self, request: Request) -> str:
        try:
            with self._opener.open(request, timeout=PATIENCE_S) as answer:
                self.at = answer.url
                return str(answer.read().decode())
        except HTTPError as error:
            if error.code in LATER or error.code >= 500:
                raise NoAnswer(str(error.code), float(error.headers.get("Retry-After") or 0)) from error
            raise Refused(error.code, [{"code": f"page_{error.code}"}]) from error
        except OSError as error:
            raise NoAnswer(type(error).__name__) from error
