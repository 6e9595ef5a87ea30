"""What stands in a cell, in our own notation, whatever a spreadsheet program made of it.

Programs turn `24/7` into the 24th of July, `981300003` into `981300003.0`, `2023-04-01` into a
date in the order of their country; here all of it is read back, so that a file that only passed
through a program changes nothing. What cannot be read back is refused, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

from directory.columns import TRUTHS, word_of
from directory.errors import CellRefused
from directory.rows import read_number, source_day
from directory.seeds import split
from directory.spelling import fold
from directory.spreadsheet import FORMULA
from directory.workbook import Cell, Formula

DAYS = frozenset({"source_date", "confirmed_at", "closed_until"})
LISTS = frozenset({"audience", "topics", "email", "coverage", "languages"})
NUMBERS = frozenset({"phones", "whatsapp"})
COORDINATES = frozenset({"lat", "lon"})
WORDS = frozenset({"confidence", "status"})
SAME_PLACE = 1e-5  # degrees; a metre
LONGEST = 4000  # letters in a cell; the longest of the seed has 368
_WHOLE = re.compile(r"(\d+)\.0+")
_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
# UTF-8 that somebody opened as Windows text and saved: `LÃ­nea`.
_DAMAGED = re.compile("Ã[\x80-\xbfƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ¡-¿]|Â[¡-¿]|â€|\ufffd")
_NUMERIC_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2}|\d{4})")
_ISO_DAY = re.compile(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?:[ T][\d:.]+)?")
_NAMED_DAY = re.compile(r"(\d{1,2})(?: de|-| )? ?([a-z]{3,10})\.?(?: de|-| )? ?(\d{4}|\d{2})")
_MONTHS = "ene feb mar abr may jun jul ago sep oct nov dic".split()
_ALL_DAY = re.compile(
    r"(?:\d{4}-07-24|24[/.-](?:0?7|jul)(?:[/.-]\d{2,4})?|0?7/24/\d{2,4})(?: 00:00:00)?",
    re.IGNORECASE,
)


def read(column: str, cell: Cell, *, is_month_first: bool = False) -> str:
    """The cell as text in the notation of its column; raises CellRefused."""
    if isinstance(cell, Formula):
        raise CellRefused("hay una fórmula; pega solo el valor")
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, date):
        return _day_cell(column, cell)
    text = _plain(column, _number(cell) if isinstance(cell, int | float) else str(cell or ""))
    if column in TRUTHS:
        return word_of(column, text) or "unknown"
    if not text:
        return ""
    if column in DAYS:
        return _day(text, is_month_first=is_month_first)
    if column == "hours":
        return "24/7" if _ALL_DAY.fullmatch(text) else text
    if column in COORDINATES:
        return _coordinate(text)
    if column in LISTS:
        return "; ".join(word_of(column, one) for one in split(text.replace(",", ";")))
    if column in WORDS:
        return word_of(column, text)
    if column in NUMBERS:
        return "; ".join(map(_dialled, split(text)))
    if whole := _WHOLE.fullmatch(text):
        text = whole[1]
    return text.zfill(6) if column == "ubigeo" and len(text) == 5 and text.isdigit() else text


def is_same(column: str, before: str, after: str) -> bool:
    """Whether two texts of a column say the same, though perhaps not with the same signs."""
    if column in NUMBERS:
        return _digits(before) == _digits(after)
    if column in LISTS:
        return {fold(one) for one in split(before)} == {fold(one) for one in split(after)}
    if column in COORDINATES and before and after:
        return abs(_degrees(before) - _degrees(after)) < SAME_PLACE
    if before.isdigit() and after.isdigit():
        return int(before) == int(after)
    return " ".join(before.split()) == " ".join(after.split())


def is_month_first(days: list[str]) -> bool:
    """Whether the days of a file are written in the order of the United States.

    A single day after the 12th in second place shows it, unless another shows the contrary.
    """
    written = [found for day in days if (found := _NUMERIC_DAY.fullmatch(day.strip()))]
    return any(int(one[2]) > 12 for one in written) and not any(int(one[1]) > 12 for one in written)


def _plain(column: str, text: str) -> str:
    """Without invisible signs, doubled spaces and our own guard; damaged letters are refused."""
    if _DAMAGED.search(text):
        raise CellRefused(
            f"las letras están dañadas («{text[:30]}»); guarda el archivo como .xlsx o CSV UTF-8"
        )
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", text)
        text = text.replace("\n", ";" if column in LISTS | NUMBERS else " ")
        text = "".join(c for c in text if unicodedata.category(c) not in ("Cf", "Cs"))
        text = "".join(c if c.isprintable() else " " for c in text)
    text = " ".join(text.split())
    if text[:1] == "'" and text[1:].startswith(FORMULA):
        text = text[1:]
    elif text.startswith("="):
        raise CellRefused("hay una fórmula; pega solo el valor")
    if len(text) > LONGEST:
        raise CellRefused(f"el texto tiene {len(text)} letras y el máximo es {LONGEST}")
    if text.startswith("#") and text[1:4].isupper():  # #REF!, #NAME?, #VALUE!
        raise CellRefused("hay un error de cálculo; pega solo el valor")
    return text


def _number(number: float) -> str:
    """A number without the point that programs add."""
    return str(int(number)) if float(number).is_integer() else repr(number)


def _dialled(text: str) -> str:
    if _SCIENTIFIC.fullmatch(text):
        raise CellRefused(
            f"el programa cambió el número a «{text}»; escríbelo otra vez en una celda de texto"
        )
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def _digits(numbers: str) -> list[tuple[str, str | None, str | None] | str]:
    """Each number as it is dialled; programs lose a zero or a plus at the beginning."""
    dialled: list[tuple[str, str | None, str | None] | str] = []
    for text in split(numbers):
        read = read_number(text)
        digits = re.sub(r"\D", "", read.number).lstrip("0") if read else ""
        dialled.append((digits, read.extension, read.menu) if read else text)
    return dialled


def _coordinate(text: str) -> str:
    text = text.replace(",", ".").rstrip("°")
    try:
        float(text)
    except ValueError:
        raise CellRefused(f"«{text[:30]}» no es una coordenada en grados, como -12.0464") from None
    return text


def _degrees(text: str) -> float:
    return float(text.replace(",", "."))


def _day_cell(column: str, cell: date) -> str:
    day = cell.date() if isinstance(cell, datetime) else cell
    if column in DAYS:
        return day.isoformat()
    if column == "hours" and (day.month, day.day) == (7, 24):
        return "24/7"
    raise CellRefused(f"el programa lo convirtió en la fecha {day}; escríbelo como texto")


def _day(text: str, *, is_month_first: bool) -> str:
    """`1/4/2023`, `1-abr-23`, `2023-04`: the earliest day it allows, as `2023-04-01`."""
    try:
        if found := _NUMERIC_DAY.fullmatch(text):
            first, second = int(found[1]), int(found[2])
            day, month = (second, first) if is_month_first else (first, second)
            return date(_year(found[3]), month, day).isoformat()
        if found := _ISO_DAY.fullmatch(text):
            return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
        if found := _NAMED_DAY.fullmatch(fold(text)):
            name = found[2][:3].replace("set", "sep")
            return date(_year(found[3]), _MONTHS.index(name) + 1, int(found[1])).isoformat()
        if allowed := source_day(text):
            return allowed.isoformat()
    except ValueError:
        pass  # the 31st of February, the month 13, a name that is no month
    raise CellRefused(f"«{text[:30]}» no es una fecha; escríbela así: 2026-11-21")


def _year(text: str) -> int:
    return int(text) + (2000 if len(text) == 2 else 0)
