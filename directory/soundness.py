"""What the fields of a service must say together before they are published.

The same rules as `checks` holds for the seed; here each is a Spanish sentence for an editor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from directory.checks import FARTHEST_KM, is_reachable
from directory.errors import EditRefused
from directory.fields import DIALLED, PLACE_NAMES, YEAR
from directory.lines import line_services, stand_ins
from directory.nearness import distance_km, point
from directory.places import Place, all_places, elsewhere, find
from directory.rows import Row
from directory.spelling import fold

HIDDEN_HOUSE = re.compile(r"\b(casas? refugio|albergues?|casas? de acogida|casa segura)\b", re.I)
PERU = (-18.6, 0.1, -81.4, -68.6)
"""South, north, west, east."""


def disagreements(said: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with all fields of one service together, by field; empty when all is well."""
    return dict(_wrong(said))


def is_offered(said: Mapping[str, str]) -> bool:
    """Whether fields such as these are shown to people; the rule of `listing.is_shown`."""
    return said["status"] == "active" and is_reachable(row_of("", said))


def row_of(service_id: str, said: Mapping[str, str]) -> Row:
    """Fields as a row, the names of its place filled in."""
    place = all_places().get(said["ubigeo"])
    names = {"district": "", "province": "", "department": ""}
    if place is not None:
        is_district = place.level == "district"
        names = {
            "district": place.name if is_district else "",
            "province": place.province or "",
            "department": place.department,
        }
    kept = ("confirmed_at", "status", "alert", "closed_until", "id", *PLACE_NAMES)
    plain = {name: text for name, text in said.items() if name not in kept}
    return Row(line=0, id=service_id, supersedes="", **plain, **names)


def placed(before: Mapping[str, str], changed: Mapping[str, str]) -> dict[str, str]:
    """The changes with the names of a place turned into its code.

    Whoever writes a code means the code; names alone are looked up. Raises EditRefused when they
    name no place, or more than one.
    """
    kept = {name: text for name, text in changed.items() if name not in PLACE_NAMES}
    renamed = [name for name in PLACE_NAMES if changed.get(name, before[name]) != before[name]]
    if not renamed or kept.get("ubigeo", before["ubigeo"]) != before["ubigeo"]:
        return kept
    named = {name: changed.get(name, before[name]) for name in PLACE_NAMES}
    field = renamed[0]
    if not any(named.values()):
        return {**kept, "ubigeo": ""}
    fitting = _fitting(named)
    if len(fitting) == 1:
        return {**kept, "ubigeo": fitting[0].ubigeo}
    asked = ", ".join(text for text in named.values() if text)
    if not fitting:
        raise EditRefused({field: f"No encuentro «{asked}» entre los distritos del Perú."})
    choices = "; ".join(f"{place.label} = {place.ubigeo}" for place in fitting[:4])
    raise EditRefused({field: f"«{asked}» puede ser más de un lugar. Escribe el código: {choices}"})


def _fitting(named: Mapping[str, str]) -> list[Place]:
    """Places of the finest level named that lie in the others."""
    level = next(name for name in PLACE_NAMES if named[name])
    wanted = {name: _meant(name, text) for name, text in named.items()}
    found = []
    for place in all_places().values():
        around = {
            "district": place.ubigeo,
            "province": f"{place.ubigeo[:4]}00",
            "department": f"{place.ubigeo[:2]}0000",
        }
        if place.level == level and all(
            around[name] in wanted[name] for name in PLACE_NAMES if named[name]
        ):
            found.append(place)
    exact = [place for place in found if place.name.casefold() == named[level].casefold()]
    return exact or found


def _meant(level: str, name: str) -> set[str]:
    """Codes of what the name of a district, province or department may mean: of all that are
    called so, and of those it sounds like. `Lima` alone is the city, here the department too."""
    folded = fold(name)
    return {place.ubigeo for place in find(name, is_answer=True)} | {
        place.ubigeo
        for place in all_places().values()
        if place.level == level and fold(place.name) == folded
    }


def _wrong(said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield from _shelter(said)
    yield from _ways(said)
    yield from _position(said)
    known = DIALLED.findall("; ".join(said[name] for name in ("phones", "whatsapp")))
    for number in DIALLED.findall(YEAR.sub("", said["name"])):
        if number not in known:
            yield "name", f"El nombre lleva el número {number}, que no está en «Teléfonos»."
    if not said["coverage"]:
        yield "coverage", "Sin zona nadie lo encuentra: elige los departamentos que atiende."
    if not said["topics"]:
        yield "topics", "Elige por lo menos un tema: por él se encuentra el servicio."


def _shelter(said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The place of a shelter is never kept (SAFETY 16)."""
    is_house = said["kind"] == "shelter" or HIDDEN_HOUSE.search(said["name"])
    if not is_house:
        return
    sentence = "El lugar de una casa refugio no se guarda nunca: deja vacío este campo."
    for name in ("address", "lat", "lon"):
        if said[name]:
            yield name, sentence
    if said["ubigeo"] and not said["ubigeo"].endswith("0000"):
        yield "ubigeo", "De una casa refugio se guarda solo el departamento."


def _ways(said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if said["status"] != "active" or stand_ins(said["id"]):
        return
    if not any(said[name] for name in ("phones", "whatsapp", "email", "url", "address")):
        yield "phones", "Falta una manera de llegar: un teléfono, WhatsApp, correo, página o calle."


def _position(said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if bool(said["lat"]) != bool(said["lon"]):
        yield "lat", "Faltan las dos coordenadas juntas: latitud y longitud, o ninguna."
        return
    place = all_places().get(said["ubigeo"])
    if said["address"] and place is None:
        yield "ubigeo", "Una dirección necesita su distrito."
    if not said["lat"]:
        return
    lat, lon = float(said["lat"]), float(said["lon"])
    south, north, west, east = PERU
    if south <= lon <= north and west <= lat <= east:
        yield "lat", "Latitud y longitud parecen cambiadas: la latitud del Perú va de 0 a -18."
    elif not (south <= lat <= north and west <= lon <= east):
        yield "lat", "Esas coordenadas no están en el Perú."
    elif place is None:
        yield "ubigeo", "Unas coordenadas necesitan su distrito."
    elif place.level == "district":
        away = distance_km(point(lat, lon), point(place.lat, place.lon))
        if away > FARTHEST_KM:
            yield "lat", f"Ese punto está a {away:.0f} km de {place.label}."
        elif there := elsewhere(place, lat, lon):
            yield "lat", f"Ese punto está en {there.label}, no en {place.label}."


def refuse_line(service_id: str) -> None:
    """Raise EditRefused for a national line: those change with the program, not here."""
    if service_id in line_services():
        raise EditRefused(
            "Esta es una línea nacional de emergencia y no se cambia aquí. "
            "Si está equivocada, avisa hoy mismo a quien administra Kuska."
        )
