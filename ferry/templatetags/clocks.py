"""Both clocks of the crossing. Written in Python: a list shows a hundred of them."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext

from ferry.queries.issue import CHINA, KAZAKHSTAN

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def clocks(moment: datetime | None, short: object = False) -> SafeString:
    """Print an aware moment by Beijing's clock and Astana's, or a dash; short leaves the year out."""
    if not moment:
        return format_html('<span aria-label="{}">—</span>', gettext("not yet"))
    form = "%m-%d %H:%M" if short else "%Y-%m-%d %H:%M"
    return format_html(
        '<span class="fm-clocks">'
        '<span><time datetime="{0}">{1}</time> <abbr lang="zh" title="{2}">北京</abbr></span> '
        '<span><time datetime="{0}">{3}</time> <abbr lang="ru" title="{4}">Астана</abbr></span></span>',
        moment.astimezone(UTC).isoformat(),
        moment.astimezone(CHINA).strftime(form),
        gettext("Beijing time, UTC+8"),
        moment.astimezone(KAZAKHSTAN).strftime(form),
        gettext("Astana time, UTC+5"),
    )
