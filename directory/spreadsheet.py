"""The directory as a table in the columns of `seed/services.csv`, which NGOs know."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from directory import workbook
from directory.listing import Listing
from directory.models import FEAR_TAXONOMIES
from directory.rows import LANGUAGES

SHEET = "servicios"
NATIVE = {code: name for name, code in LANGUAGES.items()}
FORMULA = ("=", "@", "+", "-", "\t", "\r")
"""A cell that begins so is run by spreadsheet programs (owasp.org, CSV injection)."""


def written(listings: Iterable[Listing], form: str) -> bytes:
    """A file of every service in force, `csv` or `xlsx`. Editors' notes stay here.

    CSV carries the mark by which spreadsheet programs know its letters; in XLSX every cell is
    text, so that numbers keep their zeros and their plus.
    """
    rows = table(listings)
    if form == "xlsx":
        packed = io.BytesIO()
        workbook.write(rows, packed, name=SHEET)
        return packed.getvalue()
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def table(listings: Iterable[Listing]) -> list[list[str]]:
    """The heading and a row for each service, no cell of which is run as a formula."""
    rows = [row(one) for one in listings]
    return [
        list(rows[0]) if rows else [],
        *([_shown(cell) for cell in one.values()] for one in rows),
    ]


def row(one: Listing) -> dict[str, str]:
    """One service, column by column; lists are joined by `; `."""
    return {
        "id": one.id,
        "name": one.name,
        "organization": one.organization,
        "kind": one.kind,
        "audience": "; ".join(one.audiences),
        "topics": "; ".join(one.topics),
        "phones": "; ".join(phone.text for phone in one.phones),
        "whatsapp": "; ".join(phone.text for phone in one.whatsapp),
        "email": one.email or "",
        "url": one.url or "",
        "address": one.address or "",
        "district": one.district or "",
        "province": one.province or "",
        "department": one.department or "",
        "ubigeo": one.ubigeo or "",
        "lat": "" if one.lat is None else str(one.lat),
        "lon": "" if one.lon is None else str(one.lon),
        "coverage": "; ".join(one.coverage),
        "hours": one.hours,
        "free": one.free,
        "anonymous": one.anonymous,
        **{name: one.fears.get(name, "unknown") for name in FEAR_TAXONOMIES},
        "languages": "; ".join(NATIVE.get(code, code) for code in one.languages),
        "priority": str(one.priority),
        "confidence": one.confidence,
        "source": one.source,
        "source_url": one.source_url or "",
        "source_date": one.source_at.isoformat() if one.source_at else "",
        "confirmed_at": one.confirmed_at.isoformat() if one.confirmed_at else "",
        "status": one.status,
        "alert": one.alert or "",
        "closed_until": one.closed_until.isoformat() if one.closed_until else "",
    }


def _shown(cell: str) -> str:
    """A cell that no program takes for a formula; a number with a sign is none."""
    is_number = cell[1:].replace(".", "").replace(" ", "").isdigit()
    return f"'{cell}" if cell.startswith(FORMULA) and not is_number else cell
