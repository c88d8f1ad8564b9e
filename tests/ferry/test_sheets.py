"""Spreadsheets as they come: clean rows out of the good ones, one clear reason out of the broken ones."""

from __future__ import annotations

import csv
import io
import re
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.formula import ArrayFormula

from ferry.errors import Invalid, Reason
from ferry.sheets import (
    LIMITS,
    Limits,
    RefusedLine,
    RefusedTable,
    Row,
    Table,
    clean_digits,
    clean_row,
    read_choice,
    read_date,
    read_datetime,
    read_mode,
    read_tables,
    write_refused,
)

pytestmark = pytest.mark.once

VEHICLE_TITLES = ["车架号", "品牌", "车型", "动力类型", "商品编码"]
VEHICLE = ["LGXCE4CB8S0123456", "比亚迪", "海豹", "纯电动", "8703801090"]
DRIVER_TITLES = ["姓名", "护照号", "护照有效期", "准驾车型", "驾照有效期"]
DRIVER = ["王建国", "E12345678", date(2031, 5, 6), "C1", date(2030, 1, 2)]
SHARED_TEXTS = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">%s</sst>'
SHARED_TYPE = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType='
    b'"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def workbook(*lines: Sequence[Any], sheet: str = "车辆", **more: Iterable[Sequence[Any]]) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, content in ({sheet: lines} | more).items():
        page = book.create_sheet(title)
        for line in content:
            page.append(list(line))
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def repacked(content: bytes, change: Callable[[str, bytes], bytes], **extra: bytes) -> bytes:
    """Rewrite each part of a workbook, and add parts to it."""
    packed = io.BytesIO()
    with ZipFile(io.BytesIO(content)) as source, ZipFile(packed, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
        for name, part in extra.items():
            target.writestr(name, part)
    return packed.getvalue()


def as_it_is(name: str, part: bytes) -> bytes:
    return part


def with_shared_texts(content: bytes) -> bytes:
    """Keep the texts of the first sheet in a part of their own, as Excel does."""
    texts: list[bytes] = []

    def share(found: re.Match[bytes]) -> bytes:
        texts.append(found[1])
        return b't="s"><v>%d</v>' % (len(texts) - 1)

    def move(name: str, part: bytes) -> bytes:
        return re.sub(rb't="inlineStr"><is>(.*?)</is>', share, part) if "sheet1" in name else part

    def declare(name: str, part: bytes) -> bytes:
        return part.replace(b"</Types>", SHARED_TYPE + b"</Types>") if name == "[Content_Types].xml" else part

    moved = repacked(content, move)
    shared = SHARED_TEXTS % b"".join(b"<si>%s</si>" % each for each in texts)
    return repacked(moved, declare, **{"xl/sharedStrings.xml": shared})


def text(*lines: Sequence[str], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(lines)
    return stream.getvalue().encode(encoding)


def read(content: bytes, *, limits: Limits = LIMITS, name: str = "fleet") -> list[tuple[Table, list[Row]]]:
    with read_tables(io.BytesIO(content), name=name, limits=limits) as tables:
        return [(table, list(table.rows)) for table in tables]


def read_rows(content: bytes, *, limits: Limits = LIMITS) -> list[Row]:
    [(_table, rows)] = read(content, limits=limits)
    return rows


def reasons(content: bytes, *, limits: Limits = LIMITS) -> list[str]:
    with pytest.raises(Invalid) as refused:
        read(content, limits=limits)
    assert all(len(str(reason.detail)) > 20 for reason in refused.value.reasons)
    return [reason.code for reason in refused.value.reasons]


def refusal(read_value: Callable[..., object], *args: object, **kwargs: object) -> Reason:
    with pytest.raises(Invalid) as refused:
        read_value(*args, **kwargs)
    [reason] = refused.value.reasons
    return reason


# --- Headings and rows -------------------------------------------------------------------------


def test_it_reads_a_workbook_with_a_title_above_the_headings() -> None:
    content = workbook(["出口车辆清单"], [], VEHICLE_TITLES, VEHICLE, [], VEHICLE)
    [(table, rows)] = read(content)
    assert (table.kind, table.sheet, table.titles) == ("vehicles", "车辆", VEHICLE_TITLES)
    assert table.headings == {0: "vin", 1: "make", 2: "model", 3: "powertrain", 4: "hs_code"}
    assert [row.number for row in rows] == [4, 6]
    assert rows[0].values == dict(zip(table.headings.values(), VEHICLE, strict=True))
    assert rows[0].original == VEHICLE
    assert rows[0].faults == []


def test_it_reads_texts_kept_in_a_part_of_their_own() -> None:
    content = workbook(VEHICLE_TITLES, VEHICLE, ["&<>", *VEHICLE[1:]])
    assert read_rows(with_shared_texts(content)) == read_rows(content)


def test_it_tells_the_four_kinds_of_table_apart() -> None:
    declarations = [
        ["报关单号", "监管方式", "状态", "VIN码"],
        ["940220260000000001", "0110", "已放行", VEHICLE[0]],
    ]
    records = [["类型", "时间", "来源编号", "报关单号", "状态"], ["出境", "2026-11-01 08:00", "A1", "", ""]]
    content = workbook(
        VEHICLE_TITLES, VEHICLE, 驾驶员=[DRIVER_TITLES, DRIVER], 报关单=declarations, 记录=records
    )
    kinds = {table.sheet: (table.kind, len(rows)) for table, rows in read(content)}
    assert kinds == {
        "车辆": ("vehicles", 1),
        "驾驶员": ("drivers", 1),
        "报关单": ("declarations", 1),
        "记录": ("records", 1),
    }


@pytest.mark.parametrize(
    "titles",
    [
        ["VIN（17位）*", "品牌 Make", "车 型", "能源类型", "HS编码/税号"],
        ["ＶＩＮ", "brand", "MODEL", "Fuel type", "H.S. Code"],
        ["Chassis No.", "Make*", "Model [as declared]", "Powertrain", "Commodity code (10 digits)"],
        ["ВИН", "Марка", "Модель", "Тип двигателя", "Код ТН ВЭД"],
        ["车架号\nVIN", "厂牌", "型号", "动力", "税号"],
        ["vin", "make", "model", "powertrain", "hs_code"],
    ],
)
def test_it_knows_a_heading_however_it_is_written(titles: list[str]) -> None:
    [(table, rows)] = read(workbook(titles, VEHICLE))
    assert list(table.headings.values()) == ["vin", "make", "model", "powertrain", "hs_code"]
    assert rows[0].values["vin"] == VEHICLE[0]


def test_it_takes_the_first_of_two_columns_for_one_field() -> None:
    [row] = read_rows(workbook([*VEHICLE_TITLES, "型号"], [*VEHICLE, "other"]))
    assert row.values["model"] == "海豹"


def test_it_passes_over_repeated_headings_and_columns_it_does_not_know() -> None:
    content = workbook([*VEHICLE_TITLES, "备注"], [*VEHICLE, "x"], [*VEHICLE_TITLES, "备注"], [*VEHICLE, "y"])
    rows = read_rows(content)
    assert [row.number for row in rows] == [2, 4]
    assert rows[0].original[-1] == "x"
    assert "x" not in rows[0].values.values()


def test_it_says_which_headings_are_missing() -> None:
    with pytest.raises(Invalid) as refused:
        read(workbook(["VIN", "品牌", "车型"], VEHICLE[:3]))
    [reason] = refused.value.reasons
    assert reason.code == "headings_missing"
    assert "powertrain, HS code" in str(reason.detail)


def test_it_says_what_is_needed_where_no_heading_is_known() -> None:
    with pytest.raises(Invalid) as refused:
        read(workbook(["甲", "乙"], [1, 2]))
    [reason] = refused.value.reasons
    assert reason.code == "headings_unknown"
    assert "passport number" in str(reason.detail)


def test_it_reads_the_sheets_it_knows_and_says_why_it_leaves_the_others() -> None:
    content = workbook(VEHICLE_TITLES, VEHICLE, 装箱单=[["VIN", "车型"], ["x", "y"]], 说明=[["说明"]], 空=[])
    left = {table.sheet: table.reason.code for table, _rows in read(content) if table.reason}
    assert left == {"装箱单": "headings_missing", "说明": "headings_unknown"}


def test_it_leaves_a_hidden_sheet_and_says_so() -> None:
    book = load_workbook(io.BytesIO(workbook(VEHICLE_TITLES, VEHICLE, 旧=[DRIVER_TITLES, DRIVER])))
    book["旧"].sheet_state = "hidden"
    saved = io.BytesIO()
    book.save(saved)
    [_vehicles, (hidden, rows)] = read(saved.getvalue())
    assert hidden.reason is not None
    assert (hidden.kind, hidden.reason.code, rows) == (None, "sheet_hidden", [])


def test_it_reads_from_a_path_and_leaves_a_given_stream_open(tmp_path: Path) -> None:
    content = text(VEHICLE_TITLES, VEHICLE)
    path = tmp_path / "车队.csv"
    path.write_bytes(content)
    with read_tables(path, name=path.name) as tables:
        assert [(table.sheet, len(list(table.rows))) for table in tables] == [("车队", 1)]
    stream = io.BytesIO(content)
    with read_tables(stream, name="a.csv") as tables:
        list(tables[0].rows)
    assert not stream.closed


# --- Cells -------------------------------------------------------------------------------------


def test_it_cleans_full_width_characters_and_stray_spaces() -> None:
    vin = "".join(chr(ord(char) + 0xFEE0) for char in VEHICLE[0])
    [row] = read_rows(workbook(VEHICLE_TITLES, [f"\u3000{vin}\u200b", "\u00a0比亚迪 ", *VEHICLE[2:]]))
    assert row.values["vin"] == VEHICLE[0]
    assert row.values["make"] == "比亚迪"


def test_it_reads_numbers_and_days_kept_as_such() -> None:
    titles = [*VEHICLE_TITLES, "初次登记日期", "临牌"]
    line = [*VEHICLE[:2], 7.0, "纯电动", 8703801090, datetime(2025, 3, 7), 12]  # noqa: DTZ001
    [row] = read_rows(workbook(titles, line))
    assert row.values["model"] == "7"
    assert row.values["hs_code"] == "8703801090"
    values, faults = clean_row("vehicles", row)
    assert faults == []
    assert values["registered_on"] == date(2025, 3, 7)
    assert row.original[5] == "2025-03-07"


def test_it_reads_excels_count_of_days_in_a_column_of_days() -> None:
    [row] = read_rows(workbook([*VEHICLE_TITLES, "注册日期"], [*VEHICLE, 45723]))
    assert clean_row("vehicles", row)[0]["registered_on"] == date(2025, 3, 7)


def test_it_refuses_a_declaration_number_that_lost_its_digits() -> None:
    titles = ["报关单号", "监管方式", "状态", "VIN"]
    [row] = read_rows(workbook(titles, [940220260000000001, "0110", "放行", VEHICLE[0]]))
    assert [(reason.code, reason.attr) for reason in row.faults] == [("number_lost_digits", "number")]
    values, faults = clean_row("declarations", row)
    assert [reason.code for reason in faults] == ["number_lost_digits"]
    assert "number" not in values


def test_it_refuses_words_that_the_spreadsheet_made_into_a_day() -> None:
    [row] = read_rows(workbook(VEHICLE_TITLES, [*VEHICLE[:2], date(2026, 9, 3), *VEHICLE[3:]]))
    assert [(reason.code, reason.attr) for reason in row.faults] == [("became_date", "model")]


def test_it_refuses_a_formula_in_a_key_column_and_one_without_a_result() -> None:
    content = workbook(VEHICLE_TITLES, ['="LGX"&"1"', "=A1", *VEHICLE[2:]], VEHICLE)
    first, second = read_rows(content)
    assert [(reason.code, reason.attr) for reason in first.faults] == [
        ("formula_cell", "vin"),
        ("formula_cell", "make"),
    ]
    assert first.original[0] == '="LGX"&"1"'
    assert second.faults == []


def test_it_takes_a_formulas_remembered_result_but_not_for_a_key() -> None:
    def remember(name: str, part: bytes) -> bytes:
        return part.replace(b"<v />", b"<v>42</v>").replace(b"<v></v>", b"<v>42</v>")

    content = repacked(workbook(VEHICLE_TITLES, ["=6*7", VEHICLE[1], "=6*7", *VEHICLE[3:]]), remember)
    [row] = read_rows(content)
    assert row.values["model"] == "42"
    assert [(reason.code, reason.attr) for reason in row.faults] == [("formula_cell", "vin")]


def test_it_reads_array_formulas_and_error_cells_as_faults() -> None:
    book = Workbook()
    page = book.worksheets[0]
    page.append(VEHICLE_TITLES)
    page.append([*VEHICLE[:3], "#N/A", VEHICLE[4]])
    page["B2"] = ArrayFormula("B2", "=A1:A1")
    saved = io.BytesIO()
    book.save(saved)
    [row] = read_rows(saved.getvalue())
    assert {(reason.code, reason.attr) for reason in row.faults} == {
        ("formula_cell", "make"),
        ("error_cell", "powertrain"),
    }


def test_it_passes_over_formulas_in_columns_it_does_not_read() -> None:
    [row] = read_rows(workbook(["序号", *VEHICLE_TITLES], ["=ROW()-1", *VEHICLE]))
    assert row.faults == []


# --- Text files --------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_it_finds_the_encoding_and_the_delimiter(encoding: str, delimiter: str) -> None:
    content = text(["车队"], VEHICLE_TITLES, VEHICLE, delimiter=delimiter, encoding=encoding)
    [(table, rows)] = read(content, name="车队.csv")
    assert table.sheet == "车队"
    assert rows[0].number == 3
    assert list(rows[0].values.values()) == VEHICLE


def test_it_undoes_what_keeps_excel_from_reading_a_number() -> None:
    titles = ["报关单号", "监管方式", "状态", "VIN"]
    content = ",".join(titles) + '\r\n="940220260000000001",\'0110,放行,LGX\t\r\n'
    [row] = read_rows(content.encode())
    assert list(row.values.values()) == ["940220260000000001", "0110", "放行", "LGX"]


def test_it_refuses_a_formula_in_a_text_file() -> None:
    [row] = read_rows(text(VEHICLE_TITLES, ["=1+1", *VEHICLE[1:]]))
    assert [(reason.code, reason.attr) for reason in row.faults] == [("formula_cell", "vin")]


def test_it_keeps_line_breaks_and_quotation_marks_inside_a_cell() -> None:
    rows = read_rows(text(VEHICLE_TITLES, [VEHICLE[0], 'the "best",\nmake', *VEHICLE[2:]], VEHICLE))
    assert rows[0].values["make"] == 'the "best", make'
    assert rows[1].number == 3


# --- Broken files ------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b" \r\n\r\n ", b"\xef\xbb\xbf"])
def test_it_refuses_an_empty_file(content: bytes) -> None:
    assert reasons(content) == ["file_empty"]


def test_it_refuses_an_empty_workbook() -> None:
    assert reasons(workbook()) == ["file_empty"]


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n1 0 obj",
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"\x7fELF\x02\x01\x01\x00\x00",
        b"vin,make\x00,model\r\n",
        "车架号\0,品牌".encode("utf-16"),
    ],
)
def test_it_refuses_what_is_no_spreadsheet_whatever_its_name(content: bytes) -> None:
    assert reasons(content) == ["not_a_spreadsheet"]


