"""Send everybody to his own first page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from ferry.portal.access import memberships
from ferry.queries.companies import applications_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("account_login")
    if memberships(request):
        return redirect("portal:today")
    if applications_of(request.user):
        return redirect("portal:application")
    return redirect("admin:index" if request.user.is_staff else "desk:duty")
