"""What a driver's words look like when they come: from his phone's queue, or from a plain page."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ferry.actions.tellings import Back, Shot, Word
from ferry.errors import Invalid, Reason
from ferry.models import Powertrain, ToldKind
from ferry.phone.condition_forms import MOST_MARKS, ConditionForm
from ferry.queries.issue import CHINA
from ferry.rules.outline import shape_of
from ferry.uploaded import MOST_BYTES, too_large

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from django.core.files.uploadedfile import UploadedFile

    from ferry.models import Trip, Vehicle

CHARGED = frozenset({Powertrain.BEV, Powertrain.PHEV})


class EnvelopeForm(forms.Form):
    """What every word from the queue carries beside its `fields`, which are those of its kind's own form."""

    telling_id = forms.UUIDField()
    kind = forms.ChoiceField(choices=ToldKind.choices)
    trip = forms.CharField(max_length=12)
    told_at = forms.DateTimeField()
    sent_at = forms.DateTimeField()


class BackForm(forms.Form):
    """A driver's return; both are by China's clock, and now where they are empty."""

    back_on = forms.DateField(
        label=_("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    back_at = forms.TimeField(
        label=_("Time in China"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("back_at") and not data.get("back_on"):
            self.add_error("back_on", _("Choose the day too."))
        return data

    def back(self) -> Back:
        on: date | None = self.cleaned_data["back_on"]
        at: time = self.cleaned_data["back_at"] or time(12)
        return Back(datetime.combine(on, at, CHINA) if on else None)


class ShotForm(forms.Form):
    about = forms.UUIDField()
    mark_number = forms.IntegerField(min_value=1, max_value=MOST_MARKS, required=False)
    keeps_place = forms.BooleanField(required=False)


def condition_form(vehicle: Vehicle, *said: Any) -> ConditionForm:
    return ConditionForm(*said, shape=shape_of(vehicle), is_electric=vehicle.powertrain in CHARGED)


def word_of(envelope: Mapping[str, Any], trip: Trip, fields: Any, photo: UploadedFile[Any] | None) -> Word:
    """Read a word that came in an envelope, or raise Invalid with every reason."""
    kind = envelope["kind"]
    if kind == ToldKind.PHOTO:
        form: forms.Form = ShotForm(fields)
        refuse_unreadable(form)
        content: Any = _shot(form.cleaned_data, photo)
    elif kind == ToldKind.BACK:
        form = BackForm(fields)
        refuse_unreadable(form)
        content = form.back()
    else:
        form = condition_form(trip.vehicle, fields)
        refuse_unreadable(form)
        content = form.looked()
    return Word(
        telling_id=envelope["telling_id"],
        kind=kind,
        content=content,
        digest=digest_of(kind, trip, fields, content.content if isinstance(content, Shot) else b""),
        told_at=envelope["told_at"],
        sent_at=envelope.get("sent_at"),
    )


def _shot(said: Mapping[str, Any], photo: UploadedFile[Any] | None) -> Shot:
    if photo is None:
        raise Invalid(Reason("photo_missing", _("The photo is missing. Choose it again."), "photo"))
    if (photo.size or 0) > MOST_BYTES:
        raise too_large()
    return Shot(said["about"], photo.read(), said["mark_number"], said["keeps_place"])


def digest_of(kind: str, trip: Trip, fields: Any, photo: bytes) -> str:
    """Tell content apart; when it was told and sent is not content, so that a form pressed twice is one."""
    said = {str(name): str(value) for name, value in fields.items() if str(value)}
    parts = [kind, trip.reference, said, hashlib.sha256(photo).hexdigest()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def refuse_unreadable(form: forms.Form) -> None:
    """Raise Invalid with every error of a form."""
    if form.is_valid():
        return
    reasons = [
        Reason(str(error.code or "invalid"), " ".join(error.messages), None if name == "__all__" else name)
        for name, errors in form.errors.as_data().items()
        for error in errors
    ]
    raise Invalid(*reasons)