def test_it_refuses_an_archive_that_is_no_workbook() -> None:
    packed = io.BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("photo.png", b"x")
    assert reasons(packed.getvalue()) == ["not_a_spreadsheet"]
    document = repacked(
        workbook(VEHICLE_TITLES), lambda _name, part: part.replace(b"spreadsheetml", b"wordml")
    )
    assert reasons(document) == ["not_a_spreadsheet"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512) + "Workbook".encode("utf-16-le"),
        b"<html><table><tr><td>VIN</td></tr></table></html>",
        b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>',
    ],
)
def test_it_asks_for_old_workbooks_to_be_saved_anew(content: bytes) -> None:
    assert reasons(content) == ["old_workbook"]


@pytest.mark.parametrize("part", ["content.xml", "xl/workbook.bin"])
def test_it_asks_for_other_programs_workbooks_to_be_saved_anew(part: str) -> None:
    packed = io.BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr(part, b"x")
    assert reasons(packed.getvalue()) == ["old_workbook"]


def test_it_refuses_a_workbook_with_a_password() -> None:
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(300_000) + "EncryptedPackage".encode("utf-16-le")
    assert reasons(locked) == ["workbook_protected"]


def test_it_refuses_macros_even_under_a_plain_name() -> None:
    plain = workbook(VEHICLE_TITLES, VEHICLE)
    assert reasons(repacked(plain, as_it_is, **{"xl/vbaProject.bin": b"x"})) == ["workbook_macros"]

    def enable(name: str, part: bytes) -> bytes:
        sheet = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
        return part.replace(sheet, b"application/vnd.ms-excel.sheet.macroEnabled.main+xml")

    assert reasons(repacked(plain, enable)) == ["workbook_macros"]


