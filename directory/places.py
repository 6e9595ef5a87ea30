"""The 2,112 departments, provinces and districts of Peru, by name and by position.

A name is found as people type it: without accents, misspelt, inside a sentence, by its popular
form. An ambiguous name gives every candidate, for her to choose; nothing found gives none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from directory.naming import Names
from directory.nearness import Tree, point
from directory.seeds import read_table, read_yaml

Level = Literal["department", "province", "district"]
MAY_BE_ITS = 5  # a position may be in each of the so many districts with the nearest centres
ABROAD_KM = 60.0  # farther than this from the centre of any district is not in Peru


@dataclass(frozen=True, slots=True)
class Place:
    """A department, province or district; `ubigeo` is the six-digit INEI code."""

    ubigeo: str
    level: Level
    name: str
    province: str
    department: str
    lat: float
    lon: float

    @property
    def label(self) -> str:
        """The name told apart from its namesakes: `Santa Rosa (Puno, Melgar)`."""
        if self.level == "department":
            return self.name
        around = [self.department, self.province if self.level == "district" else "provincia"]
        return f"{self.name} ({', '.join(around)})"

    @property
    def prefix(self) -> str:
        """The digits shared by every place inside this one."""
        return self.ubigeo[: {"department": 2, "province": 4, "district": 6}[self.level]]


@lru_cache(maxsize=1)
def all_places() -> dict[str, Place]:
    """Every place by its code."""
    return {
        row["ubigeo"]: Place(
            ubigeo=row["ubigeo"],
            level=row["level"],  # type: ignore[arg-type]  # checks.py proves the three words
            name=row["name"],
            province=row["province"],
            department=row["department"],
            lat=float(row["lat"]),
            lon=float(row["lon"]),
        )
        for _, row in read_table("places.csv")
    }


def place(ubigeo: str) -> Place:
    """The place with this code; raises KeyError when there is none."""
    return all_places()[ubigeo]


def nearest(lat: float, lon: float) -> Place | None:
    """The district whose centre is nearest to a shared position; None outside Peru."""
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None
    distance, district = next(_districts().walk(point(lat, lon)))
    return district if distance <= ABROAD_KM else None


def elsewhere(place: Place, lat: float, lon: float) -> Place | None:
    """Where a position is that is not in `place`; None where it may well be.

    Only centres are known, so only what is surely wrong counts: the nearest district is of another
    department, and several others are nearer than its own.
    """
    if place.level != "district":
        return None
    near = [one for _, one in _districts().nearest(point(lat, lon), MAY_BE_ITS)]
    there = near[0]
    return None if place in near or there.ubigeo[:2] == place.ubigeo[:2] else there


def find(text: str, *, within: str | None = None, is_answer: bool = False) -> list[Place]:
    """The places a text names, most sensible first.

    Inside a sentence a name must be exact, or nearly so right after en, de, desde, por, hacia;
    `is_answer` says that the text answers "which city?", so that a rougher likeness will do.
    `within` keeps only what lies in the department or province of that code.
    """
    return [place(code) for code in _names().find(text, within=within, is_answer=is_answer)]


@lru_cache(maxsize=1)
def _names() -> Names:
    known = read_yaml("place_names.yaml")
    popular = {
        name: [codes] if isinstance(codes, str) else codes
        for name, codes in known["popular"].items()
    }
    words = [word for line in known["everyday_words"].values() for word in line]
    return Names(
        ((one.ubigeo, one.name) for one in all_places().values()),
        popular,
        words,
        known["towns"],
        known["leading_words"],
        known["short_words"],
    )


@lru_cache(maxsize=1)
def _districts() -> Tree[Place]:
    return Tree(
        [(point(one.lat, one.lon), one) for one in all_places().values() if one.level == "district"]
    )
