"""What a spreadsheet would change: row by row, only what says something else than we do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from directory import cells
from directory.columns import all_columns, title
from directory.errors import CellRefused, SheetRefused
from directory.places import Place, all_places
from directory.reading import Records
from directory.sheet import Line, Sheet
from directory.spelling import fold
from directory.spreadsheet import row

NAMES = ("district", "province", "department")
"""Said by the ubigeo; in a sheet they help people, and stand for it when it was not changed."""
KNOWN_BY = ("name", "organization", "phones", "whatsapp")
"""A row without a code that repeats these of a service is that service, not a new one."""
NOTHING: Mapping[str, str] = dict.fromkeys(all_columns(), "")


@dataclass(frozen=True, slots=True)
class Change:
    """One field, in the notation of its column."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that says something else than we do.

    A new service has the code that its row gives it, or none. With `refused` the row cannot be
    taken in, and each sentence says why.
    """

    number: int
    service_id: str | None
    is_new: bool
    name: str
    changes: tuple[Change, ...]
    refused: tuple[str, ...] = ()


_PACKED = TypeAdapter(list[Difference])


def pack(differences: list[Difference]) -> str:
    """As text, to be kept by a page until somebody agrees."""
    return _PACKED.dump_json(differences).decode()


def unpack(text: bytes) -> list[Difference]:
    """What `pack` made; raises SheetRefused for anything else."""
    try:
        found = _PACKED.validate_json(text)
    except ValidationError:
        found = []
    if not found or not all(map(_is_text, found)):
        raise SheetRefused("No llegó lo que se iba a importar. Sube el archivo otra vez.")
    return found


def renew(differences: list[Difference], records: Records) -> list[Difference]:
    """The same, with the rows refused that somebody changed since they were compared."""
    known = {one.id: row(one) for one in records.listings}
    return [
        replace(one, refused=tuple(late)) if (late := list(_late(one, known))) else one
        for one in differences
    ]


def _late(one: Difference, known: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    now = known.get(one.service_id or "")
    if one.is_new or now is None:
        return
    for change in one.changes:
        text = now.get(change.column, change.before)
        if text != change.before:
            yield f"{title(change.column)}: cambió mientras tanto; ahora dice «{text}»"


def _is_text(one: Difference) -> bool:
    """Whether all of it can be shown and kept, and names columns of ours."""
    texts = [one.service_id or "", one.name, *one.refused]
    texts += [text for each in one.changes for text in (each.before, each.after)]
    return all(text.isprintable() for text in texts) and all(
        each.column in NOTHING for each in one.changes
    )


def compare(sheet: Sheet, records: Records) -> list[Difference]:
    """The rows that change something or cannot be read; equal rows say nothing."""
    known = {one.id: row(one) for one in records.listings}
    is_month_first = cells.is_month_first(
        [str(line.cells.get(column) or "") for line in sheet.lines for column in cells.DAYS]
    )
    codes = [str(line.cells.get("id") or "").strip() for line in sheet.lines]
    repeated = {code for code, count in Counter(codes).items() if code and count > 1}
    twins = {signs(fields): code for code, fields in known.items()} if "" in codes else {}
    found = []
    for line, code in zip(sheet.lines, codes, strict=True):
        before = known.get(code, NOTHING)
        refused = list(_refused(line, code, repeated, records))
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
            if not code and (same := twins.get(signs(after))):
                refused.append(f"este servicio ya está con el código {same}; escríbelo en su fila")
        changes = () if refused else tuple(_changes(before, after))
        if changes or refused:
            name = after.get("name") or before["name"]
            found.append(
                Difference(
                    line.number, code or None, before is NOTHING, name, changes, tuple(refused)
                )
            )
    return found


def _refused(
    line: Line,
    code: str,
    repeated: set[str],
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


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for column, text in after.items():
        was = before.get(column, "")
        says_nothing = before is NOTHING and text in ("", "unknown")
        if column != "id" and not says_nothing and not cells.is_same(column, was, text):
            yield Change(column, was, text)


def signs(fields: Mapping[str, str]) -> tuple[str, ...]:
    """By what a service without a code is known again."""
    return tuple(fold(fields.get(name, "")) for name in KNOWN_BY)


def _settle(before: Mapping[str, str], after: dict[str, str]) -> None:
    """Of a place's code and its names, keep what is new; raises CellRefused when they disagree."""
    code = after.get("ubigeo", before["ubigeo"])
    told = {name: text for name in NAMES if (text := after.pop(name, before[name])) != before[name]}
    told = {name: text for name, text in told.items() if fold(text) != fold(before[name])}
    if not code or code == before["ubigeo"]:
        after |= told
        return
    place = all_places().get(code)
    wrong = [text for name, text in told.items() if place and fold(text) != _named(place, name)]
    if place and any(wrong):
        raise CellRefused(f"el código de distrito {code} es {place.label}, no {', '.join(wrong)}")


def _named(place: Place, level: str) -> str:
    """The folded name of a place's district, province or department."""
    names = {"district": place.name, "province": place.province, "department": place.department}
    return fold(place.name if place.level == level else names[level])
