"""Names of the demo's customers and people, in Latin and Chinese script."""

from dataclasses import dataclass
from random import Random
from typing import Final

_PLACES: Final = (
    ("Alder", "桤木"),
    ("Basalt", "玄武"),
    ("Cedar", "雪松"),
    ("Delta", "三江"),
    ("Ember", "星火"),
    ("Fjord", "海峡"),
    ("Granite", "磐石"),
    ("Harbour", "港湾"),
    ("Indigo", "青蓝"),
    ("Juniper", "杜松"),
    ("Kestrel", "红隼"),
    ("Lantern", "灯塔"),
    ("Meadow", "原野"),
    ("Northwind", "北风"),
    ("Orchard", "果园"),
    ("Pinnacle", "顶峰"),
)
_TRADES: Final = (
    ("Foods", "食品"),
    ("Logistics", "物流"),
    ("Games", "游戏"),
    ("Robotics", "机器人"),
    ("Health", "医疗"),
    ("Textiles", "纺织"),
    ("Travel", "旅行"),
)
_PEOPLE: Final = ("Chen Yu", "李晓梅", "Maria Silva", "王建国", "Tom Becker", "赵敏", "Aiko Mori")


@dataclass(frozen=True)
class Company:
    """A customer to be: its number gives it a name, a login, a mailbox and a phone."""

    external_id: str
    name: str
    account_name: str
    email: str
    mobile: str
    country_code: str


@dataclass(frozen=True)
class Person:
    """Someone who looks after customers."""

    name: str
    account_name: str


def companies(prefix: str, count: int) -> list[Company]:
    """Make as many companies, every second one with a Chinese name."""
    return [_company(prefix, number) for number in range(count)]


def people(prefix: str, count: int) -> list[Person]:
    """Make as many account managers."""
    return [
        Person(name=_PEOPLE[number % len(_PEOPLE)], account_name=f"{prefix}_am{number + 1}")
        for number in range(count)
    ]


def _company(prefix: str, number: int) -> Company:
    place, place_chinese = _PLACES[number % len(_PLACES)]
    trade, trade_chinese = _TRADES[number % len(_TRADES)]
    chinese = number % 2 == 1
    login = f"{prefix}_{place.lower()}_{trade.lower()}"
    draw = Random(f"{prefix}-{number}")  # noqa: S311 - sample data, the same each time
    return Company(
        external_id=f"{prefix}-{number + 1:04d}",
        name=f"{place_chinese}{trade_chinese}有限公司" if chinese else f"{place} {trade} Ltd",
        account_name=login,
        email=f"it@{place.lower()}-{trade.lower()}.example",
        mobile=f"13{draw.randrange(10**9):09d}",
        country_code="86" if chinese else "44",
    )
