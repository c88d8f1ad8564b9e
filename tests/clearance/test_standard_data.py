"""Standard data is laid once and is the operator's from then on."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.core.management import call_command
from django.utils import translation

from clearance.actions.standard import lay_standard_data
from clearance.models import Policy
from ferry.models import Checkpoint, Closure, LicensedCommodity, Route
from tests.builders import AT, BY, a_route

pytestmark = pytest.mark.django_db

ROUTES = {"HORGOS-NURZHOLY", "ALASHANKOU-DOSTYK", "BAKETU-BAKHTY", "DULATA-KALZHAT", "JIMUNAI-MAIKAPCHAGAY"}


def test_the_five_pairs_are_there_with_names_in_four_languages(standard_data):
    assert set(Route.objects.values_list("code", flat=True)) == ROUTES
    for route in Route.objects.select_related("exit", "entry"):
        assert (f"CN-{route.code.split('-')[0]}", f"KZ-{route.code.split('-')[1]}") == (
            route.exit.code,
            route.entry.code,
        )
        assert (route.exit.time_zone, route.entry.time_zone) == ("Asia/Shanghai", "Asia/Almaty")
        assert route.policy.examined_share == 0
    horgos = Checkpoint.objects.get(code="CN-HORGOS")
    names = []
    for language in ("en", "zh-hans", "ru", "kk"):
        with translation.override(language):
            names.append(horgos.name)
    assert names == ["Horgos", "霍尔果斯", "Хоргос", "Қорғас"]
    assert not Checkpoint.objects.exclude(opens=None).exists()


def test_battery_cars_need_a_licence_since_2026_and_others_did_before(standard_data):
    days = dict(LicensedCommodity.objects.values_list("hs_prefix", "in_force_on"))
    assert days.pop("8703801090") == date(2026, 1, 1)
    assert set(days) == {"870321", "870322", "870323", "870324", "870360", "870370"}
    assert max(days.values()) < date(2026, 1, 1)


def test_laying_it_twice_adds_nothing(standard_data):
    counts = [model.objects.count() for model in (Checkpoint, Route, Policy, Closure, LicensedCommodity)]
    assert lay_standard_data(at=AT, by=BY) == 0
    assert [
        model.objects.count() for model in (Checkpoint, Route, Policy, Closure, LicensedCommodity)
    ] == counts
    assert Checkpoint.history.count() == 10


def test_what_the_operator_changed_or_removed_stays_so(standard_data):
    Checkpoint.objects.filter(code="CN-HORGOS").update(name_en="Khorgos")
    Policy.objects.filter(route=a_route()).update(examined_share=0.5)
    LicensedCommodity.objects.filter(hs_prefix="870360").delete()
    Closure.objects.all().delete()
    assert lay_standard_data(at=AT, by=BY) == 0
    assert Checkpoint.objects.get(code="CN-HORGOS").name_en == "Khorgos"
    assert a_route().policy.examined_share == 0.5
    assert not Closure.objects.exists()
    assert not LicensedCommodity.objects.filter(hs_prefix="870360").exists()


def test_a_missing_pair_is_added(standard_data):
    Policy.objects.filter(route__code="DULATA-KALZHAT").delete()
    Route.objects.get(code="DULATA-KALZHAT").delete()
    assert lay_standard_data(at=AT, by=BY) == 2
    assert Route.objects.get(code="DULATA-KALZHAT").policy


def test_the_command_says_what_it_did():
    out = io.StringIO()
    call_command("standard_data", stdout=out)
    call_command("standard_data", stdout=out)
    assert out.getvalue().splitlines() == ["28 rows of standard data added.", "The standard data is there."]
