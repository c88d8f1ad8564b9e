"""What a rule says: reasons that refuse, told apart from reasons that only warn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferry.errors import Reason

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Finding:
    """Hold all of a rule's reasons at once; an empty finding says that nothing is wrong."""

    refuses: tuple[Reason, ...] = ()
    warns: tuple[Reason, ...] = ()

    def __add__(self, other: Finding) -> Finding:
        return Finding(self.refuses + other.refuses, self.warns + other.warns)


FINE = Finding()


def refuse(code: str, detail: StrOrPromise, attr: str | None = None) -> Finding:
    return Finding(refuses=(Reason(code, detail, attr),))


def warn(code: str, detail: StrOrPromise, attr: str | None = None) -> Finding:
    return Finding(warns=(Reason(code, detail, attr),))
