"""The operator's site: pages of ours alone, one way to sign in, and an exception to the CSP."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from allauth.account.decorators import secure_admin_login
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.template.response import SimpleTemplateResponse
from django.utils import timezone
from unfold.sites import UnfoldAdminSite

from ferry.queries.issue import CHINA

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

#: Alpine.js compiles what stands in the pages' attributes; Unfold writes its colours and sizes as styles.
LET_IN = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
OURS = {"ferry", "clearance"}


class OperatorSite(UnfoldAdminSite):  # type: ignore[misc]
    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take pages of ours alone: those that libraries bring would write past our actions."""
        if admin_class and admin_class.__module__.split(".")[0] in OURS:
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        let_in: Callable[..., Any] = csp_update(LET_IN)(
            by_beijings_clock(super().admin_view(view, cacheable))
        )
        return let_in

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send to the one page where everybody signs in, with its limits and second factor."""
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer


def by_beijings_clock(view: Callable[..., Any]) -> Callable[..., Any]:
    """Read and show moments as the desk does, whose closures and rules the operator's stand beside."""

    @wraps(view)
    def in_beijing(*args: Any, **named: Any) -> Any:
        with timezone.override(CHINA):
            answer = view(*args, **named)
            return answer.render() if isinstance(answer, SimpleTemplateResponse) else answer

    return in_beijing
