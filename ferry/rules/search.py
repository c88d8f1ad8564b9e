"""Read what people type or paste to search by."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from ferry.rules.letters import LEFT_OUT, plain_capitals

#: What an address holds and a database answers quickly.
PASTED_AT_MOST, LONGEST_SEARCH = 400, 7500
LONGEST_NUMBER = 18
LEAST_PASTED = 4
SHORT = 3
#: Stands in Chinese number plates, and in hardly anybody's search.
DOT = "·"
LINES = re.compile(r"[\n\r\t,;，；、]+")


@dataclass(frozen=True)
class Search:
    """What is wanted: `words` in each spelling worth trying, `number` as numbers are kept, or many `pasted`.

    `left_off` is how many of those pasted were too many.
    """

    words: tuple[str, ...] = ()
    number: str = ""
    pasted: tuple[str, ...] = ()
    left_off: int = 0

    def __bool__(self) -> bool:
        return bool(self.words or self.pasted)

    @property
    def is_short(self) -> bool:
        """Say whether it is a sign or two, which texts are searched for at their ends alone."""
        return bool(self.number) and len(self.number) < SHORT and self.number.isascii()


def read_search(text: str) -> Search:
    """Read a name or number; or a list of numbers, as copied from a column of a spreadsheet."""
    numbers = _pasted(text)
    if len(numbers) > 1:
        return Search(pasted=numbers[:PASTED_AT_MOST], left_off=max(len(numbers) - PASTED_AT_MOST, 0))
    number = plain_capitals(text)
    return Search(_spellings(text, number), number)


def _pasted(text: str) -> tuple[str, ...]:
    """Take apart lines, and words when all of them look like numbers and are no single number with gaps."""
    lines = LINES.split(text.strip())
    is_spaced = len(lines) == 1 and len(plain_capitals(text)) > LONGEST_NUMBER
    parts = text.split() if is_spaced else lines
    numbers = tuple(dict.fromkeys(filter(None, map(plain_capitals, parts))))
    if is_spaced and not all(_looks_like_number(number) for number in numbers):
        return ()
    return tuple(number for number in numbers if len(number) >= LEAST_PASTED)


def _looks_like_number(text: str) -> bool:
    return len(text) >= LEAST_PASTED and text.isascii() and any(char.isdigit() for char in text)


def _spellings(text: str, number: str) -> tuple[str, ...]:
    """Give the capitals, and for scripts whose case the embedded database does not know also the others."""
    folded = unicodedata.normalize("NFKC", text)
    words = "".join(char for char in folded if char != DOT and unicodedata.category(char) not in LEFT_OUT)
    spelt = [words.upper(), number] if words.isascii() else [words.upper(), number, words, words.title()]
    return tuple(dict.fromkeys(filter(None, spelt)))