def test_it_refuses_a_workbook_that_unpacks_to_far_too_much() -> None:
    plain = workbook(VEHICLE_TITLES, VEHICLE)
    bomb = repacked(plain, as_it_is, **{"xl/worksheets/sheet9.xml": bytes(9 * 1024**2)})
    assert reasons(bomb) == ["workbook_too_large"]
    assert reasons(plain, limits=Limits(unpacked_bytes=1000)) == ["workbook_too_large"]
    assert reasons(plain, limits=Limits(parts=3)) == ["workbook_too_large"]


def test_it_refuses_a_workbook_that_lies_about_its_size() -> None:
    part = b"<row/>" * 10_000
    content = repacked(workbook(VEHICLE_TITLES, VEHICLE), as_it_is, **{"xl/worksheets/sheet9.xml": part})
    lie = content.replace(len(part).to_bytes(4, "little"), (60).to_bytes(4, "little"))
    assert lie != content
    assert reasons(lie) == ["workbook_damaged"]


def test_it_refuses_entities() -> None:
    entities = b'<!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'

    def entangle(name: str, part: bytes) -> bytes:
        return entities + part if name == "xl/worksheets/sheet1.xml" else part

    def entangle_wide(name: str, part: bytes) -> bytes:
        wide = (entities + part).decode().encode("utf-16")
        return wide if name == "xl/worksheets/sheet1.xml" else part

    plain = workbook(VEHICLE_TITLES, VEHICLE)
    assert reasons(repacked(plain, entangle)) == ["workbook_damaged"]
    assert reasons(repacked(plain, entangle_wide)) == ["workbook_damaged"]


