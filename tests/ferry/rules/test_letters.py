import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferry.rules.letters import plain_capitals

TYPED = st.text(st.sampled_from("aZ09 -－　\t\u200b\ufeffＡｚ９—АВЕКМНОРСТУХІвесту<./"))


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        (" e 1234-5678 ", "E12345678"),
        ("ＬＡＴＰＡＢ　０７１", "LATPAB071"),
        ("\ufeffe12\u200b34\n", "E1234"),
        ("АВЕІКМНОРСТУХ", "ABEIKMHOPCTYX"),
        ("авекмнорстух", "ABEKMHOPCTYX"),
        ("LGX－CE4—CB8", "LGXCE4CB8"),
        ("", ""),
    ],
)
def test_it_writes_the_same_number_in_one_way(typed, plain):
    assert plain_capitals(typed) == plain


@given(TYPED)
def test_it_changes_nothing_the_second_time(typed):
    assert plain_capitals(plain_capitals(typed)) == plain_capitals(typed)


@given(st.text())
def test_it_takes_any_text(typed):
    assert " " not in plain_capitals(typed)
