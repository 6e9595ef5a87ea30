"""The fields of a service as editors write them, one by one: their names, and what each may hold.

They are the columns of the spreadsheet and the editors' `note`: a row of a spreadsheet and a form
are the same thing. `read` gives a field as it is kept, or a
Spanish sentence for who wrote it. What fields say together is the concern of `soundness`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache

from directory import hours
from directory.checks import MAIL, PERSON
from directory.columns import all_columns
from directory.errors import EditRefused, HoursUnclear
from directory.models import FEAR_TAXONOMIES
from directory.needs import needs, topics
from directory.places import all_places
from directory.rows import (
    LANGUAGES,
    METROPOLITAN,
    NATIONAL,
    department_codes,
    read_rows,
    source_day,
)
from directory.seeds import split
from directory.telephone import read_phone, read_whatsapp

FIELDS = (*all_columns(), "note")
WAYS = frozenset({"phones", "whatsapp", "email", "url", "address"})
"""Where a person turns to: only with a second pair of eyes."""
LISTS = frozenset({"audience", "topics", "coverage", "languages"})
"""Lists whose order says nothing."""
PLACE_NAMES = ("district", "province", "department")
"""Said by `ubigeo`; written only to find it."""
TRUTHS = ("yes", "no", "unknown")
STATUSES = ("active", "inactive", "defunct")
CONFIDENCES = ("high", "medium", "low")
PRIORITIES = ("0", "1", "2", "3")
LONGEST = 255
LONGEST_OF = {"email": 500, "url": 500, "source_url": 2000, "alert": 200, "note": 2000, "id": 80}
LONGEST_OF |= {"address": 500}
CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,79}")
LINK = re.compile(r"https?:|www\.|@|\b[\w-]+\.(com|pe|org|net|info|me)\b", re.IGNORECASE)
DIALLED = re.compile(r"\d(?:[ .-]?\d){2,}")
YEAR = re.compile(r"\b(19|20)\d\d\b")
Reader = Callable[[str, date], str]
LIKE = "Escribe la fecha como 2026-12-31."


def read(field: str, text: str, today: date) -> str:
    """A field as it is kept; raises EditRefused with a sentence for its writer."""
    text = " ".join(text.split())
    if not text.isprintable():
        raise EditRefused({field: "Hay signos invisibles en este texto. Escríbelo de nuevo."})
    longest = LONGEST_OF.get(field, LONGEST)
    if len(text) > longest:
        raise EditRefused({field: f"Es muy largo: {longest} letras como máximo."})
    try:
        return _READERS[field](text, today)
    except (ValueError, HoursUnclear) as wrong:
        raise EditRefused({field: str(wrong)}) from None


@lru_cache(maxsize=1)
def kinds() -> tuple[str, ...]:
    """Kinds of service that some need asks for."""
    return tuple(dict.fromkeys(kind for need in needs().values() for kind in need.kinds))


@lru_cache(maxsize=1)
def audiences() -> tuple[str, ...]:
    """Whom services are for, as the seed says it."""
    return tuple(sorted({one for row in read_rows() for one in split(row.audience)}))


def regions() -> tuple[str, ...]:
    """What may be covered: Peru, Lima Metropolitana, each department."""
    return (NATIONAL, METROPOLITAN[0], *department_codes())


def _needed(text: str, _: date) -> str:
    if not text:
        raise ValueError("No puede quedar vacío.")
    return text


def _code(text: str, _: date) -> str:
    if not CODE.fullmatch(text):
        raise ValueError("El código lleva mayúsculas sin tilde, cifras y guiones, como ONG-LIMA-1.")
    return text


def _one_of(allowed: Callable[[], tuple[str, ...]], otherwise: str = "") -> Reader:
    def reader(text: str, _: date) -> str:
        value = text or otherwise
        if value not in allowed():
            raise ValueError(f"«{text}» no vale aquí. Puede ser: {', '.join(allowed())}.")
        return value

    return reader


def _some_of(allowed: Callable[[], tuple[str, ...]], *, is_needed: bool = True) -> Reader:
    def reader(text: str, _: date) -> str:
        values = tuple(dict.fromkeys(split(text.replace(",", ";"))))
        unknown = [value for value in values if value not in allowed()]
        if unknown:
            raise ValueError(f"«{unknown[0]}» no vale aquí. Puede ser: {', '.join(allowed())}.")
        if is_needed and not values:
            raise ValueError("Elige por lo menos uno.")
        return "; ".join(values)

    return reader


def _numbers(read_one: Callable[[str], str]) -> Reader:
    def reader(text: str, _: date) -> str:
        return "; ".join(dict.fromkeys(read_one(one) for one in split(text)))

    return reader


def _mails(text: str, _: date) -> str:
    mails = split(text.replace(",", ";"))
    for mail in mails:
        if not MAIL.fullmatch(mail):
            raise ValueError(f"«{mail}» no es una dirección de correo.")
        if PERSON.match(mail.lower()):
            raise ValueError(f"«{mail}» parece el correo de una sola persona. Pon el del servicio.")
    return "; ".join(mails)


def _address(text: str, _: date) -> str:
    if text and (not re.fullmatch(r"https?://[\w.-]+\.\w+(:\d+)?([/?#]\S*)?", text)):
        raise ValueError(f"«{text}» no es una página web. Empieza con https://")
    return text


def _street(text: str, _: date) -> str:
    if LINK.search(text):
        raise ValueError("Aquí va solo la calle y el número; los enlaces van en «Página web».")
    return text


def _ubigeo(text: str, _: date) -> str:
    if text and text not in all_places():
        raise ValueError(f"No hay ningún lugar con el código {text}.")
    return text


def _degree(text: str, _: date) -> str:
    if not text:
        return ""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        raise ValueError(f"«{text}» no es una coordenada. Se escribe como -12.0464.") from None
    if not -180 <= value <= 180:
        raise ValueError(f"«{text}» no es una coordenada. Se escribe como -12.0464.")
    return str(round(value, 6))


def _hours(text: str, _: date) -> str:
    return hours.read(text)


def _source_date(text: str, today: date) -> str:
    try:
        day = source_day(text)
    except ValueError:
        day = None
    if day is None:
        raise ValueError(f"«{text}» no es una fecha. {LIKE} O solo el mes: 2026-12.")
    if day > today:
        raise ValueError("Esa fecha todavía no llega.")
    return day.isoformat()


def _past_day(text: str, today: date) -> str:
    day = _day(text)
    if day and day > today:
        raise ValueError("Esa fecha todavía no llega.")
    return day.isoformat() if day else ""


def _coming_day(text: str, today: date) -> str:
    day = _day(text)
    if day and day < today:
        raise ValueError("Esa fecha ya pasó. Si ya abrió, deja este campo vacío.")
    return day.isoformat() if day else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"«{text}» no es una fecha. {LIKE}") from None


def _alert(text: str, _: date) -> str:
    if LINK.search(text) or DIALLED.search(YEAR.sub("", text)):
        raise ValueError(
            "El aviso no lleva números ni enlaces: van en «Teléfonos» o «Página web», "
            "donde los revisa otra persona."
        )
    return text


def _plain(text: str, _: date) -> str:
    return text


_truth = _one_of(lambda: TRUTHS, "unknown")
_READERS: Mapping[str, Reader] = {
    **dict.fromkeys(FIELDS, _plain),
    **dict.fromkeys(("name", "organization", "source"), _needed),
    **dict.fromkeys(("free", "anonymous", *FEAR_TAXONOMIES), _truth),
    **dict.fromkeys(("url", "source_url"), _address),
    **dict.fromkeys(("lat", "lon"), _degree),
    "id": _code,
    "kind": _one_of(kinds),
    "audience": _some_of(audiences),
    "topics": _some_of(lambda: tuple(topics())),
    "phones": _numbers(read_phone),
    "whatsapp": _numbers(read_whatsapp),
    "email": _mails,
    "address": _street,
    "ubigeo": _ubigeo,
    "coverage": _some_of(regions, is_needed=False),
    "hours": _hours,
    "languages": _some_of(lambda: tuple(LANGUAGES)),
    "priority": _one_of(lambda: PRIORITIES, "3"),
    "confidence": _one_of(lambda: CONFIDENCES, "medium"),
    "source_date": _source_date,
    "confirmed_at": _past_day,
    "status": _one_of(lambda: STATUSES, "active"),
    "alert": _alert,
    "closed_until": _coming_day,
}
