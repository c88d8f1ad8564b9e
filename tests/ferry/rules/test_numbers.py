from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ferry.rules.findings import FINE
from ferry.rules.numbers import (
    judge_declaration_number,
    judge_latin_name,
    judge_mrz,
    judge_passport,
    judge_passport_line,
    judge_supervision_mode,
    judge_uscc,
    mrz_check_digit,
    normalise_latin_name,
    normalise_mrz,
    normalise_passport,
)
from tests.ferry.rules.codes import refused, warned

TODAY = date(2026, 3, 2)
# The specimen of ICAO 9303, part 4.
MRZ = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"


@pytest.mark.parametrize("uscc", ["91350100M000100Y43", "91440300708461136T", "914403001922038216"])
def test_it_takes_company_codes_known_to_be_valid(uscc):
    assert judge_uscc(uscc) == FINE


@pytest.mark.parametrize(
    ("uscc", "code"),
    [
        ("", "uscc_length"),
        ("91350100M000100Y4", "uscc_length"),
        ("91350100M000100Y433", "uscc_length"),
        ("9135010OM000100Y43", "uscc_characters"),
        ("91350100M0001I0Y43", "uscc_characters"),
        ("91350100M0001Ж0Y43", "uscc_characters"),
        ("91350100M000100Y44", "uscc_check"),
        ("91350100M000010Y43", "uscc_check"),
    ],
)
def test_it_refuses_a_wrong_company_code(uscc, code):
    assert refused(judge_uscc(uscc)) == [code]


