"""Make names comparable, however they are spelt."""

from __future__ import annotations

import re

from ferry.rules.letters import plain_text

BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕|\{[^{}]*\}")


def fold(text: str) -> str:
    """Keep only letters and digits outside brackets, in lower case, so that spellings of one name agree."""
    bare = BRACKETED.sub("", plain_text(text).casefold().replace("ё", "е"))
    return "".join(char for char in bare if char.isalnum())
