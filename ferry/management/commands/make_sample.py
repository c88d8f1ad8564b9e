"""Make the sample workbook: a fleet as a company at Horgos would keep it, with faults planted in it."""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from ferry.rules.vin import vin_check_digit

Line = list[Any]

VEHICLE_TITLES = [
    "序号",
    "品牌",
    "车型",
    "车架号（17位）*",
    "动力类型",
    "颜色",
    "商品编码",
    "初次登记日期",
    "临牌",
    "备注",
]
DRIVER_TITLES = [
    "序号",
    "姓名",
    "姓名拼音",
    "护照号码",
    "护照有效期",
    "国籍",
    "准驾车型",
    "驾驶证有效期至",
    "联系电话",
    "语言",
]
DECLARATION_TITLES = ["序号", "报关单号", "监管方式", "状态", "车架号", "备注"]

COLOURS = ["珍珠白", "星空黑", "时光灰", "湖水蓝", "中国红", "竹韵青"]
PLANT_COLOURS = ["工程黄"]


@dataclass(frozen=True)
class Range:
    """One model as exported: `start` is the first eight characters of its VINs, `plant` the eleventh."""

    make: str
    model: str
    start: str
    plant: str
    powertrain: str
    hs_code: str
    count: int
    colours: Sequence[str] = field(default=tuple(COLOURS))


RANGES = [
    Range("比亚迪", "宋PLUS EV", "LGXCE4CB", "0", "纯电动", "8703801090", 7),
    Range("比亚迪", "汉DM-i", "LGXC76C4", "0", "插电混动", "8703602190", 5),
    Range("比亚迪", "海豹06 DM-i", "LC0C74C4", "1", "插混", "8703602190", 4),
    Range("吉利", "星越L", "LB37722S", "L", "汽油", "8703234110", 4),
    Range("吉利", "帝豪L Hi·X", "L6T7742Z", "N", "油电混合", "8703402290", 3),
    Range("极氪", "001", "L6TCX2E7", "E", "纯电", "8703801090", 5),
    Range("奇瑞", "瑞虎8 PRO", "LVVDB21B", "D", "汽油", "8703234110", 5),
    Range("长安", "UNI-V", "LS5A3DKE", "A", "汽油", "8703223010", 4),
    Range("长安", "深蓝S7", "LS4ASE2E", "J", "增程", "8703602190", 3),
    Range("哈弗", "H6", "LGWEF6A5", "H", "汽油", "8703234110", 4),
    Range("哈弗", "枭龙MAX", "LGWFFVA5", "B", "PHEV", "8703602190", 2),
    Range("理想", "L7", "LW433B12", "1", "增程式", "8703602190", 5),
    Range("宇通", "ZK6122H9", "LZYTDGD6", "0", "柴油", "8702109210", 2, ("珍珠白",)),
    Range("宇通", "E12", "LZYTBGDW", "0", "纯电动", "8702403000", 2, ("珍珠白",)),
    Range("福田", "奥铃速运", "LVBV3JBB", "W", "柴油", "8704223000", 3, ("珍珠白", "中国红")),
    Range("徐工", "LW500FN", "XUG0500F", "C", "装载机", "8429510000", 2, PLANT_COLOURS),
    Range("柳工", "CLG2030", "CLG02030", "L", "叉车", "8427209000", 2, PLANT_COLOURS),
]
MODEL_YEARS = {2024: "R", 2025: "S", 2026: "T", 2027: "V", 2028: "W", 2029: "X", 2030: "Y"}

