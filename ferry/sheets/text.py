"""Make names comparable, however they are spelt."""

from __future__ import annotations

import re

from ferry.rules.letters import plain_text

BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|\{[^{}]*\}")


BRACKETS = str.maketrans("()[]{}【】〔〕", " " * 10)


def opened(text: str) -> str:
    """Take brackets away and leave what stands in them."""
    return plain_text(text).translate(BRACKETS)


def fold(text: str) -> str:
    """Keep only letters and digits outside brackets, in lower case, so that spellings of one name agree."""
    bare = BRACKETED.sub("", plain_text(text).casefold().replace("ё", "е"))
    return "".join(char for char in bare if char.isalnum())
