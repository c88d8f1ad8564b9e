"""Say on a page that the chains are not whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils import timezone

from clearance.queries.chain import alarm

if TYPE_CHECKING:
    from clearance.queries.chain import Alarm

register = template.Library()


@register.simple_tag
def chain_alarm() -> Alarm | None:
    """Give what the last checks found wrong, if anything."""
    return alarm(at=timezone.now())
