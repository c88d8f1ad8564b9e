"""What a supervisor says of a file of records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clearance.models import Clocks, First, RecordKind
from clearance.rules.sources import kinds_from
from ferry.portal.paper_forms import ImportForm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clearance.models import Source
    from clearance.models.source import Writing
    from ferry.models import Checkpoint

NEW = ""


class RecordFileForm(ImportForm):
    """A file, and whose it is: a source there is, or a new one by its name."""

    source = forms.ChoiceField(label=_("Source"), required=False)
    name = forms.CharField(
        label=_("Name, if the source is new"),
        required=False,
        max_length=80,
        help_text=_(
            "Who keeps these records, as everybody here calls him: the border police, the Kazakh customs."
        ),
    )
    place = forms.ChoiceField(label=_("Kept at"), required=False)

    field_order = ("key", "source", "name", "place", "file")

    def __init__(
        self, *args: Any, sources: Iterable[Source], places: Sequence[Checkpoint], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(one.pk), one.name) for one in sources]
        fields: Any = self.fields
        fields["source"].choices = [*known, (NEW, _("A new source"))]
        fields["place"].choices = [(one.code, one.name) for one in places]
        if not known:
            del fields["source"]
            fields["name"].required = True
        if len(places) == 1:
            del fields["place"]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if (
            not said.get("source")
            and not said.get("name", "").strip()
            and "source" in self.fields
            and "name" not in self.errors
        ):
            self.add_error("name", _("Choose a source, or give the new one a name."))
        return said


class WritingForm(forms.Form):
    """How a file or a source is written."""

    kind = forms.ChoiceField(label=_("Every line is about"), required=False)
    zone = forms.ChoiceField(label=_("Times are by the clocks of"), required=False)
    first = forms.ChoiceField(
        label=_("Dates such as 03/07/2026"),
        required=False,
        choices=[("", _("are refused, for they can be read two ways")), *First.choices],
    )

    def __init__(self, *args: Any, written: Writing, source: Source, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": written.writing, **kwargs})
        checkpoint = source.checkpoint
        kept = kinds_from(checkpoint.country if checkpoint else "")
        kinds = [(value, label) for value, label in RecordKind.choices if value in kept]
        fields: Any = self.fields
        fields["kind"].choices = [("", _("what its own column says")), *kinds]
        usual = _("whoever keeps them: Kazakhstan for entries, Beijing for all else")
        zone = written.zone
        other = [(zone, zone)] if zone and zone not in Clocks.values else []
        fields["zone"].choices = [("", usual), *Clocks.choices, *other]
