"""Who and what the demonstration is about. Everybody is made up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from clearance.models import Duty
from ferry.rules.vin import vin_check_digit

#: The demonstration's crossing.
EXIT, ENTRY, ROUTE = "CN-HORGOS", "KZ-NURZHOLY", "HORGOS-NURZHOLY"
OFFICER = ("officer@horgos.example", "陈浩", Duty.OFFICER)
SUPERVISOR = ("supervisor@horgos.example", "古丽娜", Duty.SUPERVISOR)

COLOURS = ("白色", "黑色", "银灰", "湖蓝", "红色", "墨绿")


class Model(NamedTuple):
    """A model as exported: `start` is the first eight characters of its VINs, `plant` the eleventh."""

    make: str
    model: str
    start: str
    plant: str
    powertrain: str
    hs_code: str


SONG = Model("BYD", "Song Plus EV", "LGXCE4CB", "0", "bev", "8703801090")
HAN = Model("BYD", "Han DM-i", "LGXC76C4", "0", "phev", "8703602190")
MONJARO = Model("Geely", "Monjaro", "LB37722S", "L", "petrol", "8703234110")
ZEEKR = Model("Zeekr", "001", "L6TCX2E7", "E", "bev", "8703801090")
TIGGO = Model("Chery", "Tiggo 8 Pro", "LVVDB21B", "D", "petrol", "8703234110")
UNI = Model("Changan", "UNI-V", "LS5A3DKE", "A", "petrol", "8703223010")
DEEPAL = Model("Deepal", "S7", "LS4ASE2E", "J", "phev", "8703602190")
HAVAL = Model("Haval", "H6", "LGWEF6A5", "H", "petrol", "8703234110")
LI = Model("Li Auto", "L7", "LW433B12", "1", "phev", "8703602190")
BUS = Model("Yutong", "ZK6122H9", "LZYTDGD6", "0", "diesel", "8702109210")
TRUCK = Model("Foton", "Aumark S", "LVBV3JBB", "W", "diesel", "8704223000")
LOADER = Model("XCMG", "LW500FN", "XUG0500F", "C", "plant", "8429510000")


class DeclarationData(NamedTuple):
    """A declaration: its VINs' models, and on which day before today customs close it, if they do."""

    mode: str
    models: Sequence[Model]
    closed: int | None = None
    is_released: bool = True


class DriverData(NamedTuple):
    name: str
    name_latin: str
    passport: str
    licence_class: str = "C1"
    language: str = "zh-hans"
    nationality: str = "CN"


#: He drives for both companies.
FREELANCER = DriverData("Ерлан Қайратұлы", "YERLAN KAIRATULY", "E71200209", "C1", "kk")


@dataclass(frozen=True)
class CompanyData:
    name: str
    uscc: str
    phone: str
    owner: tuple[str, str]
    licences: Sequence[tuple[str, int]]
    declarations: Sequence[DeclarationData]
    drivers: Sequence[DriverData]


