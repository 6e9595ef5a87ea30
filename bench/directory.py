"""The directory's search with many times the services of Peru, in one thread."""

from __future__ import annotations

import itertools
import random
import time
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import quantiles

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from directory import seeding
from directory.listing import Listing, Phone
from directory.models import Base
from directory.needs import needs
from directory.places import Place, all_places
from directory.reading import Records, read
from directory.schedules import LIMA
from directory.search import Directory

SERVICES = 100_000
SEARCHES = 6_000
ALLOWED_MS = 2.0
MONDAY = datetime(2026, 11, 23, 22, 0, tzinfo=LIMA)


def measure() -> None:
    """Print how long searches take among the seed's services, and among 100,000."""
    seed = _seed()
    print(f"\n{'searching the directory':<32}{'p50 ms':>10}{'p99 ms':>10}{'worst':>10}")
    for listings in (seed, _many(seed)):
        index = Directory(Records(1, listings, {}))
        spent = _search(index)
        cuts = quantiles(spent, n=100)
        verdict = "" if cuts[98] < ALLOWED_MS else f"  over {ALLOWED_MS:.0f} ms"
        name = f"{len(listings):,} services"
        print(f"{name:<32}{cuts[49]:>10.2f}{cuts[98]:>10.2f}{max(spent):>10.2f}{verdict}")


def _seed() -> tuple[Listing, ...]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        seeding.load(session)
        return read(session).listings


def _many(seed: tuple[Listing, ...]) -> tuple[Listing, ...]:
    """The seed's regional services again and again, spread over all districts."""
    chance = random.Random(26)  # noqa: S311 - the same services every time, nothing secret
    districts = [place for place in all_places().values() if place.level == "district"]
    regional = itertools.cycle([one for one in seed if not one.is_national])
    made = [
        _moved(next(regional), number, chance.choice(districts), chance)
        for number in range(SERVICES - len(seed))
    ]
    return (*seed, *made)


def _moved(one: Listing, number: int, place: Place, chance: random.Random) -> Listing:
    return replace(
        one,
        id=f"{one.id}-{number}",
        ubigeo=place.ubigeo,
        district=place.name,
        department=place.department,
        phones=(Phone(str(900_000_000 + number)),),
        areas=(place.ubigeo[:2],),
        lat=place.lat + chance.uniform(-0.05, 0.05),
        lon=place.lon + chance.uniform(-0.05, 0.05),
        rank=number,
    )


def _search(index: Directory) -> list[float]:
    """Milliseconds of searches for every need, from everywhere, at all hours, one in three with
    something she fears; of processor time, so that other work on the machine is not counted."""
    chance = random.Random(7)  # noqa: S311 - as above
    places, wanted = list(all_places().values()), list(needs())
    spent = []
    for number in range(SEARCHES):
        need, place = chance.choice(wanted), chance.choice(places)
        at = MONDAY + timedelta(minutes=chance.randrange(7 * 24 * 60))
        fears = frozenset({"works_with_police"} if number % 3 == 0 else ())
        began = time.thread_time()
        index.search(need, place=place, at=at, fears=fears)
        spent.append((time.thread_time() - began) * 1000)
    return spent
