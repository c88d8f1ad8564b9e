"""How people get an account: with their company, by an invitation, or from the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from django.utils import timezone

from ferry.actions.audit import note_sign_in

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from ferry.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Close allauth's own page: ours asks for the company too."""
        return False

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        note_sign_in(user=user, at=timezone.now())
        answer: HttpResponse = super().post_login(request, user, **kwargs)
        return answer