HAN_SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林"
PINYIN_SURNAMES = "WANG LI ZHANG LIU CHEN YANG ZHAO HUANG ZHOU WU XU SUN MA ZHU HU GUO HE LIN"
HAN_NAMES = [
    ("建国", "JIANGUO"),
    ("志强", "ZHIQIANG"),
    ("海燕", "HAIYAN"),
    ("秀英", "XIUYING"),
    ("建军", "JIANJUN"),
    ("文博", "WENBO"),
    ("晓东", "XIAODONG"),
    ("丽娟", "LIJUAN"),
    ("卫东", "WEIDONG"),
    ("玉兰", "YULAN"),
    ("永刚", "YONGGANG"),
    ("春梅", "CHUNMEI"),
    ("国庆", "GUOQING"),
    ("鹏飞", "PENGFEI"),
]
OTHER_NAMES = [
    ("Айдос Серікұлы", "AIDOS SERIKULY", "哈语"),
    ("Нұрлан Болатұлы", "NURLAN BOLATULY", "哈萨克语"),
    ("Ерлан Қайратұлы", "YERLAN KAIRATULY", "哈语"),
    ("Гүлнар Асқарқызы", "GULNAR ASKARKYZY", "哈语"),
    ("AYGUL TURSUN", "AYGUL TURSUN", "维语"),
    ("ABLIMIT YUSUP", "ABLIMIT YUSUP", "维吾尔语"),
    ("MEMET ROZI", "MEMET ROZI", "维语"),
    ("PATIGUL QADIR", "PATIGUL QADIR", "维语"),
    ("ALIMJAN HESEN", "ALIMJAN HESEN", "维语"),
]
KAZAKH_CITIZENS = [
    ("Сергей Ким", "KIM SERGEY", "俄语"),
    ("Данияр Ахметов", "AKHMETOV DANIYAR", "俄语"),
    ("Асель Жумабаева", "ZHUMABAYEVA ASSEL", "哈语"),
]
DRIVERS = 40
LICENCES = ["C1", "C1", "C1", "C2", "B2", "B2", "A1", "A2", "C1M", "B2M"]

#: Customs office of Horgos; digits 1 to 4 of a declaration number.
OFFICE = "9402"
MODES = ["0110", "0110", "1039", "0110", "4019", "0110", "0110", "1039"]
STATUSES = ["已放行", "已放行", "已放行", "已放行", "已申报", "已放行", "已结关", "已放行"]


@dataclass(frozen=True)
class Vehicle:
    make: str
    model: str
    vin: str
    powertrain: str
    colour: str
    hs_code: str | int
    registered_on: date | str | None
    plate: str
    remark: str = ""

    def line(self) -> Line:
        return [
            self.make,
            self.model,
            self.vin,
            self.powertrain,
            self.colour,
            self.hs_code,
            self.registered_on,
            self.plate,
            self.remark,
        ]


class Command(BaseCommand):
    """Write fleet.xlsx with 62 good vehicles, 40 good drivers and 8 declarations, and fleet.csv beside it.

    fleet.csv holds the same vehicles in GB18030. The same `--today` gives the same bytes.

    Lines that must be refused:

    - vehicles: a wrong check digit; a VIN with the letter O; a VIN that stands twice, in two colours;
      a commodity code of petrol cars on a battery car; a first registration of 03/04 of some year;
    - drivers: an expired passport; a driving licence that is good until 05/06 of some year;
    - declarations: a number of 17 digits; a number kept as a number, which lost digits.

    Lines that must be taken all the same: a VIN in full-width characters; stray spaces around a VIN and
    a make; dates written as text in three ways; a commodity code kept as a number, and one with dots;
    a driving licence without end; a Latin name as a passport prints it and one as its
      machine-readable lines do; a declared VIN that is not among the vehicles.
    """

    help = "Write a sample workbook of vehicles, drivers and declarations, with faults planted in it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "path", nargs="?", type=Path, default=settings.BASE_DIR / "samples" / "fleet.xlsx"
        )
        parser.add_argument(
            "--today", type=date.fromisoformat, help="The day the fleet is of; dates follow from it."
        )

    def handle(self, *, path: Path, today: date | None, **options: object) -> None:
        fleet = Fleet(today or timezone.localdate())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(fleet.workbook())
        path.with_suffix(".csv").write_bytes(fleet.text())
        self.stdout.write(f"{path}\n{path.with_suffix('.csv')}")