@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("xl/workbook.xml", b"<sheets>", b"<sheets"),
        ("xl/worksheets/sheet1.xml", b"</row>", b"</rwo>"),
        ("xl/worksheets/sheet1.xml", b"<v>0</v>", b"<v>999</v>"),
        ("xl/worksheets/sheet1.xml", b'r="2"', b'r="two"'),
        ("xl/sharedStrings.xml", b"<si>", b"<is>"),
        ("xl/styles.xml", b"<styleSheet", b"<style"),
    ],
)
def test_it_refuses_a_damaged_workbook(part: str, old: bytes, new: bytes) -> None:
    def damage(name: str, content: bytes) -> bytes:
        return content.replace(old, new) if name == part else content

    content = with_shared_texts(workbook(VEHICLE_TITLES, VEHICLE))
    assert reasons(repacked(content, damage)) == ["workbook_damaged"]


def test_it_refuses_a_workbook_cut_short_or_scrambled() -> None:
    content = workbook(VEHICLE_TITLES, VEHICLE)
    assert reasons(content[: len(content) // 2]) == ["workbook_damaged"]
    assert reasons(content[:600] + bytes(200) + content[800:]) == ["workbook_damaged"]


def test_it_refuses_damage_further_down_while_the_rows_are_read() -> None:
    lines = [VEHICLE] * 100

    def damage(name: str, part: bytes) -> bytes:
        return part.replace(b'<row r="90"', b'<raw r="90"') if name == "xl/worksheets/sheet1.xml" else part

    content = repacked(workbook(VEHICLE_TITLES, *lines), damage)
    with read_tables(io.BytesIO(content), name="a.xlsx") as [table], pytest.raises(Invalid) as refused:
        list(table.rows)
    assert [reason.code for reason in refused.value.reasons] == ["workbook_damaged"]


def test_it_refuses_too_many_rows_before_it_reads_any() -> None:
    few = Limits(rows=10, heading_rows=5)
    lines = [VEHICLE_TITLES, *[VEHICLE] * 15]
    assert reasons(workbook(*lines), limits=few) == ["too_many_rows"]
    assert reasons(text(*lines), limits=few) == ["too_many_rows"]
    assert len(read_rows(workbook(*lines[:12]), limits=few)) == 11


def test_it_refuses_too_many_columns() -> None:
    wide = [*VEHICLE_TITLES, *[f"c{number}" for number in range(100)]]
    assert reasons(workbook(wide, VEHICLE)) == ["too_many_columns"]
    assert reasons(text(wide, VEHICLE)) == ["too_many_columns"]


def test_it_refuses_a_file_that_is_too_large() -> None:
    assert reasons(text(VEHICLE_TITLES, VEHICLE), limits=Limits(file_bytes=50)) == ["file_too_large"]


def test_it_does_not_count_to_a_row_that_cannot_be() -> None:
    def far(name: str, part: bytes) -> bytes:
        return part.replace(b'r="3"', b'r="99999999999"') if name == "xl/worksheets/sheet1.xml" else part

    content = repacked(workbook(VEHICLE_TITLES, VEHICLE, VEHICLE), far)
    assert [row.number for row in read_rows(content)] == [2]


def test_it_refuses_an_encoding_it_does_not_know() -> None:
    assert reasons("车架号,品牌".encode("gb18030") + b"\xff\xff") == ["encoding_unknown"]
    assert reasons(b"\xff\xfe\x00\xd8") == ["encoding_unknown"]


def test_it_refuses_a_line_that_never_ends() -> None:
    assert reasons(b"vin," + b"x" * 300_000) == ["text_broken"]
    open_quote = text(VEHICLE_TITLES, VEHICLE) + b'"' + b"some words\r\n" * 20_000
    assert reasons(open_quote) == ["text_broken"]


@given(st.binary(max_size=400))
def test_it_answers_any_bytes_with_rows_or_a_reason(content: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"vin,make,model,powertrain,hs_code\n"):
        try:
            read(start + content)
        except Invalid as refused:
            assert refused.reasons  # noqa: PT017


# --- Size --------------------------------------------------------------------------------------


def test_it_streams_50_000_lines_of_text() -> None:
    lines = ([f"LGXCE4CB8S{number:07d}", *VEHICLE[1:]] for number in range(50_000))
    content = io.BytesIO(text(VEHICLE_TITLES, *lines))
    tracemalloc.start()
    with read_tables(content, name="many.csv") as [table]:
        assert sum(1 for _row in table.rows) == 50_000
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 1024**2


def test_it_streams_50_000_lines_of_a_workbook() -> None:
    book = Workbook(write_only=True)
    page = book.create_sheet("车辆")
    page.append(VEHICLE_TITLES)
    for number in range(50_000):
        page.append([f"LGXCE4CB8S{number:07d}", *VEHICLE[1:]])
    content = io.BytesIO()
    book.save(content)
    with read_tables(content, name="many.xlsx") as [table]:
        next(table.rows)
        tracemalloc.start()
        assert sum(1 for _row in islice(table.rows, 10_000)) == 10_000
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sum(1 for _row in table.rows) == 39_999
    assert peak < 2 * 1024**2


# --- Values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "2025-3-7",
        "2025/03/07",
        "2025.3.7",
        "2025年3月7日",
        "2025 年 3 月 7 日",
        "2025年3月7号",
        "7 Mar 2025",
        "07-Mar-2025",
        "March 7, 2025",
        "7 march 2025",
        "20250307",
        "07.03.2025",
        "7.3.2025 г.",
        "2025-03-07T08:30:00Z",
        "2025-03-07 00:00:00",
        "２０２５－０３－０７",
        date(2025, 3, 7),
        datetime(2025, 3, 7, 23, tzinfo=UTC),
    ],
)
def test_it_reads_a_day_in_any_clear_form(written: str | date) -> None:
    assert read_date(written, field="registered_on") == date(2025, 3, 7)


