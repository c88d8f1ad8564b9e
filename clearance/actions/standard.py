"""Lay the standard data that every installation begins with; from then on it is the operator's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.db import transaction

from clearance.models import Policy
from ferry.actions.keeping import keep
from ferry.models import Checkpoint, Closure, Country, LicensedCommodity, Route

if TYPE_CHECKING:
    from django.db.models import Model

#: Code, then the names in English, Chinese, Russian, Kazakh and Uyghur; the exit in China first.
PAIRS = (
    (
        ("HORGOS", "Horgos", "霍尔果斯", "Хоргос", "Қорғас", "قورغاس"),
        ("NURZHOLY", "Nur Zholy", "努尔饶勒", "Нур Жолы", "Нұр Жолы", "نۇر جولى"),
    ),
    (
        ("ALASHANKOU", "Alashankou", "阿拉山口", "Алашанькоу", "Алашанькоу", "ئالاتاۋ ئېغىزى"),
        ("DOSTYK", "Dostyk", "多斯特克", "Достык", "Достық", "دوستىق"),
    ),
    (
        ("BAKETU", "Baketu", "巴克图", "Бакэту", "Бакэту", "باقتۇ"),
        ("BAKHTY", "Bakhty", "巴赫特", "Бахты", "Бақты", "باقتى"),
    ),
    (
        ("DULATA", "Dulata", "都拉塔", "Дулата", "Дулата", "دۇلاتا"),
        ("KALZHAT", "Kalzhat", "卡尔扎特", "Кольжат", "Қалжат", "قالجات"),
    ),
    (
        ("JIMUNAI", "Jimunai", "吉木乃", "Зимунай", "Жеменей", "جېمىنەي"),
        ("MAIKAPCHAGAY", "Maikapchagay", "迈哈布奇盖", "Майкапчагай", "Майқапшағай", "مايقاپچىغاي"),
    ),
)
#: Battery cars with a VIN since 2026; petrol cars and plug-in hybrids before that, so any earlier day serves.
LICENSED = {
    "870321": date(2012, 1, 1),
    "870322": date(2012, 1, 1),
    "870323": date(2012, 1, 1),
    "870324": date(2012, 1, 1),
    "870360": date(2017, 1, 1),
    "870370": date(2017, 1, 1),
    "8703801090": date(2026, 1, 1),
}
#: 16 and 17 December 2025, from midnight in China to midnight in Kazakhstan, three hours behind.
EXAMPLE_CLOSURE = (
    datetime(2025, 12, 15, 16, 0, tzinfo=UTC),
    datetime(2025, 12, 17, 19, 0, tzinfo=UTC),
    "Kazakhstan: Independence Day",
    Country.KAZAKHSTAN,
)


def lay_standard_data(*, at: datetime, by: str) -> int:
    """Add what is missing and count it; what is there stays as the operator has it.

    A table of closures or of licensed commodities that was ever filled is left alone: an entry missing there
    may be one that the operator removed.
    """
    with transaction.atomic():
        laid = sum(_lay_pair(exit_, entry, at, by) for exit_, entry in PAIRS)
        return laid + _lay_commodities() + _lay_closure(at, by)


def _lay_pair(exit_: tuple[str, ...], entry: tuple[str, ...], at: datetime, by: str) -> int:
    out, in_china = _lay_checkpoint(Country.CHINA, exit_, at, by)
    into, in_kazakhstan = _lay_checkpoint(Country.KAZAKHSTAN, entry, at, by)
    code = f"{exit_[0]}-{entry[0]}"
    laid = in_china + in_kazakhstan + _add(Route(code=code, exit=out, entry=into), "code", at, by)
    return laid + Policy.objects.get_or_create(route=Route.objects.get(code=code))[1]


def _lay_checkpoint(country: str, names: tuple[str, ...], at: datetime, by: str) -> tuple[Checkpoint, bool]:
    place, en, zh, ru, kk, ug = names
    code = f"{country}-{place}"
    named = Checkpoint(code=code, country=country, name_en=en, name_zh=zh, name_ru=ru, name_kk=kk, name_ug=ug)
    laid = _add(named, "code", at, by)
    return Checkpoint.objects.get(code=code), laid


def _add(row: Model, key: str, at: datetime, by: str) -> bool:
    if type(row)._default_manager.filter(**{key: getattr(row, key)}).exists():
        return False
    keep(row, at=at, by=by)
    return True


def _lay_commodities() -> int:
    if LicensedCommodity.objects.exists():
        return 0
    rows = [LicensedCommodity(hs_prefix=prefix, in_force_on=day) for prefix, day in LICENSED.items()]
    return len(LicensedCommodity.objects.bulk_create(rows))


def _lay_closure(at: datetime, by: str) -> int:
    if Closure.history.exists():
        return 0
    starts_at, ends_at, reason, country = EXAMPLE_CLOSURE
    closure = Closure(starts_at=starts_at, ends_at=ends_at, reason=reason, holiday_in=country)
    keep(closure, at=at, by=by)
    return 1
