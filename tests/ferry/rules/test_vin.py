import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ferry.rules.findings import FINE
from ferry.rules.vin import judge_vin, near, normalise_vin, suggest_vins, vin_check_digit
from tests.ferry.rules.codes import refused, warned

VALID = ["LATPAB071W1005301", "1M8GDM9AXKP042788", "LGXCE4CB8S0123456", "LW433B12XS1000002"]
ALPHABET = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
VINS = st.text(st.sampled_from(ALPHABET), min_size=17, max_size=17)
SHORT = st.text(st.sampled_from("AB1"), max_size=7)


def sealed(vin):
    return vin[:8] + vin_check_digit(vin) + vin[9:]


def slips_between(one, other):
    """Count slips the slow and plain way, as the textbook's table does (swaps of neighbours included)."""
    table = {(i, 0): i for i in range(len(one) + 1)} | {(0, j): j for j in range(len(other) + 1)}
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            table[i, j] = min(
                table[i - 1, j] + 1,
                table[i, j - 1] + 1,
                table[i - 1, j - 1] + (one[i - 1] != other[j - 1]),
            )
            if one[i - 2 : i] == other[j - 2 : j][::-1] and min(i, j) >= 2:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[len(one), len(other)]


@pytest.mark.parametrize("vin", VALID)
def test_it_takes_vins_known_to_be_valid(vin):
    assert vin_check_digit(vin) == vin[8]
    assert judge_vin(vin, powertrain="bev") == FINE


@pytest.mark.parametrize(
    "typed",
    ["latpab071w1005301", " LATPAB 071-W1005301", "ＬＡＴＰＡＢ０７１Ｗ１００５３０１", "LАТРАВ071W1005301"],
)
def test_it_normalises_what_people_type(typed):
    assert normalise_vin(typed) == "LATPAB071W1005301"


@pytest.mark.parametrize(
    ("vin", "codes"),
    [
        ("", ["vin_length"]),
        ("LATPAB071W100530", ["vin_length"]),
        ("LATPAB071W10053011", ["vin_length"]),
        ("LATPAB071W100530I", ["vin_characters"]),
        ("LATPAB071W100530O", ["vin_characters"]),
        ("LATPAB071W100530Q", ["vin_characters"]),
        ("LATPAB071W10053Ж1", ["vin_characters"]),
        ("LATPAB071W10053٣1", ["vin_characters"]),
        ("LATPAB071O", ["vin_length", "vin_characters"]),
        ("LATPAB072W1005301", ["vin_check_digit"]),
        ("LATPAB07AW1005301", ["vin_check_digit"]),
    ],
)
def test_it_refuses_a_wrong_vin_with_all_reasons(vin, codes):
    finding = judge_vin(vin, powertrain="petrol")

    assert refused(finding) == codes
    assert {reason.attr for reason in finding.refuses} == {"vin"}
    assert not finding.warns


@pytest.mark.parametrize("powertrain", ["bev", "phev", "hev", "petrol", "diesel"])
def test_it_only_warns_of_the_check_digit_of_a_foreign_vin(powertrain):
    finding = judge_vin("1M8GDM9A1KP042788", powertrain=powertrain)

    assert not finding.refuses
    assert warned(finding) == ["vin_check_digit"]


def test_it_tells_where_to_look_when_the_check_digit_is_wrong():
    (reason,) = judge_vin("LATPAB072W1005301", powertrain="bev").refuses

    assert "Position 9" in str(reason.detail)
    assert "plate" in str(reason.detail)


def test_it_asks_no_check_digit_of_plant_but_the_form():
    assert judge_vin("LATPAB072W1005301", powertrain="plant") == FINE
    assert refused(judge_vin("LATPAB072W100530", powertrain="plant")) == ["vin_length"]
    assert refused(judge_vin("LATPAB072W100530I", powertrain="plant")) == ["vin_characters"]


@given(VINS)
def test_exactly_one_check_digit_passes(vin):
    passing = [
        digit
        for digit in "0123456789X"
        if not judge_vin(f"L{vin[1:8]}{digit}{vin[9:]}", powertrain="bev").refuses
    ]

    assert passing == [vin_check_digit("L" + vin[1:])]


@given(st.text(max_size=20), st.sampled_from(["bev", "plant"]))
def test_it_judges_any_text(text, powertrain):
    finding = judge_vin(normalise_vin(text), powertrain=powertrain)

    assert bool(finding.refuses) or len(normalise_vin(text)) == 17


@pytest.mark.parametrize(
    ("other", "slips"),
    [
        ("LATPAB071W1005301", None),
        ("LATPAB071W1005302", 1),
        ("LATPAB071W1003501", 1),
        ("LATPAB071W100530", 1),
        ("LATPAB071W10053011", 1),
        ("LATPAB071W1005322", 2),
        ("LTAPAB071W1005310", 2),
        ("LGXCE4CB8S0123456", None),
        ("", None),
    ],
)
def test_it_counts_one_or_two_slips(other, slips):
    assert near("LATPAB071W1005301", other) == slips


@given(SHORT, SHORT)
def test_it_counts_slips_as_the_textbook_does(one, other):
    slips = slips_between(one, other)

    assert near(one, other) == near(other, one) == (slips if slips in (1, 2) else None)


@given(VINS, st.integers(0, 16), st.sampled_from(ALPHABET))
def test_it_suggests_the_declared_vin_for_one_wrong_character(vin, at, char):
    declared, typed = sealed(vin), sealed(vin)[:at] + char + sealed(vin)[at + 1 :]
    assume(typed != declared)

    assert suggest_vins(typed, [*VALID, declared, declared]) == [declared]


@given(VINS, st.integers(0, 15))
def test_it_suggests_the_declared_vin_for_two_swapped_neighbours(vin, at):
    declared = sealed(vin)
    typed = declared[:at] + declared[at + 1] + declared[at] + declared[at + 2 :]
    assume(typed != declared)

    assert suggest_vins(typed, [declared]) == [declared]


def test_it_never_suggests_what_was_not_declared_or_is_two_slips_away():
    assert suggest_vins("LATPAB071W1005302", []) == []
    assert suggest_vins("LATPAB071W1005322", VALID) == []
    assert suggest_vins("LATPAB071W1005301", VALID) == []