@pytest.mark.parametrize(
    ("written", "day"),
    [("17/03/2025", date(2025, 3, 17)), ("03/17/2025", date(2025, 3, 17)), ("5/5/2025", date(2025, 5, 5))],
)
def test_it_reads_slashes_where_only_one_reading_is_possible(written: str, day: date) -> None:
    assert read_date(written, field="registered_on") == day


@pytest.mark.parametrize("written", ["7 Mer 2025", "7-Mar-25", "Mar 32, 2025", "Marchy 7, 2025"])
def test_it_refuses_a_month_that_is_none_and_a_year_cut_short(written: str) -> None:
    assert refusal(read_date, written, field="registered_on").code == "date_unreadable"


@pytest.mark.parametrize("written", ["03/04/2025", "3-4-2025", "12/11/2026 08:00"])
def test_it_refuses_a_day_that_can_be_read_two_ways(written: str) -> None:
    reason = refusal(read_date, written, field="registered_on")
    assert (reason.code, reason.attr) == ("date_ambiguous", "registered_on")
    assert str(reason.detail).startswith("first registered: ")


@pytest.mark.parametrize(
    "written",
    ["2025-02-30", "25-3-7", "tomorrow", "0", "2025-13-01", "2025-3-7 or so", "202503", "13/13/2025"],
)
def test_it_refuses_what_is_no_day(written: str) -> None:
    assert refusal(read_date, written, field="registered_on").code == "date_unreadable"


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-01 08:15",
        "2026-11-01T08:15:00",
        "2026/11/1 8:15:00.250",
        "2026年11月1日 8时15分",
        "01.11.2026 08:15",
        "20261101081500",
        "2026-11-01T00:15:00Z",
        "2026-11-01T05:15:00+05:00",
        datetime(2026, 11, 1, 8, 15),  # noqa: DTZ001
    ],
)
def test_it_reads_a_moment_by_the_given_clocks(written: str | datetime) -> None:
    assert read_datetime(written, zone=SHANGHAI) == datetime(2026, 11, 1, 0, 15, tzinfo=UTC)


