"""Let a selection rule be switched on only by who was shown just now what it would have done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import signing
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clearance.models import SelectionRule
    from clearance.rules.selection import Effect

SHOWN_FOR_S = 3600
SALT = "clearance.foreseen"
LOOK_FIRST = gettext_lazy("Look at the effect first, then switch the rule on. It selects nothing yet.")


def seen_of(draft: SelectionRule, effect: Effect) -> str:
    """Sign what was shown of a draft, to be sent back with the wish to switch it on."""
    return signing.dumps([draft.pk, max(effect.added - effect.dropped, 0)], salt=SALT)


def foreseen_of(draft: SelectionRule, seen: Sequence[str]) -> int | None:
    """Give how many examinations more were shown of this draft just now; None where nothing was."""
    for text in seen:
        try:
            shown, foreseen = signing.loads(text, salt=SALT, max_age=SHOWN_FOR_S)
        except (signing.BadSignature, ValueError, TypeError):
            continue
        if shown == draft.pk:
            return int(foreseen)
    return None
