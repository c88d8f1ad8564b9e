"""A supervisor drafts selection rules, sees what they would have done last week, and switches them on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clearance.actions.rules import draft_rule, end_rule, switch_on_rule
from clearance.desk.places import supervisor, usual_place
from clearance.foreseen import LOOK_FIRST, foreseen_of, seen_of
from clearance.lane.access import officer
from clearance.queries.rules import (
    companies_offered,
    company_named,
    drafts,
    effect_of,
    in_force,
    over,
    rules_at,
)
from clearance.rules.selection import HOURS
from ferry.errors import Refused
from ferry.models import Powertrain
from ferry.portal.charts import Series, bar_chart
from ferry.portal.figures import Figure
from ferry.portal.pages import newest_first
from ferry.portal.saving import save, tell_reasons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse

    from clearance.lane.access import Station
    from clearance.models import SelectionRule
    from clearance.rules.selection import Effect
    from ferry.models import Checkpoint, Company

ANY = pgettext_lazy("hour", "any")
EACH_HOUR: list[tuple[Any, Any]] = [("", ANY), *((hour, f"{hour:02}:00") for hour in range(HOURS))]


class RuleForm(forms.Form):
    share = forms.FloatField(
        label=gettext_lazy("Share examined, in percent"),
        min_value=0.1,
        max_value=100,
        initial=10,
        widget=forms.NumberInput({"step": "any", "inputmode": "decimal"}),
    )
    company = forms.CharField(
        label=gettext_lazy("Company"),
        max_length=200,
        required=False,
        widget=forms.TextInput({"list": "companies", "autocomplete": "off"}),
        help_text=gettext_lazy("Its unified social credit code or its whole name; empty for every company."),
    )
    powertrain = forms.ChoiceField(
        label=gettext_lazy("Powertrain"),
        choices=[("", gettext_lazy("Any")), *Powertrain.choices],
        required=False,
    )
    from_hour = forms.TypedChoiceField(
        label=gettext_lazy("From (hour at the checkpoint)"),
        choices=EACH_HOUR,
        coerce=int,
        empty_value=None,
        required=False,
    )
    until_hour = forms.TypedChoiceField(
        label=gettext_lazy("Until (hour at the checkpoint)"),
        choices=EACH_HOUR,
        coerce=int,
        empty_value=None,
        required=False,
        help_text=gettext_lazy("May be past midnight: from 22:00 until 06:00."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=200)

    def clean_company(self) -> Company | None:
        text = self.cleaned_data["company"].strip()
        found = company_named(text) if text else None
        if text and found is None:
            raise forms.ValidationError(_("No company has this code or name. Choose one from the list."))
        return found

    def clean_share(self) -> float:
        return float(self.cleaned_data["share"]) / 100


@require_http_methods(["GET", "POST"])
@never_cache
@officer(supervises=True)
def rules(request: HttpRequest, station: Station) -> HttpResponse:
    """Show the rules in force, drafts and those that ended, and draft one more."""
    place = usual_place(request, station)
    own = rules_at([place])
    replaced = _replaced(request, place)
    form = RuleForm(request.POST or None, initial=_as_typed(replaced) if replaced else None)
    if request.method == "POST" and form.is_valid():
        drafted = _draft(form, place, replaced, by=supervisor(request))
        if drafted is not None:
            return redirect("desk:rule", drafted.pk)
    context = {
        "form": form,
        "place": place,
        "places": station.supervised,
        "replaced": replaced,
        "companies": companies_offered(),
        "in_force": list(in_force(own).order_by("-pk")[:200]),
        "drafts": list(drafts(own).filter(checkpoint=place).order_by("-pk")[:50]),
        "page": newest_first(over(own), request),
    }
    return render(request, "desk/rules.html", context, status=400 if form.errors else 200)


def _replaced(request: HttpRequest, place: Checkpoint) -> SelectionRule | None:
    """Find the rule that is to be changed, if the address names one in force here."""
    pk = request.GET.get("change", "")
    rows = in_force(rules_at([place])).filter(checkpoint=place)
    return rows.filter(pk=int(pk)).first() if pk.isascii() and pk.isdigit() and len(pk) < 10 else None


def _as_typed(rule: SelectionRule) -> dict[str, Any]:
    return {
        "share": round(rule.share * 100, 3),
        "company": rule.company.uscc if rule.company else "",
        "powertrain": rule.powertrain,
        "from_hour": rule.from_hour,
        "until_hour": rule.until_hour,
        "reason": rule.reason,
    }


def _draft(
    form: RuleForm, place: Checkpoint, replaces: SelectionRule | None, *, by: str
) -> SelectionRule | None:
    at = timezone.now()
    return save(
        form, lambda: draft_rule(checkpoint=place, **form.cleaned_data, replaces=replaces, at=at, by=by)
    )


@require_safe
@never_cache
@officer(supervises=True)
def rule(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Show a rule; a draft with what it would have done last week, and the way to switch it on."""
    shown = _own(station, pk)
    context: dict[str, Any] = {"rule": shown}
    if shown.is_draft:
        effect = effect_of(shown, at=timezone.now())
        context |= {
            "effect": effect,
            "more": effect.added - effect.dropped,
            "a_day": _a_day(effect.added - effect.dropped),
            "figure": _by_hour(effect),
            "seen": seen_of(shown, effect),
        }
    return render(request, "desk/rule.html", context)


