"""The seed files: where they are, how they are read, and whether they changed.

`seed/` holds content only. Tables are CSV in UTF-8, lists inside a field are separated by `; `.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from directory.errors import SeedError

SEED = Path(__file__).parent / "seed"


def read_table(name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row of a CSV file with its line number; raises SeedError for one cut or too long."""
    with (SEED / name).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for row in reader:
            if None in row or None in row.values():
                raise SeedError(f"{name}:{reader.line_num}: the number of columns is wrong")
            yield reader.line_num, row


def read_yaml(name: str) -> Any:
    """What a YAML file holds."""
    with (SEED / name).open(encoding="utf-8") as file:
        return yaml.safe_load(file)


def line_of(name: str, text: str) -> int:
    """The first line of a seed file that holds `text`; 1 when none does."""
    lines = (SEED / name).read_text(encoding="utf-8").splitlines()
    return next((number for number, line in enumerate(lines, 1) if text in line), 1)


def split(field: str) -> tuple[str, ...]:
    """The values of a list field."""
    return tuple(value.strip() for value in field.split(";") if value.strip())


def digest(*names: str) -> str:
    """A fingerprint of the named seed files: equal means that nothing changed."""
    total = hashlib.sha256()
    for name in names:
        total.update((SEED / name).read_bytes())
    return total.hexdigest()
