"""What is chosen on the pages of notices and webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ferry.models import HookType, MailTime, NoticeKind, Role
from ferry.queries.notices import choice
from ferry.rules.notices import Choice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ferry.models import Membership
    from ferry.queries.notices import Choices


class ChoicesForm(forms.Form):
    """For each kind of notice: whether it is shown, and when it is sent."""

    def __init__(self, data: Mapping[str, Any] | None, *, membership: Membership, choices: Choices) -> None:
        super().__init__(data)
        self.kinds = [
            kind for kind in NoticeKind if kind != NoticeKind.ENDPOINT or membership.role == Role.OWNER
        ]
        for kind in self.kinds:
            how = choice(choices, membership, kind.value)
            shown = _("%(kind)s: on the page") % {"kind": kind.label}
            sent = _("%(kind)s: e-mail") % {"kind": kind.label}
            self.fields[f"{kind}-in_app"] = forms.BooleanField(
                required=False, initial=how.in_app, widget=forms.CheckboxInput({"aria-label": shown})
            )
            self.fields[f"{kind}-mail"] = forms.ChoiceField(
                choices=MailTime.choices,
                initial=how.mail,
                widget=forms.Select({"aria-label": sent, "class": "form-select form-select-sm"}),
            )

    def rows(self) -> Iterator[tuple[str, forms.BoundField, forms.BoundField]]:
        for kind in self.kinds:
            yield str(kind.label), self[f"{kind}-in_app"], self[f"{kind}-mail"]

    def chosen(self) -> dict[str, Choice]:
        said = self.cleaned_data
        return {
            kind.value: Choice(said[f"{kind}-in_app"], MailTime(said[f"{kind}-mail"])) for kind in self.kinds
        }


class EndpointForm(forms.Form):
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        widget=forms.TextInput(
            {"inputmode": "url", "placeholder": "https://", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text=_("Where your system takes events. It begins with https://."),
    )
    description = forms.CharField(label=_("Description"), max_length=120, required=False)
    types = forms.MultipleChoiceField(
        label=_("Events"),
        choices=[(type_.value, type_.label) for type_ in HookType if type_ != HookType.TEST],
        widget=forms.CheckboxSelectMultiple(),
        error_messages={"required": _("Choose at least one kind of event.")},
    )
