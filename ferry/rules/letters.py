"""One way of writing numbers and marks that people type, paste and scan."""

from __future__ import annotations

import unicodedata

# Cyrillic letters drawn like Latin ones: a Russian or Kazakh keyboard types them without anybody seeing it.
LOOK_ALIKES = str.maketrans("АВЕІКМНОРСТУХ", "ABEIKMHOPCTYX")
# Spaces, line ends, unseen formatting characters and every kind of dash.
LEFT_OUT = {"Zs", "Zl", "Zp", "Cc", "Cf", "Pd"}
UNSEEN = {"Cc", "Cf", "Cs"}


def plain_capitals(text: str) -> str:
    """Fold width and case, turn Cyrillic look-alikes into Latin, leave out spaces and dashes."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper())
    kept = (char for char in folded if unicodedata.category(char) not in LEFT_OUT)
    return "".join(kept).translate(LOOK_ALIKES)


def plain_text(text: str) -> str:
    """Fold width, join runs of white space and leave out what cannot be seen or kept."""
    folded = unicodedata.normalize("NFKC", text)
    seen = (" " if char.isspace() else char for char in folded)
    return " ".join("".join(c for c in seen if unicodedata.category(c) not in UNSEEN).split())
