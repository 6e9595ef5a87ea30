"""The directory as a table in the columns of `seed/services.csv`, which NGOs know."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import IO

from directory.listing import Listing
from directory.models import FEAR_TAXONOMIES
from directory.rows import LANGUAGES

NATIVE = {code: name for name, code in LANGUAGES.items()}
FORMULA = ("=", "@", "+", "-", "\t", "\r")
"""A cell that begins so is run by spreadsheet programs (owasp.org, CSV injection)."""


def write(listings: Iterable[Listing], file: IO[str]) -> int:
    """Write every service in force as CSV; return how many. Editors' notes stay here.

    Open `file` with `newline=""` and `utf-8-sig`, by which spreadsheet programs know the letters.
    """
    count = 0
    table = csv.writer(file)
    for count, one in enumerate(listings, start=1):
        cells = row(one)
        if count == 1:
            table.writerow(cells)
        table.writerow(map(_shown, cells.values()))
    return count


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
    }


def _shown(cell: str) -> str:
    """A cell that no program takes for a formula; a number with a sign is none."""
    is_number = cell[1:].replace(".", "").replace(" ", "").isdigit()
    return f"'{cell}" if cell.startswith(FORMULA) and not is_number else cell
