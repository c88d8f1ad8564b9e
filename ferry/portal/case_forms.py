"""What people fill in about a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ferry.models import CaseKind
from ferry.portal.company_forms import YuanField
from ferry.rules.cases import COMPANY, CONSIGNEE, DRIVER, LONGEST_NOTE, resolutions_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferry.models import Case, User

#: Never one by itself: it ends a case, and may give a driver his pay or take it.
UNCHOSEN = ("", "—")
TAKEN = "image/jpeg,image/png,image/webp,image/heic,image/heif,application/pdf"


class EvidenceField(forms.FileField):
    """One photo or PDF."""

    def __init__(self, **said: Any) -> None:
        super().__init__(
            allow_empty_file=True,
            widget=forms.FileInput({"accept": TAKEN}),
            help_text=_("A photo or a PDF, up to 20 MB. Both the company and customs see it."),
            **said,
        )


class ResolutionForm(forms.Form):
    resolution = forms.ChoiceField(label=_("Resolution"))
    accepted_fen = YuanField(
        label=_("Amount the company bears, yuan"),
        required=False,
        max_value=10_000_000,
        help_text=_("What was agreed with the consignee. Empty: nothing."),
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What proves it: who said so, which paper, which date."),
    )
    evidence = EvidenceField(label=_("Evidence"), required=False)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [UNCHOSEN, *resolutions_for(case.kind)]
        self.fields["resolution"].choices = choices  # type: ignore[attr-defined]
        if case.kind != CaseKind.DAMAGE:
            del self.fields["accepted_fen"]

    @property
    def said(self) -> dict[str, Any]:
        """Give what settles the case, with the evidence as its name and bytes."""
        file = self.cleaned_data.get("evidence")
        return {**self.cleaned_data, "evidence": (file.name, file.read()) if file else None}


class AssignForm(forms.Form):
    to = forms.TypedChoiceField(label=_("Assigned to"), required=False, coerce=int, empty_value=None)

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {one.pk: one for one in people}
        choices = [("", _("Nobody")), *((one.pk, one.name or one.email) for one in people)]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]

    @property
    def person(self) -> User | None:
        return self.people.get(self.cleaned_data["to"])


class AssignManyForm(AssignForm):
    """To whom many go. Nobody is an answer like another: none is given before somebody chooses."""

    NOBODY = "nobody"

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, people=people, **kwargs)
        field: Any = self.fields["to"]
        field.required = True
        field.coerce = lambda said: None if said == self.NOBODY else int(said)
        field.choices = [("", "—"), (self.NOBODY, _("Nobody")), *list(field.choices)[1:]]


class CommentForm(forms.Form):
    text = forms.CharField(
        label=_("Comment"), max_length=LONGEST_NOTE, widget=forms.Textarea({"rows": 3, "id": "comment-text"})
    )
    is_internal = forms.BooleanField(label=_("Internal: only our own side reads it"), required=False)


class EvidenceForm(forms.Form):
    evidence = EvidenceField(label=_("Photo or PDF"))
    text = forms.CharField(label=_("What it shows"), max_length=200, required=False)


class LetterForm(forms.Form):
    to = forms.ChoiceField(label=pgettext_lazy("a letter", "To"))
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        help_text=_("The letter is sent there. Empty: it is kept here, to be printed and handed over."),
    )

    def __init__(self, *args: Any, to: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(one, ADDRESSEES[one]) for one in to]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]


class HandOverForm(forms.Form):
    """The letter that lies ready, and where it goes: by e-mail, or from hand to hand."""

    letter = forms.IntegerField(widget=forms.HiddenInput)
    how = forms.ChoiceField(choices=[("mail", _("Send it by e-mail")), ("hand", _("I have handed it over"))])
    email = forms.EmailField(
        label=_("E-mail"), required=False, widget=forms.EmailInput({"class": "form-control"})
    )

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if said.get("how") == "mail" and not said.get("email") and "email" not in self.errors:
            self.add_error("email", _("Write the address to which it shall be sent."))
        return said

    @property
    def address(self) -> str:
        return self.cleaned_data["email"] if self.cleaned_data["how"] == "mail" else ""


ADDRESSEES = {
    CONSIGNEE: _("The consignee, in his language"),
    DRIVER: _("The driver, in his language"),
    COMPANY: _("The company, in its language"),
}


class ReopenForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("What has become known since it was settled."),
    )
