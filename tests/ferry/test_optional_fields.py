"""A field is called optional where it may stay without an answer, and nowhere else."""

from __future__ import annotations

import pytest
from django import forms
from django.template.loader import render_to_string

from ferry.models import Company

#: No database is asked for the choices of a model.
EVERY = {"queryset": Company.objects.none(), "required": False}
COLOURS = [("red", "Red"), ("blue", "Blue")]


class Form(forms.Form):
    name = forms.CharField()
    nickname = forms.CharField(required=False)
    colour = forms.ChoiceField(choices=COLOURS, required=False)
    shade = forms.ChoiceField(choices=[("", "As the colour is"), *COLOURS], required=False)
    lining = forms.ChoiceField(choices=[("", "---------"), *COLOURS], required=False)
    trim = forms.ChoiceField(choices=[("", ""), *COLOURS], required=False)
    stripes = forms.MultipleChoiceField(choices=COLOURS, required=False)
    company = forms.ModelChoiceField(**EVERY, empty_label="every company")
    first = forms.ModelChoiceField(**EVERY, empty_label=None)
    other = forms.ModelChoiceField(**EVERY)


@pytest.mark.parametrize("template", ["base/field.html", "phone/_field.html"])
@pytest.mark.parametrize(
    ("name", "is_optional"),
    [
        ("name", False),
        ("nickname", True),
        ("colour", False),
        ("shade", False),
        ("lining", True),
        ("trim", True),
        ("stripes", True),
        ("company", False),
        ("first", False),
        ("other", True),
    ],
)
def test_it_says_so_where_nothing_may_be_answered(template, name, is_optional):
    drawn = render_to_string(template, {"field": Form()[name]})
    assert ("(optional)" in drawn) is is_optional