@pytest.mark.parametrize("written", ["2026-11-01", "2026-11-01 noon", "2026-11-01 8"])
def test_it_refuses_a_moment_without_its_time(written: str) -> None:
    assert refusal(read_datetime, written, zone=UTC).code == "time_unreadable"


@pytest.mark.parametrize("written", ["2026-11-01 25:00", "0001-01-01 00:00", "03/04/2026 08:00"])
def test_it_refuses_a_moment_that_cannot_be(written: str) -> None:
    assert refusal(read_datetime, written, zone=SHANGHAI).code in {"date_unreadable", "date_ambiguous"}


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        (" 8703.80.10.90 ", "8703801090"),
        ("8703 8010 90", "8703801090"),
        ("8703801090.0", "8703801090"),
        ("９４０２", "9402"),
        ("", ""),
    ],
)
def test_it_reads_digits_however_they_are_grouped(written: str, digits: str) -> None:
    assert clean_digits(written, field="hs_code") == digits


def test_it_refuses_digits_that_were_lost_or_are_none() -> None:
    assert refusal(clean_digits, "9.40220260E+17", field="number").code == "number_lost_digits"
    assert refusal(clean_digits, "94O2", field="number").code == "digits_only"


@pytest.mark.parametrize(
    ("field", "written", "value"),
    [
        ("powertrain", "纯电动（BEV）", "bev"),
        ("powertrain", "EV", "bev"),
        ("powertrain", "增程", "phev"),
        ("powertrain", "PHEV", "phev"),
        ("powertrain", "油电混合", "hev"),
        ("powertrain", "бензин", "petrol"),
        ("powertrain", "Gasoline", "petrol"),
        ("powertrain", "柴油", "diesel"),
        ("powertrain", "装载机", "plant"),
        ("status", "已申报", "accepted"),
        ("status", "放行", "released"),
        ("status", "已结关", "closed"),
        ("status", "改单", "amended"),
        ("status", "删单", "deleted"),
        ("language", "汉语", "zh-hans"),
        ("language", "zh-Hans", "zh-hans"),
        ("language", "哈语", "kk"),
        ("language", "维语", "ug"),
        ("nationality", "中国", "CN"),
        ("nationality", "CHN", "CN"),
        ("nationality", "哈萨克斯坦", "KZ"),
        ("nationality", "Қазақстан", "KZ"),
        ("nationality", "kaz", "KZ"),
        ("nationality", "乌兹别克斯坦", "UZ"),
        ("nationality", "Россия", "RU"),
        ("kind", "出境", "border_exit"),
        ("kind", "kz_entry", "kz_entry"),
    ],
)
def test_it_reads_the_word_for_a_value(field: str, written: str, value: str) -> None:
    assert read_choice(written, field=field) == value


