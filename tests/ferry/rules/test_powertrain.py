import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from ferry.rules.findings import FINE
from ferry.rules.powertrain import judge_hs, judge_licence_class, normalise_hs, vehicle_class
from tests.ferry.rules.codes import refused, warned

ROAD = ["bev", "phev", "hev", "petrol", "diesel"]
POWERTRAINS = [*ROAD, "plant"]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("8703.80.1090", "8703801090"),
        ("８７０３.８０", "870380"),
        (" 8703 80 10-90", "8703801090"),
        ("8703．80", "870380"),
        ("8427", "8427"),
    ],
)
def test_it_normalises_a_commodity_code(typed, code):
    assert normalise_hs(typed) == code


@pytest.mark.parametrize(
    ("hs_code", "powertrain"),
    [
        ("8703210000", "petrol"),
        ("870322", "petrol"),
        ("870323", "petrol"),
        ("8703241", "petrol"),
        ("870331", "diesel"),
        ("870332", "diesel"),
        ("870333", "diesel"),
        ("870340", "hev"),
        ("870350", "hev"),
        ("870360", "phev"),
        ("870370", "phev"),
        ("8703801090", "bev"),
    ],
)
def test_a_cars_code_fits_one_powertrain_alone(hs_code, powertrain):
    assert judge_hs(hs_code, powertrain=powertrain) == FINE
    for other in set(POWERTRAINS) - {powertrain}:
        assert refused(judge_hs(hs_code, powertrain=other)) == ["hs_powertrain"]


@pytest.mark.parametrize("hs_code", ["8702", "8702209000", "8704", "8704600000", "87012100"])
def test_buses_and_goods_vehicles_have_any_road_powertrain(hs_code):
    assert [judge_hs(hs_code, powertrain=one) for one in ROAD] == [FINE] * 5
    assert refused(judge_hs(hs_code, powertrain="plant")) == ["hs_powertrain"]


@pytest.mark.parametrize("hs_code", ["8427", "8427101000", "8429", "84295100"])
def test_plant_codes_are_for_plant_alone(hs_code):
    assert judge_hs(hs_code, powertrain="plant") == FINE
    assert [refused(judge_hs(hs_code, powertrain=one)) for one in ROAD] == [["hs_powertrain"]] * 5


@pytest.mark.parametrize("hs_code", ["8703", "87032", "870310", "870390", "8711", "0101210000", "870110"])
def test_it_only_warns_where_the_code_does_not_say(hs_code):
    finding = judge_hs(hs_code, powertrain="bev")

    assert not finding.refuses
    assert warned(finding) == ["hs_unknown"]


@pytest.mark.parametrize("hs_code", ["", "870", "87038010901", "8703A0", "٨٧٠٣"])
def test_it_refuses_what_is_no_commodity_code(hs_code):
    assert refused(judge_hs(hs_code, powertrain="bev")) == ["hs_form"]


def test_a_refusal_says_what_the_code_stands_for_in_the_readers_language():
    (reason,) = judge_hs("870360", powertrain="bev").refuses

    with translation.override("en"):
        assert "870360 is for plug-in hybrid cars" in str(reason.detail)


@given(st.from_regex("[0-9]{4,10}", fullmatch=True), st.sampled_from(POWERTRAINS))
def test_it_judges_every_code(hs_code, powertrain):
    finding = judge_hs(hs_code, powertrain=powertrain)

    assert len(finding.refuses) + len(finding.warns) <= 1


@pytest.mark.parametrize(
    ("hs_code", "powertrain", "kind"),
    [
        ("8703801090", "bev", "car"),
        ("8703", "petrol", "car"),
        ("870410", "diesel", "truck"),
        ("87012100", "diesel", "truck"),
        ("8702", "bev", "bus"),
        ("842951", "plant", "plant"),
        ("999999", "plant", "plant"),
        ("999999", "petrol", "car"),
        ("", "bev", "car"),
    ],
)
def test_it_names_the_kind_of_vehicle(hs_code, powertrain, kind):
    assert vehicle_class(hs_code, powertrain) == kind


@pytest.mark.parametrize(
    ("classes", "covered", "partly"),
    [
        ("C1", {"car"}, set()),
        ("C2", {"car"}, set()),
        ("C3", set(), set()),
        ("C5", set(), set()),
        ("A1", {"car", "truck", "bus", "plant"}, set()),
        ("A2", {"car", "truck", "plant"}, {"bus"}),
        ("A3", {"car"}, {"bus"}),
        ("B1", {"car", "plant"}, {"bus"}),
        ("B2", {"car", "truck", "plant"}, set()),
        ("M", {"plant"}, set()),
        ("A2D", {"car", "truck", "plant"}, {"bus"}),
        ("A1A2D", {"car", "truck", "bus", "plant"}, set()),
        ("C1E", {"car"}, set()),
        ("C1D", {"car"}, set()),
        ("B2 M", {"car", "truck", "plant"}, set()),
        ("C1/D", {"car"}, set()),
        ("c1，d", {"car"}, set()),
        ("Ｃ１", {"car"}, set()),
        ("С1М", {"car", "plant"}, set()),
        ("B", {"car"}, set()),
        ("C", {"truck"}, set()),
        ("BC", {"car", "truck"}, set()),
        ("B, C, D", {"car", "truck", "bus"}, set()),
        ("B B1 C C1 CE", {"car", "truck"}, set()),
        ("B C1", {"car"}, {"truck"}),
        ("B D1", {"car"}, {"bus"}),
        ("B Tm", {"car"}, set()),
        ("В", {"car"}, set()),
        ("D", set(), {"bus"}),
        ("E", set(), set()),
    ],
)
def test_a_licence_covers_what_its_classes_include(classes, covered, partly):
    findings = {
        kind: judge_licence_class(classes, vehicle_class=kind) for kind in ("car", "truck", "bus", "plant")
    }

    assert {kind for kind, finding in findings.items() if finding == FINE} == covered
    assert {
        kind for kind, finding in findings.items() if warned(finding) == ["driving_licence_class_partly"]
    } == partly
    for kind in findings.keys() - covered - partly:
        assert refused(findings[kind]) == ["driving_licence_class"]


@pytest.mark.parametrize("classes", ["", "  ", "C9", "C12", "1C", "C1 auto", "Z", "C1照", "/"])
def test_it_refuses_classes_it_cannot_read_whole(classes):
    finding = judge_licence_class(classes, vehicle_class="car")

    assert refused(finding) == ["driving_licence_class_unreadable"]


def test_a_refusal_names_the_classes_that_would_do():
    (reason,) = judge_licence_class("C1", vehicle_class="truck").refuses

    assert "A1, A2, B2, C." in str(reason.detail)


@given(st.text(max_size=12), st.sampled_from(["car", "truck", "bus", "plant"]))
def test_it_judges_any_text_as_licence_classes(classes, kind):
    finding = judge_licence_class(classes, vehicle_class=kind)

    assert len(finding.refuses) + len(finding.warns) <= 1
