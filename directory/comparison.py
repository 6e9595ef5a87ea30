"""What a spreadsheet would change: row by row, only what says something else than we do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from directory import cells
from directory.columns import all_columns, title
from directory.errors import CellRefused
from directory.places import Place, all_places
from directory.reading import Records
from directory.sheet import Line, Sheet
from directory.spelling import fold
from directory.spreadsheet import row

NAMES = ("district", "province", "department")
"""Said by the ubigeo; in a sheet they help people, and stand for it when it was not changed."""
NOTHING: Mapping[str, str] = dict.fromkeys(all_columns(), "")


@dataclass(frozen=True, slots=True)
class Change:
    """One field, in the notation of its column."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that says something else than we do; `service_id` is None for a new service.

    With `refused` the row cannot be taken in, and each sentence says why.
    """

    number: int
    service_id: str | None
    name: str
    changes: tuple[Change, ...]
    refused: tuple[str, ...] = ()


def compare(sheet: Sheet, records: Records) -> list[Difference]:
    """The rows that change something or cannot be read; equal rows say nothing."""
    known = {one.id: row(one) for one in records.listings}
    is_month_first = cells.is_month_first(
        [str(line.cells.get(column) or "") for line in sheet.lines for column in cells.DAYS]
    )
    codes = [str(line.cells.get("id") or "").strip() for line in sheet.lines]
    repeated = {code for code, count in Counter(codes).items() if code and count > 1}
    found = []
    for line, code in zip(sheet.lines, codes, strict=True):
        before = known.get(code, NOTHING)
        refused = list(_refused(line, code, repeated, known, records))
        after: dict[str, str] = {}
        for column, cell in line.cells.items():
            try:
                after[column] = cells.read(column, cell, is_month_first=is_month_first)
            except CellRefused as error:
                refused.append(f"{title(column)}: {error}")
        if not refused:
            try:
                _settle(before, after)
            except CellRefused as error:
                refused.append(str(error))
        changes = () if refused else tuple(_changes(before, after))
        if changes or refused:
            name = after.get("name") or before["name"]
            found.append(Difference(line.number, code or None, name, changes, tuple(refused)))
    return found


def _refused(
    line: Line,
    code: str,
    repeated: set[str],
    known: Mapping[str, Mapping[str, str]],
    records: Records,
) -> Iterator[str]:
    """Why a row cannot be taken in whatever its cells say."""
    if line.is_cut:
        yield "la fila tiene menos celdas que el encabezado; puede estar cortada"
    if code in repeated:
        yield f"el código {code} está en más de una fila"
    if code in records.superseded:
        newer = records.superseded[code]
        yield f"el código {code} ya fue reemplazado por {newer}; corrige esa fila"
    elif code and code not in known:
        yield f"no hay un servicio con el código {code}; para uno nuevo deja el código vacío"


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for column, text in after.items():
        was = before.get(column, "")
        says_nothing = before is NOTHING and text == "unknown"
        if column != "id" and not says_nothing and not cells.is_same(column, was, text):
            yield Change(column, was, text)


def _settle(before: Mapping[str, str], after: dict[str, str]) -> None:
    """Leave of the place its code only; raises CellRefused when name and code disagree."""
    names = {name: after.pop(name) for name in NAMES if name in after}
    told = {name: text for name, text in names.items() if fold(text) != fold(before[name])}
    code = after.get("ubigeo", before["ubigeo"])
    if code and code != before["ubigeo"]:
        place = all_places().get(code)
        if place is None:
            raise CellRefused(f"no hay un lugar con el ubigeo {code}")
        wrong = [text for name, text in told.items() if text and fold(text) != _named(place, name)]
        if wrong:
            raise CellRefused(f"el ubigeo {code} es {place.label}, no {', '.join(wrong)}")
    elif told and any(names.values()):
        after["ubigeo"] = _place(names | _kept(before, names)).ubigeo


def _kept(before: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Names of the place for which the sheet has no column."""
    return {name: before[name] for name in NAMES if name not in names}


def _place(names: Mapping[str, str]) -> Place:
    """The one place of these names; its level is that of the smallest that is named."""
    level = next(name for name in NAMES if names[name])
    found = [
        place
        for place in all_places().values()
        if place.level == level
        and all(_named(place, name) == fold(text) for name, text in names.items() if text)
    ]
    said = ", ".join(text for name in NAMES if (text := names[name]))
    if not found:
        raise CellRefused(f"no hay un lugar llamado {said}; revisa el nombre o escribe el ubigeo")
    if len(found) > 1:
        raise CellRefused(f"hay {len(found)} lugares llamados {said}; escribe el ubigeo")
    return found[0]


def _named(place: Place, level: str) -> str:
    """The folded name of a place's district, province or department."""
    names = {"district": place.name, "province": place.province, "department": place.department}
    return fold(place.name if place.level == level else names[level])