def test_it_refuses_a_word_it_does_not_know_and_lists_the_values() -> None:
    reason = refusal(read_choice, "新能源", field="powertrain")
    assert (reason.code, reason.attr) == ("unknown_word", "powertrain")
    assert "bev, phev, hev, petrol, diesel, plant" in str(reason.detail)


@pytest.mark.parametrize("written", ["0110", "110", "0110 一般贸易", "一般贸易(0110)", "一般贸易"])
def test_it_reads_a_supervision_mode(written: str) -> None:
    assert read_mode(written) == "0110"


def test_it_gives_every_reason_against_a_row_at_once() -> None:
    row = Row(3, dict.fromkeys(["vin", "make"], "x") | {"powertrain": "?", "hs_code": "87x", "model": ""}, [])
    values, faults = clean_row("vehicles", row)
    assert {(reason.code, reason.attr) for reason in faults} == {
        ("unknown_word", "powertrain"),
        ("digits_only", "hs_code"),
        ("required", "model"),
    }
    assert values == {"vin": "x", "make": "x", "model": ""}


def test_it_reads_a_driving_licence_without_end_and_leaves_empty_what_may_be() -> None:
    titles = [*DRIVER_TITLES, "国籍", "电话"]
    [row] = read_rows(workbook(titles, [*DRIVER[:4], "长期", "", 19900001234]))
    values, faults = clean_row("drivers", row)
    assert faults == []
    assert values["licence_expires_on"] == date(2099, 12, 31)
    assert (values["nationality"], values["phone"]) == ("", "19900001234")


