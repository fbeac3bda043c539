"""How fast an address is found among 500,000, beside the obvious `LIKE '%…%'`, and what the names in memory cost.

Half of the entries are door plates of 8,000 roads, the other half names of landmarks and blocks. Each kind of typing is
measured apart through the whole in-process call, the database included; the obvious way is given Chinese words alone,
for pinyin, slips, plates between plates and crossings are beyond it.
"""

import json
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import date
from random import Random
from typing import Any

import numpy as np
from shapely import LineString
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from cityops.db import Database
from cityops.grid.addresses.models import Address, AddressKind, GazetteerRevision
from cityops.grid.addresses.near import find_near
from cityops.grid.addresses.queries import current_gazetteer, search
from cityops.grid.addresses.sounds import sounds_of
from cityops.grid.geometry import quad
from cityops.grid.revisions import bump
from cityops.schema import upgrade
from tests.postgres import PostgresServer

ENTRIES, ROADS, PLATES_A_ROAD = 500_000, 8_000, 31
ASKED = 300
WEST, SOUTH, WIDTH, HEIGHT = 121.3, 29.7, 0.5, 0.4
LETTERS = (
    "中山解放人民东西南北大天一广海江宁波甬新华光明建设和平友谊环城翠柏通途世纪百丈彩虹开药行镇柳汀灵桥兴育才学文化育春秋月湖晓"
    "星河石段塘古林望金银福禄寿喜龙凤虎鹤松竹梅兰菊荷桂青红绿白云雨雪风山水田园林森泉溪港湾洲岛岭峰谷川原野景阳安康乐泰丰盛隆昌"
)
TAILS = (
    "银行",
    "超市",
    "小学",
    "中学",
    "医院",
    "新村",
    "小区",
    "公园",
    "大厦",
    "中心",
    "幼儿园",
    "便利店",
    "菜场",
    "宾馆",
    "药房",
    "广场",
)
NEAR = (WEST + WIDTH / 2, SOUTH + HEIGHT / 2)


