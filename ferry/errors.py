"""What an action may refuse with: a list of reasons, each a stable code and a sentence for a reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Reason:
    """Name one thing that stands in the way.

    `code` is stable and for programs; `detail` is translated when shown and says what to do next;
    `attr` names the input at fault, if one is.
    """

    code: str
    detail: StrOrPromise
    attr: str | None = None


class Refused(Exception):
    """Refuse with every reason at once; nothing has been written."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__("; ".join(reason.code for reason in reasons))
        self.reasons = reasons


class Invalid(Refused):
    """The input is unusable as it is (HTTP 400)."""


class Conflict(Refused):
    """The request contradicts what is stored (HTTP 409)."""


class NotYours(Refused):
    """It is not there, or not yours: the two are not told apart (HTTP 404)."""


class NotAllowed(Refused):
    """It is yours to see, but not with this role or key (HTTP 403)."""


class TooMany(Refused):
    """Too many tries; the detail says when to try again (HTTP 429)."""
