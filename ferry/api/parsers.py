"""Read a JSON body so strictly that nothing behind this door has to fear it."""

from __future__ import annotations

import json
import math
import re
from typing import IO, TYPE_CHECKING, Any, NoReturn

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
#: An escaped NUL or half of a surrogate pair: neither can be stored as text. Rare, so looked into only then.
SUSPICIOUS = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
DEEPEST = 20


class StrictJSON(BaseParser):
    """Take UTF-8 JSON without NaN, NUL, lone surrogates or absurd depth; the body's size is limited."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.body if hasattr(stream, "body") else stream.read()
        try:
            text = body.decode("utf-8-sig")
            data = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not JSON in UTF-8. Send it as application/json.")) from error
        _refuse_depth(data)
        if SUSPICIOUS.search(text):
            self.refuse_unstorable(data)
        return data

    def refuse_unstorable(self, data: Any) -> None:
        """Look at every text once more after decoding: `\\\\u0000` was only a backslash and five letters."""
        if not all(map(is_storable, _texts(data))):
            raise ParseError(_("A text holds a NUL or half of a character. Send whole characters."))


class LineJSON(StrictJSON):
    """Leave texts to those who read line by line: one bad line must not stop the others."""

    def refuse_unstorable(self, data: Any) -> None:
        return


def is_storable(text: str) -> bool:
    """Say whether a text can be kept and sent: no NUL, no half of a surrogate pair."""
    return "\x00" not in text and not LONE_SURROGATE.search(text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _refuse_depth(data: Any) -> None:
    level = [data]
    for _depth in range(DEEPEST):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise ParseError(_("The body is nested too deeply."))


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        yield from node
    for child in _children(node):
        yield from _texts(child)