def run() -> dict[str, Any]:
    """Milliseconds of each kind of typing on both databases, memory and time of the preparation."""
    server = PostgresServer(durable=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return {
                "entries": ENTRIES,
                "sqlite": _measure(f"sqlite:///{folder}/bench.sqlite3"),
                "postgresql": _measure(server.create("addresses")),
            }
    finally:
        server.stop()


def _measure(url: str) -> dict[str, Any]:
    upgrade(url)
    database = Database(url)
    draw = Random(96310)
    sounds = {letter: sounds_of(letter) for letter in {*LETTERS, *"".join(TAILS), *"路"}}
    roads = _names(draw, ROADS, ("路",))
    others = _names(draw, ENTRIES - ROADS * (1 + PLATES_A_ROAD), TAILS)
    with database.transaction() as session:
        _fill(session, draw, roads, others, sounds)
    with database.transaction() as session:
        session.execute(text("ANALYZE"))
    before_mb = _peak_mb()
    began = time.perf_counter()
    with database.reading() as session:
        gazetteer = current_gazetteer(session)
        prepare_s = time.perf_counter() - began
        told: dict[str, Any] = {
            "names_in_memory": len(gazetteer.numbered_by) + len(gazetteer.others),
            "index_mb": round((gazetteer.numbered_by.size_bytes + gazetteer.others.size_bytes) / 1e6, 1),
            "peak_more_while_preparing_mb": round(_peak_mb() - before_mb),
            "prepare_s": round(prepare_s, 2),
            "search": _searches(session, draw, roads, others, sounds),
            "near": _milliseconds(lambda point: find_near(session, *point), [_point(draw) for _ in range(ASKED)]),
        }
    database.dispose()
    return told


def _searches(
    session: Session, draw: Random, roads: list[str], others: list[str], sounds: dict[str, str]
) -> dict[str, Any]:
    def spelled(name: str) -> str:
        return "".join(sounds[letter] for letter in name)

    def slipped(name: str) -> str:
        place = draw.randrange(len(name))
        return name[:place] + draw.choice(LETTERS) + name[place + 1 :]

    some, streets = draw.sample(others, ASKED), draw.sample(roads, ASKED)
    typed = {
        "whole": some,
        "three_letters": [name[:3] for name in some],
        "inside": [name[1:4] for name in some],
        "pinyin": [spelled(name) for name in some],
        "half_pinyin": [spelled(name)[:7] for name in some],
        "initials": ["".join(sounds[letter][0] for letter in name) for name in some],
        "slip": [slipped(name) for name in some],
        "plate": [f"{street}{draw.randrange(1, 60)}号" for street in streets],
        "crossing": [f"{one}与{other}交叉口" for one, other in zip(streets, streets[::-1], strict=True)],
        "one_letter": [name[0] for name in some],
        "commonest": [draw.choice(TAILS) for _ in some],
    }
    told: dict[str, Any] = {
        kind: _milliseconds(lambda words: search(session, words, near=NEAR), words) for kind, words in typed.items()
    }
    every = [each for words in typed.values() for each in draw.sample(words, 60)]
    told["all_kinds"] = _milliseconds(lambda words: search(session, words, near=NEAR), every)
    chinese = [*some[:30], *typed["three_letters"][:30]]
    ours, obvious = (
        _milliseconds(lambda words: search(session, words, near=NEAR), chinese),
        _milliseconds(lambda words: _obvious(session, words), chinese),
    )
    told["like_scan"] = obvious | {"ours_p50": ours["p50"], "ratio": round(obvious["p50"] / ours["p50"], 1)}
    return told


def _obvious(session: Session, words: str) -> list[tuple[str, float, float]]:
    rows = select(Address.name, Address.lon, Address.lat).where(Address.name.contains(words, autoescape=True))
    return [(row.name, row.lon, row.lat) for row in session.execute(rows.limit(10))]


def _milliseconds(work: Callable[[Any], object], given: list[Any]) -> dict[str, float]:
    """Of the clock on the wall, and of this process's processor, which other work on the machine does not lengthen."""
    work(given[0])
    waited, worked = [], []
    for each in given:
        began, began_work = time.perf_counter(), time.process_time()
        work(each)
        worked.append((time.process_time() - began_work) * 1e3)
        waited.append((time.perf_counter() - began) * 1e3)
    told = {"p50": np.percentile(waited, 50), "p99": np.percentile(waited, 99)}
    told |= {"processor_p50": np.percentile(worked, 50), "processor_p99": np.percentile(worked, 99)}
    return {name: round(float(value), 2) for name, value in told.items()}


def _names(draw: Random, number: int, tails: tuple[str, ...]) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < number:
        stem = "".join(draw.choice(LETTERS) for _ in range(draw.randint(2, 4)))
        names[stem + draw.choice(tails)] = None
    return list(names)


def _point(draw: Random) -> tuple[float, float]:
    return WEST + draw.random() * WIDTH, SOUTH + draw.random() * HEIGHT


def _fill(session: Session, draw: Random, roads: list[str], others: list[str], sounds: dict[str, str]) -> None:
    on = date(2025, 1, 1)
    plate = {"kind": AddressKind.PLATE, "pinyin": "", "line": None}
    rows: list[dict[str, Any]] = []

    def add(**row: Any) -> None:
        place = {"quad": quad(row["lon"], row["lat"]), "valid_from_on": on, "is_alias": False}
        rows.append({"parent_code": None, "number": None, "line": None, **place, **row})
        if len(rows) >= 20_000:
            session.execute(insert(Address), rows)
            rows.clear()

    for count, name in enumerate(others):
        lon, lat = _point(draw)
        sound = " ".join(sounds[letter] for letter in name)
        add(code=f"L{count}", kind=AddressKind.LANDMARK, name=name, pinyin=sound, lon=lon, lat=lat)
    for count, name in enumerate(roads):
        lon, lat = _point(draw)
        # Every other one runs north: so many cross.
        turn = (0.0, 0.02) if count % 2 else (0.02, 0.0)
        line = LineString([(lon - turn[0], lat - turn[1]), (lon + turn[0], lat + turn[1])])
        sound = " ".join(sounds[letter] for letter in name)
        add(code=f"R{count}", kind=AddressKind.ROAD, name=name, pinyin=sound, lon=lon, lat=lat, line=line)
        for number in range(1, 2 * PLATES_A_ROAD, 2):
            share = number / 2 / PLATES_A_ROAD * 2 - 1
            at = {"lon": lon + turn[0] * share, "lat": lat + turn[1] * share}
            add(code=f"R{count}-{number}", name=f"{number}号", parent_code=f"R{count}", number=number, **plate, **at)
    if rows:
        session.execute(insert(Address), rows)
    bump(session, GazetteerRevision)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