SILK_BRIDGE = CompanyData(
    "丝桥商贸 Silk Bridge Trading",
    "91654004MA7FB3K60X",
    "+86 999 900 0101",
    ("dispatcher@silkbridge.example", "李雪梅"),
    (("26AE700101", 120), ("26AE700102", 80)),
    (
        DeclarationData("0110", (SONG, SONG, MONJARO, TIGGO)),
        DeclarationData("0110", (ZEEKR, HAN, UNI, HAVAL, TRUCK, BUS), closed=9),
        DeclarationData("1039", (SONG, LI, TIGGO, DEEPAL, ZEEKR, LI, HAN, MONJARO)),
        DeclarationData("4019", (SONG,), is_released=False),
        DeclarationData("0110", (SONG, SONG, ZEEKR, LI, HAN, MONJARO, TIGGO, UNI, DEEPAL, HAVAL)),
    ),
    (
        DriverData("马建军", "MA JIANJUN", "E71200101"),
        DriverData("王志强", "WANG ZHIQIANG", "E71200102"),
        DriverData("Нұрлан Болатұлы", "NURLAN BOLATULY", "E71200103", "C1", "kk"),
        DriverData("赵卫东", "ZHAO WEIDONG", "EJ1200104", "A1"),
        DriverData("ABLIMIT YUSUP", "ABLIMIT YUSUP", "E71200105", "B2M", "ug"),
        DriverData("刘海燕", "LIU HAIYAN", "E71200106"),
        DriverData("Айдос Серікұлы", "AIDOS SERIKULY", "E71200107", "C1", "kk"),
        DriverData("孙文博", "SUN WENBO", "E71200108", "C2"),
        FREELANCER,
        DriverData("Сергей Ким", "KIM SERGEY", "N11200110", "BC", "ru", "KZ"),
        DriverData("杨国庆", "YANG GUOQING", "E71200111", "B2"),
        DriverData("MEMET ROZI", "MEMET ROZI", "E71200112", "C1", "ug"),
        DriverData("周春梅", "ZHOU CHUNMEI", "EK1200113", "C2"),
        DriverData("吴永刚", "WU YONGGANG", "E71200114", "B2"),
        DriverData("Гүлнар Асқарқызы", "GULNAR ASKARKYZY", "E71200115", "C1", "kk"),
        DriverData("徐鹏飞", "XU PENGFEI", "E71200116"),
        DriverData("PATIGUL QADIR", "PATIGUL QADIR", "E71200117", "C2", "ug"),
        DriverData("胡晓东", "HU XIAODONG", "E71200118"),
        DriverData("Данияр Ахметов", "AKHMETOV DANIYAR", "N11200119", "B", "ru", "KZ"),
        DriverData("林丽娟", "LIN LIJUAN", "E71200120", "C2"),
    ),
)
TIANSHAN = CompanyData(
    "天山驿汽车 Tianshan Relay Auto",
    "91654004MA78KQ4R26",
    "+86 999 900 0202",
    ("dispatcher@tianshan.example", "艾力江"),
    (("26AE700201", 100),),
    (
        DeclarationData("0110", (HAVAL, UNI, TIGGO, SONG, LOADER), closed=8),
        DeclarationData("0110", (SONG, DEEPAL, LI, HAN)),
        DeclarationData("1039", (ZEEKR, MONJARO)),
    ),
    (
        DriverData("何建平", "HE JIANPING", "E71200201"),
        DriverData("郭秀英", "GUO XIUYING", "E71200202", "C2"),
        DriverData("ALIMJAN HESEN", "ALIMJAN HESEN", "E71200203", "B2M", "ug"),
        DriverData("黄志刚", "HUANG ZHIGANG", "E71200204"),
        FREELANCER,
        DriverData("Асель Жумабаева", "ZHUMABAYEVA ASSEL", "N11200205", "B", "ru", "KZ"),
        DriverData("朱玉兰", "ZHU YULAN", "E71200206"),
        DriverData("陈国强", "CHEN GUOQIANG", "E71200207"),
        DriverData("AYGUL TURSUN", "AYGUL TURSUN", "E71200208", "C1", "ug"),
        DriverData("Ержан Маратұлы", "YERZHAN MARATULY", "E71200210", "C1", "kk"),
    ),
)
NAMES = (
    "高峰 谢娜 罗强 梁静 宋涛 唐丽 许刚 邓敏 冯军 曹阳 彭飞 "
    "曾勇 萧红 田野 董亮 潘虹 袁野 蔡明 蒋欣 余波 杜鹃 叶青"
)
LATIN_NAMES = (
    "GAO FENG, XIE NA, LUO QIANG, LIANG JING, SONG TAO, TANG LI, XU GANG, DENG MIN, FENG JUN, CAO YANG, "
    "PENG FEI, ZENG YONG, XIAO HONG, TIAN YE, DONG LIANG, PAN HONG, YUAN YE, CAI MING, JIANG XIN, YU BO, "
    "DU JUAN, YE QING"
)
#: Its vehicles are at the gate in this very hour, each with a driver; two in lane 2 are plant.
TRAFFIC = CompanyData(
    "金港通达 Golden Port Logistics",
    "91654004MA79QC3N0R",
    "+86 999 900 0303",
    ("dispatcher@goldenport.example", "阿依努尔"),
    (("26AE700301", 100),),
    (
        DeclarationData("0110", (SONG, TIGGO, ZEEKR, HAVAL, UNI, MONJARO, SONG, LI, TIGGO, DEEPAL, HAN)),
        DeclarationData("0110", (ZEEKR, SONG, LOADER, HAVAL, UNI, TIGGO, LOADER, MONJARO, SONG, HAN, LI)),
    ),
    tuple(
        DriverData(name, latin, f"E712003{number:02}", "C1M")
        for number, (name, latin) in enumerate(
            zip(NAMES.split(), LATIN_NAMES.split(", "), strict=True),
            start=1,
        )
    ),
)


class Consignee(NamedTuple):
    name: str
    place: str
    phone: str
    language: str
    receiver: str


CONSIGNEES = (
    Consignee(
        "ТОО «Алтын Авто»",
        "Алматы, ул. Северное кольцо, 7",
        "+7 700 000 0101",
        "ru",
        "ТОО «Алтын Авто», Ержан Сейтқали",
    ),
    Consignee(
        "ЖШС «Жетісу Көлік»",
        "Жаркент, Жібек жолы көшесі, 112",
        "+7 700 000 0202",
        "kk",
        "ЖШС «Жетісу Көлік», Айгүл Нұрғали",
    ),
    Consignee(
        "Saryarqa Motors LLP",
        "Astana, Qorghalzhyn highway 21",
        "+7 700 000 0303",
        "en",
        "Saryarqa Motors LLP, Timur Abenov",
    ),
    Consignee(
        "ТОО «Восток Импорт»",
        "СЭЗ «Хоргос – Восточные ворота», площадка 3",
        "+7 700 000 0404",
        "ru",
        "ТОО «Восток Импорт», Ирина Цой",
    ),
)


def vins(chance: Random, models: Sequence[Model]) -> Iterator[str]:
    for model in models:
        vin = f"{model.start}0T{model.plant}{chance.randrange(1000, 999999):06d}"
        yield f"{vin[:8]}{vin_check_digit(vin)}{vin[9:]}"
