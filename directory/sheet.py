"""A spreadsheet as it arrives, CSV or XLSX of any program, as rows under our columns.

Nothing is trusted but the bytes: not the file's name, not its declared size, not its encoding.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from directory import workbook
from directory.columns import column_of, title
from directory.errors import SheetRefused
from directory.workbook import Cell, Cells

MOST_BYTES = 10 * 2**20
MOST_ROWS = 20_000
MOST_LINES = 10 * MOST_ROWS  # of text, empty ones among them
LONGEST_HEADING = 20_000  # letters; ours has 500
SEPARATORS = (",", ";", "\t")
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
UNREAD = frozenset({"note", "supersedes"})
"""Columns of the seed that stay with those who keep it; told, not taken in."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row under its columns; `number` is the one that the spreadsheet program shows.

    `is_cut` says that it has fewer cells than the heading: what is missing is not known.
    """

    number: int
    cells: Mapping[str, Cell]
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows that say something, in order; `notes` says what of the file was not read."""

    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()


def read(content: bytes) -> Sheet:
    """What a file says; raises SheetRefused with one sentence for what cannot be read."""
    refuse_heavy(len(content))
    if content.startswith(OLD_EXCEL):
        raise SheetRefused(
            "El archivo es de un Excel antiguo (.xls) o tiene contraseña. Guárdalo como .xlsx, "
            "sin contraseña, y envíalo otra vez."
        )
    if content.startswith(ZIP):
        rows, others = workbook.read(content)
        notes = [f"Solo se leyó la primera hoja, no: {', '.join(others)}."] if others else []
        return _sheet(rows, notes)
    return _sheet(_table(_text(content)), [])


def refuse_heavy(size: int) -> None:
    """Raise SheetRefused for more bytes than are read."""
    if size > MOST_BYTES:
        raise SheetRefused(
            f"El archivo pesa {size / 2**20:.0f} MB y el máximo es {MOST_BYTES // 2**20} MB. "
            "Divídelo en partes."
        )


def _sheet(rows: Iterable[Cells], notes: list[str]) -> Sheet:
    numbered = ((number, row) for number, row in enumerate(rows, start=1) if _says_something(row))
    _, heading = next(numbered, (0, []))
    columns = _columns(heading)
    unread = sorted(UNREAD.intersection(columns))
    if unread:
        notes.append(f"No se importan las columnas: {', '.join(unread)}.")
    lines: list[Line] = []
    for number, row in numbered:
        if len(lines) == MOST_ROWS:
            raise SheetRefused(
                f"El archivo tiene más de {MOST_ROWS:,} filas. Divídelo en partes.".replace(
                    ",", " "
                )
            )
        if _says_something(row[len(columns) :]):
            raise SheetRefused(
                f"La fila {number} tiene más celdas que el encabezado: algo se corrió de lugar."
            )
        cells = {
            column: cell
            for column, cell in zip(columns, row, strict=False)
            if column and column not in UNREAD
        }
        lines.append(Line(number, cells, is_cut=len(row) < len(columns)))
    if not lines:
        raise SheetRefused("El archivo no tiene ninguna fila debajo del encabezado.")
    taken = tuple(column for column in columns if column and column not in UNREAD)
    return Sheet(taken, tuple(lines), tuple(notes))


def _columns(heading: Cells) -> list[str]:
    """The columns under their headings, `""` for an empty one at the end."""
    names = [_heading(cell) for cell in heading]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise SheetRefused("El archivo está vacío.")
    columns = [column_of(name) or (name if name in UNREAD else None) for name in names]
    if "id" not in columns:
        raise SheetRefused(
            "Falta la columna «id» (código del servicio). La primera fila debe tener los nombres "
            "de las columnas, como en el archivo que se descarga."
        )
    unknown = [name for name, column in zip(names, columns, strict=True) if column is None]
    if unknown:
        said = ", ".join(f"«{name[:40]}»" if name else "una sin nombre" for name in unknown[:5])
        raise SheetRefused(f"No se conoce la columna {said}. Corrige su nombre o quítala.")
    known = [column for column in columns if column]
    for column in known:
        if known.count(column) > 1:
            raise SheetRefused(f"La columna «{title(column)}» ({column}) está dos veces.")
    return known


def _heading(cell: Cell) -> str:
    return cell.strip() if isinstance(cell, str) else "" if cell is None else str(cell)


def _says_something(row: Cells) -> bool:
    return any(
        cell is not None and not (isinstance(cell, str) and not cell.strip()) for cell in row
    )


def _text(content: bytes) -> str:
    """The letters of a text file: Unicode where it is, else what Windows writes in Peru."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in content[:4]:
        encodings = ["utf-16-be" if content[:1] == b"\0" else "utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise SheetRefused(
        "El archivo no es una hoja de cálculo ni un texto que se pueda leer. Guárdalo como .xlsx o "
        ".csv (UTF-8)."
    )


def _table(text: str) -> Iterator[Cells]:
    """The rows of a CSV text, by the separator under which its heading is best known."""
    heading = next((line for line in text.splitlines() if line.strip()), "")
    if text.count("\n") + text.count("\r") > 2 * MOST_LINES or len(heading) > LONGEST_HEADING:
        raise SheetRefused("El archivo tiene demasiadas filas o columnas. Divídelo en partes.")
    first, _, rest = text.partition("\n")
    separator = None
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # Excel's own hint
        separator, text = first.strip()[-1], rest
        yield []
    separator = separator or max(SEPARATORS, key=lambda one: _known(heading, one))
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            yield list(row)
    except csv.Error as error:
        raise SheetRefused(
            "El archivo .csv está roto: hay comillas sin cerrar o una celda enorme. Guárdalo de "
            "nuevo desde tu programa."
        ) from error


def _known(heading: str, separator: str) -> int:
    """How many of its names are known when the heading is parted so."""
    return sum(column_of(name.strip(' "')) is not None for name in heading.split(separator))
