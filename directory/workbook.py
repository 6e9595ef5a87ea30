"""XLSX files: ours written as text only, others' read without running anything in them.

openpyxl is imported where it is used: it takes half a second, and a start needs none of it.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from directory.errors import SheetRefused

MOST_UNPACKED = 64 * 2**20
"""Bytes of an unpacked file: 20,000 full rows take half of it, a zip bomb takes more."""
MOST_PARTS = 1000
MOST_COLUMNS = 200
"""More are formats that a program spread over a sheet; nothing of ours stands so far right."""
WIDEST, NARROWEST = 60, 8
TEXT = "@"  # the format by which a typed number keeps its zeros and its plus
MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z0-9:]+)"')
CHUNK, OVERLAP = 2**20, 200
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    ValueError,  # also text that is not UTF-8
    LookupError,
    TypeError,
    AttributeError,
    EOFError,
    OSError,
    NotImplementedError,  # a way of packing that Python does not know
    RuntimeError,  # a part locked with a password
    OverflowError,
)
"""What openpyxl and what it stands on raise for a file that is not what its name says."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that holds something to compute which is no text; never computed here."""


Cell = str | int | float | bool | date | time | Formula | None
Cells = list[Cell]


def write(rows: Iterable[Iterable[str]], file: IO[bytes], *, name: str) -> None:
    """Write a heading and its rows, every cell as text, the heading always in sight."""
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    table = [list(row) for row in rows]
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(name)  # a write-only sheet, of which its types say too little
    sheet.freeze_panes = "A2"
    for number, column in enumerate(zip(*table, strict=True), start=1):
        dimension = sheet.column_dimensions[get_column_letter(number)]
        dimension.width = min(max(NARROWEST, *map(len, column)) + 2, WIDEST)
        dimension.number_format = TEXT
    for number, row in enumerate(table):
        sheet.append([_written(sheet, text, is_heading=number == 0) for text in row])
    book.save(file)


def _written(sheet: Any, text: str, *, is_heading: bool) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"  # or a text that begins with = would become a formula
    cell.number_format = TEXT
    if is_heading:
        cell.font = Font(bold=True)
    return cell


def read(content: bytes) -> tuple[Iterator[Cells], list[str]]:
    """The rows of the first sheet, and the names of those that are not read.

    Raises SheetRefused, also while the rows are taken, for what is no workbook, is too large when
    unpacked, or has merged cells.
    """
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _examine(archive)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of decorations that openpyxl does not keep
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
        first, *others = book.worksheets
    except SheetRefused:
        raise
    except BROKEN as error:
        raise _refused() from error
    return _rows(first), [sheet.title for sheet in others if sheet.max_row]


def _examine(archive: zipfile.ZipFile) -> None:
    """Refuse what would swell, and what is no sheet of rows."""
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise SheetRefused("El archivo es demasiado grande por dentro. Divídelo en partes.")
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        is_ods = "content.xml" in names
        raise SheetRefused(
            "El archivo es de otro programa (.ods). Guárdalo como .xlsx o .csv y envíalo otra vez."
            if is_ods
            else "El archivo no es una hoja de cálculo. Guárdalo como .xlsx o .csv."
        )
    for part in parts:
        if part.filename.startswith("xl/worksheets/") and (merged := _merged(archive, part)):
            raise SheetRefused(
                f"Hay celdas combinadas ({merged}). Sepáralas, una celda por cada fila y columna, "
                "y envía el archivo otra vez."
            )


def _merged(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> str | None:
    """The first merged range of a sheet; read piece by piece, never whole."""
    with archive.open(part) as file:
        before = b""
        while piece := file.read(CHUNK):
            if found := MERGED.search(before + piece):
                return found[1].decode("ascii")
            before = piece[-OVERLAP:]
    return None


def _rows(sheet: Any) -> Iterator[Cells]:
    try:
        for row in sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True):
            is_empty = row.count(None) == len(row)  # there may be a million
            yield [] if is_empty else [_read(value) for value in row]
    except BROKEN as error:
        raise _refused() from error


def _read(value: object) -> Cell:
    """A cell's value; a formula is the text that begins with =, an array of them an object."""
    if value is None or isinstance(value, str | int | float | date | time):
        return value
    return Formula()


def _refused() -> SheetRefused:
    return SheetRefused(
        "El archivo está dañado o no es una hoja de cálculo. Ábrelo en tu programa, guárdalo de "
        "nuevo como .xlsx o .csv y envíalo otra vez."
    )
