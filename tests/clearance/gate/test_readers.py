"""What a reader sends becomes one code a line."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clearance.gate.identity import Identity, read_identity, write_identity
from clearance.gate.readers import LONGEST_LINE, lines_of, lines_of_port, without_repeats


def test_lines_are_taken_however_they_end_and_empty_ones_left_out():
    assert list(lines_of(io.BytesIO(b"one\r\n\n  two \nthree"))) == ["one", "two", "three"]


def test_what_is_no_text_is_read_all_the_same():
    assert list(lines_of(io.BytesIO(b"\xff\xfe\x00\n"))) == ["��\x00"]


def test_a_line_without_an_end_fills_no_memory():
    assert [len(text) for text in lines_of(io.BytesIO(b"x" * (LONGEST_LINE + 5)))] == [LONGEST_LINE, 5]


def test_a_serial_line_comes_in_pieces():
    theirs, ours = os.pipe()
    os.write(ours, b"one\rtw")
    with os.fdopen(theirs, "rb", buffering=0) as port:
        codes = lines_of_port(port)
        assert next(codes) == "one"
        os.write(ours, b"o\r\n\r\nthree\n")
        assert [next(codes), next(codes)] == ["two", "three"]
    os.close(ours)


def test_the_same_code_again_is_one_scan_until_time_has_passed(monkeypatch):
    times = iter([0, 0, 3, 3, 9, 9, 20, 20, 20, 20])
    monkeypatch.setattr("time.monotonic", lambda: next(times))

    assert list(without_repeats(["a", "a", "a", "a", "b"], within_s=5)) == ["a", "a", "a", "b"]


def test_a_camera_that_sees_a_code_all_the_time_reads_it_once():
    assert list(without_repeats(["a"] * 1000 + ["b", "a"], within_s=5)) == ["a", "b", "a"]


def test_its_identity_is_kept_for_its_user_alone(tmp_path):
    identity = Identity("https://x.example", "secret", "North gate", "CN-HORGOS", "3", ("scan",))
    folder = tmp_path / "gate"
    for _time in range(2):
        write_identity(folder, identity)

    assert read_identity(folder) == identity
    assert (folder / "gate.json").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in folder.iterdir()] == ["gate.json"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "Nothing is enrolled"),
        ({"enrol": "7K3P-9QX2-M"}, "Name the server"),
        ({"enrol": "http://far.example/#7K3P-9QX2-M"}, "unencrypted"),
        ({"enrol": "https://nowhere.invalid/#7K3P-9QX2-M"}, "does not answer"),
    ],
)
def test_what_it_cannot_begin_with_is_said(tmp_path, options: dict[str, Any], sentence: str):
    with pytest.raises(CommandError, match=sentence):
        call_command("gate", state=tmp_path, **options)
    assert list(tmp_path.iterdir()) == []
