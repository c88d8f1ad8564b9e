"""What the operator's pages share: they read, or they call an action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseRedirect
from simple_history.admin import SimpleHistoryAdmin
from unfold import admin as unfold

from ferry.errors import Refused

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm


class ModelAdmin(unfold.ModelAdmin):  # type: ignore[misc]
    """A page whose model has no history. It does not count millions of rows for the sake of a number."""

    show_full_result_count = False
    list_per_page = 50
    # Django erases many rows at once without asking whether each may be.
    actions_on_top = True

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Tell what an action refused after the form had nothing against it."""
        try:
            answer: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except Refused as refused:
            return self.told(request, refused)
        return answer

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            answer: HttpResponse = super().delete_view(request, *args, **kwargs)
        except Refused as refused:
            return self.told(request, refused)
        return answer

    def told(self, request: HttpRequest, refused: Refused) -> HttpResponse:
        for reason in refused.reasons:
            self.message_user(request, str(reason.detail), messages.ERROR)
        return HttpResponseRedirect(request.path)


class ReadOnly(ModelAdmin):
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Kept(ModelAdmin):
    """Nothing here is ever erased: history hangs on it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class WithHistory(SimpleHistoryAdmin, ModelAdmin):  # type: ignore[misc]
    """Show what was changed, when and by whom; go back to nothing of it."""

    def has_history_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Rows(unfold.TabularInline):  # type: ignore[misc]
    """Show rows that belong to the row above; they are opened, not changed."""

    extra = 0
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def operator(request: HttpRequest) -> str:
    """Name who acts, for the history."""
    return f"operator {request.user}"