@given(st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_it_catches_every_single_slip_in_a_company_code(at, char):
    valid = "91350100M000100Y43"
    assume(valid[at] != char)

    assert judge_uscc(valid[:at] + char + valid[at + 1 :]).refuses


@given(st.text(max_size=20))
def test_it_judges_any_text_as_a_company_code(text):
    judge_uscc(text)


@pytest.mark.parametrize(
    "number", ["942020260000000017", "942020250999999999", "010120260123456789", "999920260000000001"]
)
def test_it_takes_an_export_declaration_of_this_year_or_last_from_any_office(number):
    assert judge_declaration_number(number, today=TODAY) == FINE


@pytest.mark.parametrize(
    ("number", "codes"),
    [
        ("", ["declaration_number_form"]),
        ("94202026000000001", ["declaration_number_form"]),
        ("9420202600000000177", ["declaration_number_form"]),
        ("94202026000000001A", ["declaration_number_form"]),
        ("94202026000000001٣", ["declaration_number_form"]),
        ("942020261000000017", ["declaration_is_import"]),
        ("942020265000000017", ["declaration_flag"]),
        ("942020240000000017", ["declaration_year"]),
        ("942020270000000017", ["declaration_year"]),
        ("942020241000000017", ["declaration_year", "declaration_is_import"]),
    ],
)
def test_it_refuses_a_wrong_declaration_number_with_all_reasons(number, codes):
    assert refused(judge_declaration_number(number, today=TODAY)) == codes


def test_it_says_that_a_number_is_an_import_declarations():
    (reason,) = judge_declaration_number("942020261000000017", today=TODAY).refuses

    assert "import declaration" in str(reason.detail)


@given(st.integers(0, 9999), st.integers(0, 9999), st.integers(0, 9), st.integers(0, 999_999_999))
def test_it_judges_year_and_flag_alone(office, year, flag, sequence):
    finding = judge_declaration_number(f"{office:04}{year:04}{flag}{sequence:09}", today=TODAY)

    assert (not finding.refuses) == (year in (2025, 2026) and flag == 0)


@pytest.mark.parametrize("mode", ["0110", "1039", "4019"])
def test_it_takes_known_supervision_modes(mode):
    assert judge_supervision_mode(mode) == FINE


def test_it_warns_of_an_unusual_supervision_mode():
    finding = judge_supervision_mode("9900")

    assert not finding.refuses
    assert warned(finding) == ["supervision_mode_unusual"]


@pytest.mark.parametrize("mode", ["", "110", "01100", "01A0", "٠١١٠"])
def test_it_refuses_what_is_no_supervision_mode(mode):
    assert refused(judge_supervision_mode(mode)) == ["supervision_mode_form"]


def judged(number="E12345678", nationality="CN", expires_on=date(2030, 1, 1), **dates):
    return judge_passport(number, nationality=nationality, expires_on=expires_on, **dates)


@pytest.mark.parametrize(
    "number", ["E12345678", "EA1234567", "EZ1234567", "G12345678", "SE1234567", "DE1234567", "PE1234567"]
)
def test_it_takes_every_form_of_a_chinese_passport(number):
    assert judged(number, today=TODAY, planned_return_on=TODAY) == FINE


@pytest.mark.parametrize(
    "number", ["E1234567", "EI1234567", "EO1234567", "G1234567", "AB1234567", "123456789"]
)
def test_it_only_warns_of_another_form_of_a_chinese_passport(number):
    finding = judged(number)

    assert not finding.refuses
    assert warned(finding) == ["passport_number_unusual"]
    assert number not in str(finding.warns[0].detail)


def test_it_judges_the_form_of_the_passports_own_country():
    assert judged("N12345678", "KZ") == FINE
    assert warned(judged("E12345678", "KZ")) == ["passport_number_unusual"]
    assert judged("AB1234567", "UZ") == FINE


@pytest.mark.parametrize("number", ["", "E123", "E1234567890123456", "E12345<78", "Е12345678", "E1234 678"])
def test_it_refuses_what_is_no_passport_number(number):
    assert refused(judged(number)) == ["passport_number_form"]


def test_it_normalises_a_passport_number():
    assert normalise_passport(" ｅ1234 5678 ") == "E12345678"
    assert normalise_passport("Е12345678") == "E12345678"


@pytest.mark.parametrize(
    ("expires_on", "codes"),
    [
        (date(2026, 3, 1), ["passport_expired"]),
        (date(2026, 3, 2), ["passport_expired"]),
        (date(2026, 3, 5), ["passport_expired"]),
        (date(2026, 3, 6), []),
    ],
)
def test_a_passport_must_outlast_the_planned_return(expires_on, codes):
    finding = judged(expires_on=expires_on, today=TODAY, planned_return_on=date(2026, 3, 5))

    assert refused(finding) == codes


def test_a_passport_is_good_on_its_last_day():
    assert judged(expires_on=TODAY, today=TODAY) == FINE
    assert judged(expires_on=date(2020, 1, 1)) == FINE


@pytest.mark.parametrize(
    ("text", "digit"),
    [
        ("L898902C3", "6"),
        ("740812", "2"),
        ("120415", "9"),
        ("ZE184226B<<<<<", "1"),
        ("520727", "3"),
        ("", "0"),
        ("<<<", "0"),
    ],
)
def test_it_works_out_check_digits_of_the_machine_readable_line(text, digit):
    assert mrz_check_digit(text) == digit


def test_it_takes_the_standards_specimen():
    assert judge_mrz(MRZ) == FINE


@pytest.mark.parametrize(
    ("at", "char", "codes"),
    [
        (0, "M", ["mrz_number", "mrz_composite"]),
        (9, "7", ["mrz_number", "mrz_composite"]),
        (13, "8", ["mrz_birth", "mrz_composite"]),
        (21, "2", ["mrz_expiry", "mrz_composite"]),
        (28, "Y", ["mrz_personal", "mrz_composite"]),
        (43, "1", ["mrz_composite"]),
        (43, "<", ["mrz_composite"]),
        (20, "M", []),
    ],
)
def test_it_says_which_part_of_the_line_is_misread(at, char, codes):
    assert refused(judge_mrz(MRZ[:at] + char + MRZ[at + 1 :])) == codes


@pytest.mark.parametrize("line", ["", MRZ[:-1], MRZ + "0", MRZ.lower(), MRZ.replace("<", "«")])
def test_it_refuses_what_is_no_machine_readable_line(line):
    assert refused(judge_mrz(line)) == ["mrz_form"]


@pytest.mark.parametrize("check", ["<", "0"])
def test_an_unused_personal_number_may_have_no_check_digit(check):
    head = MRZ[:28] + "<" * 14 + check
    line = head + mrz_check_digit(head[:10] + head[13:20] + head[21:43])

    assert judge_mrz(line) == FINE


def test_a_used_personal_number_needs_its_check_digit():
    line = MRZ[:42] + "<" + MRZ[43:]

    assert "mrz_personal" in refused(judge_mrz(line))


@given(st.integers(0, 43), st.sampled_from("0123456789"))
def test_it_catches_every_wrong_digit_under_a_check(at, digit):
    assume(MRZ[at].isdigit() and MRZ[at] != digit)

    assert judge_mrz(MRZ[:at] + digit + MRZ[at + 1 :]).refuses


CHINESE_LINE = "E123456782CHN8001014M3401011<<<<<<<<<<<<<<<8"
ENTERED = {"number": "E12345678", "nationality": "CN", "expires_on": date(2034, 1, 1)}


def test_what_agrees_with_the_machine_readable_line_is_taken():
    assert judge_mrz(CHINESE_LINE) == FINE
    assert judge_passport_line(CHINESE_LINE, **ENTERED) == FINE
    assert judge_passport_line("", **ENTERED) == FINE


@pytest.mark.parametrize(
    ("entered", "code", "attr"),
    [
        ({"number": "E12345687"}, "mrz_other_number", "passport_number"),
        ({"nationality": "KZ"}, "mrz_other_nationality", "nationality"),
        ({"expires_on": date(2034, 1, 10)}, "mrz_other_expiry", "passport_expires_on"),
    ],
)
def test_what_contradicts_the_machine_readable_line_is_refused(entered, code, attr):
    (reason,) = judge_passport_line(CHINESE_LINE, **ENTERED | entered).refuses
    assert (reason.code, reason.attr) == (code, attr)


def test_a_misread_line_contradicts_nothing_else():
    misread = CHINESE_LINE.replace("E123456782", "E123456792")
    codes = {reason.code for reason in judge_passport_line(misread, **ENTERED).refuses}
    assert codes == {"mrz_number", "mrz_composite"}


def test_a_line_of_an_unknown_country_says_nothing_of_the_nationality():
    assert (
        judge_passport_line(MRZ, number="L898902C3", nationality="XX", expires_on=date(2012, 4, 15)) == FINE
    )


def test_the_lower_line_is_taken_from_both():
    both = f"P<CHNMA<<JUN{'<' * 32}\n {CHINESE_LINE.lower()}"
    assert normalise_mrz(both) == normalise_mrz(CHINESE_LINE) == CHINESE_LINE


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("MA JIANJUN", "MA JIANJUN"),
        ("Ma, Jianjun", "MA JIANJUN"),
        ("MA<<JIANJUN<<<<<<<<<<<<", "MA JIANJUN"),
        ("  ma\u3000jian\u2011jun ", "MA JIAN-JUN"),
        ("Nur - Ali", "NUR-ALI"),
        ("O\u2019BRIEN / SEAN", "O'BRIEN SEAN"),
        ("\uff2d\uff21 \uff2a\uff35\uff2e", "MA JUN"),
        ("", ""),
    ],
)
def test_a_latin_name_is_written_in_one_way(typed: str, kept: str) -> None:
    assert normalise_latin_name(typed) == kept
    assert judge_latin_name(kept) == FINE


@pytest.mark.parametrize(
    "name", ["马军", "МАРАТ", "M\u0410 JUN", "LÜ JUN", "MA JUN 2", "-MA", "MA-", "MA - JUN", "MA  JUN", "MA."]
)
def test_a_latin_name_of_anything_else_is_refused(name: str) -> None:
    assert refused(judge_latin_name(name)) == ["latin_name_form"]


@given(st.text(max_size=60))
def test_whatever_is_typed_for_a_latin_name_is_written_alike_twice(text: str) -> None:
    once = normalise_latin_name(text)
    assert normalise_latin_name(once) == once
