"""Read spreadsheets as companies keep them, and write back the lines that were refused.

Knows files, headings and forms of values; knows no models and decides nothing about a vehicle or a driver.
"""

from ferry.sheets.fields import (
    Choose,
    Heading,
    Rows,
    find_heading,
    judge_heading,
    name_columns,
    nearest_heading,
)
from ferry.sheets.files import LIMITS, Limits, count_rows
from ferry.sheets.refused import RefusedLine, RefusedTable, write_refused
from ferry.sheets.tables import Row, Table, open_tables, read_tables
from ferry.sheets.values import (
    clean_digits,
    clean_row,
    read_choice,
    read_date,
    read_datetime,
    read_mode,
)
from ferry.sheets.words import Kind
from ferry.sheets.written import write_table

__all__ = [
    "LIMITS",
    "Choose",
    "Heading",
    "Kind",
    "Limits",
    "RefusedLine",
    "RefusedTable",
    "Row",
    "Rows",
    "Table",
    "clean_digits",
    "clean_row",
    "count_rows",
    "find_heading",
    "judge_heading",
    "name_columns",
    "nearest_heading",
    "open_tables",
    "read_choice",
    "read_date",
    "read_datetime",
    "read_mode",
    "read_tables",
    "write_refused",
    "write_table",
]