def _a_day(count: int) -> str:
    return f"{count / 7:+.1f}"


@require_POST
@officer(supervises=True)
def rule_on(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """Switch a draft on, if its effect was shown just now."""
    draft = _own(station, pk)
    foreseen = foreseen_of(draft, request.POST.getlist("seen"))
    if foreseen is None:
        messages.error(request, LOOK_FIRST)
        return redirect("desk:rule", pk)
    try:
        switch_on_rule(rule=draft, foreseen=foreseen, at=timezone.now(), by=supervisor(request))
    except Refused as refused:
        tell_reasons(request, refused)
        return redirect("desk:rule", pk)
    messages.success(request, _("The rule selects from now on."))
    return _back(draft)


@require_POST
@officer(supervises=True)
def rule_end(request: HttpRequest, station: Station, pk: int) -> HttpResponse:
    """End a rule; it stays in the history."""
    ending = _own(station, pk)
    try:
        end_rule(rule=ending, at=timezone.now(), by=supervisor(request))
    except Refused as refused:
        tell_reasons(request, refused)
    else:
        messages.success(request, _("The rule selects no more."))
    return _back(ending)


def _back(rule: SelectionRule) -> HttpResponse:
    answer = redirect("desk:rules")
    if rule.checkpoint:
        answer["Location"] += f"?place={rule.checkpoint.code}"
    return answer


def _own(station: Station, pk: int) -> SelectionRule:
    """Find a rule of the supervisor's checkpoints; one that holds everywhere is the operator's."""
    found = rules_at(station.supervised).filter(pk=pk, checkpoint__isnull=False).first()
    if found is None:
        raise Http404
    return found


def _by_hour(effect: Effect) -> Figure:
    labels = [f"{hour:02}:00" for hour in range(HOURS)]
    before, after = zip(*effect.by_hour, strict=True)
    names = _("Examined last week"), _("With this rule")
    title = _("Examinations by the hour")
    said = _("Last week %(before)d; with this rule it would have been %(after)d.")
    said %= {"before": sum(before), "after": sum(after)}
    series = [Series(name, values) for name, values in zip(names, (before, after), strict=True)]
    svg = bar_chart(
        [label[:2] for label in labels], series, about=f"{title}. {said}", ticks=range(0, HOURS, 3)
    )
    rows = [[label, *map(str, pair)] for label, pair in zip(labels, effect.by_hour, strict=True)]
    marks: Sequence[tuple[str, str]] = [("bar-1", names[0]), ("bar-2", names[1])]
    # Drawn by ferry.portal.charts, which escapes every word in it.
    return Figure("effect", title, said, mark_safe(svg), marks, [_("Hour"), *names], rows)  # noqa: S308