class Fleet:
    """The whole sample; all of it follows from one day."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.chance = random.Random(20241015)  # noqa: S311
        self.vehicles = [vehicle for each in RANGES for vehicle in self._vehicles(each)]

    def workbook(self) -> bytes:
        book = Workbook()
        book.remove(book.worksheets[0])
        title = f"霍尔果斯自驾出口车辆清单 {self.today:%Y-%m}"
        _fill(book.create_sheet("车辆"), [[title], [], VEHICLE_TITLES, *_numbered(self.vehicle_lines())])
        _fill(book.create_sheet("驾驶员"), [DRIVER_TITLES, *_numbered(self.driver_lines())])
        _fill(book.create_sheet("报关单"), [DECLARATION_TITLES, *_numbered(self.declaration_lines())])
        return _packed(book, datetime.combine(self.today, datetime.min.time()))

    def text(self) -> bytes:
        stream = io.StringIO(newline="")
        lines = [VEHICLE_TITLES, *_numbered(self.vehicle_lines())]
        csv.writer(stream).writerows([_shown(cell) for cell in line] for line in lines)
        return stream.getvalue().encode("gb18030")

    # --- Vehicles --------------------------------------------------------------------------------

    def _vehicles(self, each: Range) -> Iterator[Vehicle]:
        year = MODEL_YEARS.get(self.today.year - 1, "S")
        for _ in range(each.count):
            serial = f"{self.chance.randrange(1000, 999999):06d}"
            vin = f"{each.start}0{year}{each.plant}{serial}"
            used = self.chance.random() < 0.3
            yield Vehicle(
                each.make,
                each.model,
                f"{vin[:8]}{vin_check_digit(vin)}{vin[9:]}",
                each.powertrain,
                self.chance.choice(each.colours),
                each.hs_code,
                self._day_ago(200, 900) if used else None,
                f"新F{self.chance.randrange(10000, 99999)}临" if each.powertrain != "叉车" else "",
            )

    def vehicle_lines(self) -> list[Line]:
        lines = [vehicle.line() for vehicle in self._as_kept()]
        for line, faulty in zip((9, 19, 29, 39, 49), self._faulty_vehicles(), strict=True):
            lines.insert(line, faulty.line())
        return lines

    def _as_kept(self) -> list[Vehicle]:
        """Write some good vehicles the way people write them."""
        kept = list(self.vehicles)
        months_ago = self.today - timedelta(days=400)
        kept[2] = replace(kept[2], vin=_full_width(kept[2].vin), remark="全角")
        kept[5] = replace(kept[5], vin=f"\u3000{kept[5].vin[:8]} {kept[5].vin[8:]} ", make=" 比亚迪\u00a0")
        kept[7] = replace(kept[7], hs_code=int(kept[7].hs_code))
        kept[11] = replace(kept[11], registered_on=f"{months_ago:%Y}年{months_ago.month}月{months_ago.day}日")
        kept[16] = replace(kept[16], registered_on=f"{months_ago:%Y/%m/%d}")
        kept[21] = replace(kept[21], registered_on=f"{months_ago:%d.%m.%Y}")
        kept[24] = replace(kept[24], hs_code="8703.80.10.90")
        return kept

    def _faulty_vehicles(self) -> list[Vehicle]:
        spare = [replace(vehicle, vin=_next_vin(vehicle.vin)) for vehicle in self.vehicles]
        ambiguous = f"03/04/{self.today.year - 1}"
        return [
            replace(spare[0], vin=_wrong_check_digit(spare[0].vin)),
            replace(spare[8], vin=f"{spare[8].vin[:11]}O{spare[8].vin[12:]}"),
            replace(self.vehicles[20], colour="磨砂灰"),
            replace(spare[25], hs_code="8703234110"),
            replace(spare[30], registered_on=ambiguous),
        ]

    # --- Drivers ---------------------------------------------------------------------------------

    def driver_lines(self) -> list[Line]:
        people = [*self._people()]
        lines = [self._driver(*person) for person in people[:DRIVERS]]
        # As the printed part of a passport has it, and as its machine-readable lines do.
        lines[14][1], lines[15][1] = lines[14][1].replace(" ", ", "), lines[15][1].replace(" ", "<<")
        expired = self._driver("郑建平", "ZHENG JIANPING", "中文", "中国")
        expired[3] = self.today - timedelta(days=45)
        unclear = self._driver("孟宪华", "", "汉语", "中国")
        unclear[6] = f"05/06/{self.today.year + 4}"
        lines.insert(12, expired)
        lines.insert(26, unclear)
        return lines

    def _people(self) -> Iterator[tuple[str, str, str, str]]:
        for *names, language in OTHER_NAMES:
            yield names[0], names[1], language, "中国"
        for *names, language in KAZAKH_CITIZENS:
            yield names[0], names[1], language, "哈萨克斯坦"
        for index in range(DRIVERS - len(OTHER_NAMES) - len(KAZAKH_CITIZENS)):
            surname = index % len(HAN_SURNAMES)
            name, pinyin = HAN_NAMES[(index * 5) % len(HAN_NAMES)]
            yield (
                f"{HAN_SURNAMES[surname]}{name}",
                f"{PINYIN_SURNAMES.split()[surname]} {pinyin}",
                self.chance.choice(["中文", "汉语"]),
                "CHN",
            )

    def _driver(self, name: str, latin: str, language: str, nationality: str) -> Line:
        is_kazakh = nationality == "哈萨克斯坦"
        phone = f"+7 700 {self.chance.randrange(1000000, 9999999)}" if is_kazakh else self._chinese_phone()
        return [
            name,
            latin,
            f"N{self.chance.randrange(10**7, 10**8)}" if is_kazakh else self._chinese_passport(),
            self._day_ahead(900, 3200),
            nationality,
            self.chance.choice(["B", "BC"]) if is_kazakh else self.chance.choice(LICENCES),
            "长期" if name == "王建国" else self._day_ahead(700, 2200),
            phone,
            language,
        ]

    def _chinese_passport(self) -> str:
        if self.chance.random() < 0.5:
            return f"E{self.chance.randrange(10**7, 10**8)}"
        return f"E{self.chance.choice('ABCDEFGHJKLMN')}{self.chance.randrange(10**6, 10**7)}"

    def _chinese_phone(self) -> str:
        return f"199{self.chance.randrange(0, 10**8):08d}"

    # --- Declarations ----------------------------------------------------------------------------

    def declaration_lines(self) -> list[Line]:
        """Spread all good vehicles over the declarations; one declared VIN belongs to another company."""
        numbers = [f"{OFFICE}{self.today.year}0{217000001 + 4813 * index:09d}" for index in range(len(MODES))]
        lines: list[Line] = [
            [numbers[index % 8], MODES[index % 8], STATUSES[index % 8], vehicle.vin, ""]
            for index, vehicle in enumerate(self.vehicles)
        ]
        elsewhere = _next_vin(_next_vin(self.vehicles[40].vin))
        lines.append([numbers[0], MODES[0], STATUSES[0], elsewhere, "他司车辆"])
        lines.sort(key=lambda line: str(line[0]))
        short = _next_vin(_next_vin(self.vehicles[41].vin))
        lines.insert(17, [numbers[1][:-1], "0110", "已放行", short, ""])
        lost = _next_vin(_next_vin(self.vehicles[42].vin))
        lines.insert(33, [float(numbers[2]), "0110", "已放行", lost, ""])
        return lines

    def _day_ago(self, least: int, most: int) -> date:
        return self.today - timedelta(days=self.chance.randrange(least, most))

    def _day_ahead(self, least: int, most: int) -> date:
        return self.today + timedelta(days=self.chance.randrange(least, most))


def _next_vin(vin: str) -> str:
    """Give the VIN that left the line right after this one."""
    after = f"{vin[:11]}{(int(vin[11:]) + 1) % 1000000:06d}"
    return f"{after[:8]}{vin_check_digit(after)}{after[9:]}"


def _wrong_check_digit(vin: str) -> str:
    return f"{vin[:8]}{'0' if vin[8] != '0' else '1'}{vin[9:]}"


def _full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


def _numbered(lines: Sequence[Line]) -> list[Line]:
    return [[number, *line] for number, line in enumerate(lines, 1)]


def _shown(cell: object) -> str:
    return "" if cell is None else str(cell)


def _fill(sheet: Worksheet, lines: Sequence[Line]) -> None:
    for line in lines:
        sheet.append(line)
    top = lines.index(next(line for line in lines if line and line[0] == "序号")) + 1
    for column in range(1, len(lines[top - 1]) + 1):
        cell = sheet.cell(top, column)
        cell.font = Font(bold=True)
        cell.alignment = Alignment(horizontal="center")
        sheet.column_dimensions[get_column_letter(column)].width = 20
    sheet.freeze_panes = f"A{top + 1}"


def _packed(book: Workbook, moment: datetime) -> bytes:
    """Save with one fixed moment everywhere, so that the same fleet is the same bytes."""
    book.properties.creator = "Ferryman"
    book.properties.created = moment
    saved = io.BytesIO()
    book.save(saved)
    packed = io.BytesIO()
    with ZipFile(saved) as source, ZipFile(packed, "w", ZIP_DEFLATED) as target:
        for part in source.infolist():
            content = source.read(part)
            if part.filename == "docProps/core.xml":
                # openpyxl writes the moment of saving whatever it is told.
                modified = f"{moment:%Y-%m-%dT%H:%M:%SZ}</dcterms:modified>".encode()
                content = re.sub(rb"[0-9TZ:-]+</dcterms:modified>", modified, content)
            fixed = ZipInfo(part.filename, (1980, 1, 1, 0, 0, 0))
            fixed.compress_type = ZIP_DEFLATED
            target.writestr(fixed, content)
    return packed.getvalue()
