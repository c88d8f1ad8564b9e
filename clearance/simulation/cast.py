"""Who drives in a simulated world, and what: made-up people and real makes, drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from ferry.rules.vin import vin_check_digit

COLOURS = ("白色", "黑色", "银灰", "湖蓝", "红色", "墨绿")
#: So much of a VIN names its maker and model. The model year of 2026, as VINs have it.
BEGINNING, YEAR = 8, "T"


class Model(NamedTuple):
    """A model as exported: its VINs `start` with its maker's three characters and five that are made up."""

    start: str
    make: str
    model: str
    powertrain: str
    hs_code: str


CARS = (
    Model("LGXCE4CB", "BYD", "Song Plus EV", "bev", "8703801090"),
    Model("LC0CD6F1", "BYD", "Han EV", "bev", "8703801090"),
    Model("LGXFN72D", "BYD", "Song Plus DM-i", "phev", "8703602190"),
    Model("LB37722S", "Geely", "Monjaro", "petrol", "8703234110"),
    Model("LB3AKX15", "Geely", "Coolray", "petrol", "8703223010"),
    Model("L6TCX2E7", "Zeekr", "001", "bev", "8703801090"),
    Model("LVVDB21B", "Chery", "Tiggo 8 Pro", "petrol", "8703234110"),
    Model("LVTGH58M", "Exeed", "VX", "petrol", "8703234110"),
    Model("LS5A3DKE", "Changan", "UNI-V", "petrol", "8703223010"),
    Model("LS4WUR92", "Changan", "CS75 Plus", "petrol", "8703223010"),
    Model("LGWEF6A5", "Haval", "H6", "petrol", "8703234110"),
    Model("LGWKR93X", "Tank", "300", "petrol", "8703234110"),
    Model("LGWUM1NT", "Haval", "H6 HEV", "hev", "8703402190"),
    Model("LW433B12", "Li Auto", "L7", "phev", "8703602190"),
    Model("L1NSPG8H", "Xpeng", "G6", "bev", "8703801090"),
    Model("LSJWR407", "MG", "ZS", "petrol", "8703223010"),
)
TRUCKS = (
    Model("LVBV3JBB", "Foton", "Aumark S", "diesel", "8704223000"),
    Model("LZZ5CLSD", "Sinotruk", "Howo", "diesel", "8704230010"),
    Model("LZGJLG6R", "Shacman", "X3000", "diesel", "8704230010"),
    Model("XUG0500F", "XCMG", "LW500FN", "plant", "8429510000"),
)
BUSES = (Model("LZYTDGD6", "Yutong", "ZK6122H9", "diesel", "8702109210"),)
#: By the class of the driving licence that is needed, and how many of twenty drivers have it.
DRIVEN: Mapping[str, tuple[int, Sequence[Model]]] = {"C1": (15, CARS), "B2": (4, TRUCKS), "A1": (1, BUSES)}
MODELS = {model.start: model for _share, models in DRIVEN.values() for model in models}


class Name(NamedTuple):
    name: str
    latin: str


class People(NamedTuple):
    """How one of Xinjiang's peoples is named and spoken to; `joint` stands where a name has two parts."""

    share: int
    language: str
    first: Sequence[Name]
    second: Sequence[Name]
    joint: str = ""


def _names(text: str) -> list[Name]:
    return [Name(*one.split("=")) for one in text.split()]


HAN_GIVEN = _names(
    "建军=JIANJUN 志强=ZHIQIANG 卫东=WEIDONG 海燕=HAIYAN 国庆=GUOQING 玉梅=YUMEI 小龙=XIAOLONG 文斌=WENBIN "
    "永福=YONGFU 丽娟=LIJUAN 春生=CHUNSHENG 爱民=AIMIN"
)
UYGHUR = _names(
    "艾力=AILI 买买提=MAIMAITI 吐尔逊=TUERXUN 阿布力米提=ABULIMITI 玉素甫=YUSUFU 热合曼=REHEMAN "
    "库尔班=KUERBAN 古丽娜尔=GULINAER 帕提古丽=PATIGULI 阿依古丽=AYIGULI"
)
KAZAKH = _names(
    "叶尔兰=YEERLAN 努尔兰=NUERLAN 巴合提=BAHETI 赛力克=SAILIKE 哈那提=HANATI 木拉提=MULATI "
    "叶尔肯=YEERKEN 阿依登=AYIDENG 古丽娜=GULINA 加娜尔=JIANAER"
)
PEOPLES = (
    People(
        9,
        "zh-hans",
        _names("王=WANG 李=LI 张=ZHANG 刘=LIU 陈=CHEN 杨=YANG 赵=ZHAO 黄=HUANG 周=ZHOU 吴=WU"),
        HAN_GIVEN,
    ),
    People(
        3, "zh-hans", _names("马=MA 哈=HA 白=BAI 丁=DING 沙=SHA"), [*HAN_GIVEN, *_names("忠明=ZHONGMING")]
    ),
    People(4, "ug", UYGHUR, UYGHUR[:7], "·"),
    People(4, "kk", KAZAKH, KAZAKH[:7], "·"),
)


def draw_person(chance: Random) -> dict[str, str]:
    """Draw a name, in characters and as a passport spells it, with a language and a driving licence."""
    [people] = chance.choices(PEOPLES, [each.share for each in PEOPLES])
    first = chance.choice(people.first)
    second = chance.choice([name for name in people.second if name != first])
    [licence] = chance.choices([*DRIVEN], [share for share, _models in DRIVEN.values()])
    return {
        "name": people.joint.join((first.name, second.name)),
        "latin": f"{first.latin} {second.latin}",
        "language": people.language,
        "licence": licence,
    }


def draw_vin(chance: Random, licence: str) -> str:
    """Draw the VIN of something that a licence covers."""
    start = chance.choice(DRIVEN[licence][1]).start
    vin = f"{start}0{YEAR}{chance.choice('ABCDEGHJKLMNPRSTUVWXYZ')}{chance.randrange(10**6):06d}"
    return f"{vin[:BEGINNING]}{vin_check_digit(vin)}{vin[9:]}"


def vehicle_of(vin: str) -> dict[str, Any]:
    """Say what stands behind a VIN: its beginning names the model, its serial number the colour."""
    model = MODELS[vin[:BEGINNING]]
    colour = COLOURS[int(vin[-6:]) % len(COLOURS)]
    return {
        "make": model.make,
        "model": model.model,
        "powertrain": model.powertrain,
        "colour": colour,
        "hs_code": model.hs_code,
    }