# --- The refused lines -------------------------------------------------------------------------


def refused_workbook(*lines: RefusedLine) -> io.BytesIO:
    stream = io.BytesIO()
    write_refused(stream, [RefusedTable("车辆", VEHICLE_TITLES, lines)])
    return stream


def test_it_writes_refused_lines_with_their_number_and_every_reason() -> None:
    why = [Reason("a", "First thing.", "vin"), Reason("b", "Second thing.")]
    stream = refused_workbook(RefusedLine(Row(7, {}, VEHICLE), why))
    [heading, line] = load_workbook(stream)["车辆"].iter_rows(values_only=True)
    assert heading == (*VEHICLE_TITLES, "Line", "Reason")
    assert line == (*VEHICLE, "7", "First thing. Second thing.")


def test_it_writes_what_can_be_read_again() -> None:
    stream = refused_workbook(RefusedLine(Row(7, {}, VEHICLE), [Reason("a", "Why.")]))
    [(table, [row])] = read(stream.getvalue())
    assert table.kind == "vehicles"
    assert list(row.values.values()) == VEHICLE


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "=cmd|' /C calc'!A0", "\t="])
def test_it_never_writes_a_formula(start: str) -> None:
    stream = refused_workbook(RefusedLine(Row(2, {}, [start, *VEHICLE[1:]]), []))
    cell = load_workbook(stream)["车辆"]["A2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == (start, "s", True)


def test_it_writes_what_excel_cannot_hold_as_well_as_it_can() -> None:
    stream = io.BytesIO()
    line = RefusedLine(Row(2, {}, ["a\x01b", "x" * 40_000]), [])
    tables = [
        RefusedTable("a/b[c]:" + "长" * 40, ["t"] * 3, [line]),
        RefusedTable("a/b[c]:" + "长" * 40, [], []),
    ]
    write_refused(stream, tables)
    book = load_workbook(stream)
    assert len(book.sheetnames) == 2
    assert book.worksheets[0]["A2"].value == "a b"


def test_it_writes_the_reasons_in_the_active_language(tmp_path: Path) -> None:
    [row] = read_rows(workbook(VEHICLE_TITLES, ["=1", *VEHICLE[1:]]))
    path = tmp_path / "refused.xlsx"
    with translation.override("en"):
        write_refused(path, [RefusedTable("车辆", VEHICLE_TITLES, [RefusedLine(row, row.faults)])])
    told = load_workbook(path).worksheets[0]["G2"].value
    assert told is not None
    assert str(told).startswith("VIN: a formula stands here.")
