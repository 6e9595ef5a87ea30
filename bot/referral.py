"""The referral form (003, Annex 2): what it asks, what must not be missing, and the PDF of it.

Nothing of it is kept (SAFETY 24): what a counselor typed is handed over as data to a document that
is set in memory. It is text there and nowhere markup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

from bot.errors import Unprintable
from bot.transcript import plain

WORDING = "ficha-2026-11"
"""Names the sentence `referral.ask` with which a person is asked; a new sentence, a new name."""
FAMILY = 5
TIES = {"name": 20, "tie": 16, "sex": 8, "age": 8}
"""What is asked of each, and how many letters of a word fit the column."""
LONGEST_TIE = 80
NEEDS = (
    "disability illness mental_health sole_parent pregnant violence trafficking refuge lgbtiq"
    " child_unauthorized child_alone child_separated child_at_risk stateless elder torture"
    " no_papers no_food eviction street vendor"
).split()
CHOICES: Mapping[str, tuple[str, ...]] = {
    "sex": ("woman", "man", "other"),
    "risk": ("urgent", "high", "normal"),
    "kind": ("reference", "transfer"),
}
NOTHING = "—"
_SOURCE = Path(__file__).with_suffix(".typ")
LONGEST_WORD = 40
_LETTER = re.compile(r'`"(.+?)"` could not be displayed')


@dataclass(frozen=True, slots=True)
class Blank:
    """One field; `rows` above one for a longer text."""

    name: str
    longest: int
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """Fields under one title; `choice` names a choice among them, `tick` a box to tick."""

    name: str
    blanks: tuple[Blank, ...]
    choice: str = ""
    tick: str = ""


PARTS = (
    Part(
        "sender",
        (
            Blank("sender", 160),
            Blank("date", 40),
            Blank("office", 160),
            Blank("official", 120),
            Blank("official_phone", 60),
            Blank("official_email", 120),
        ),
    ),
    Part(
        "person",
        (Blank("name", 160), Blank("born", 40), Blank("age", 20), Blank("nationality", 80)),
        choice="sex",
    ),
    Part("reach", (Blank("address", 240), Blank("phone", 60), Blank("email", 120))),
    Part(
        "papers",
        (
            Blank("document", 120),
            Blank("entered", 40),
            Blank("progres", 60),
            Blank("card", 120),
            Blank("bank", 120),
        ),
        tick="undocumented",
    ),
)
STORY = (Blank("summary", 4_000, rows=8), Blank("wanted", 2_000, rows=5))
OTHERS = (Blank("family_size", 20), Blank("need_other", 240), Blank("sex_other", 60))


@dataclass(frozen=True, slots=True)
class Problem:
    """What stands in the way: the field, and the phrase that says it."""

    field: str
    phrase: str
    longest: int = 0


def ties() -> Iterator[Blank]:
    """The fields of who travels with her."""
    for row in range(1, FAMILY + 1):
        yield from (Blank(f"family_{row}_{tie}", LONGEST_TIE) for tie in TIES)


def blanks() -> Iterator[Blank]:
    """Every field that takes a text."""
    for part in PARTS:
        yield from part.blanks
    yield from (*OTHERS, *ties(), *STORY)


def problems(fields: Mapping[str, str], organizations: Sequence[str]) -> list[Problem]:
    """What is missing or too long. Without her consent for one organization there is no form."""
    found = []
    if fields.get("organization") not in organizations:
        found.append(Problem("organization", "no_organization"))
    if fields.get("consent") != WORDING:
        found.append(Problem("consent", "no_consent"))
    for name in ("risk", "kind"):
        if fields.get(name) not in CHOICES[name]:
            found.append(Problem(name, f"no_{name}"))
    if fields.get("sex", "") not in ("", *CHOICES["sex"]):
        found.append(Problem("sex", "no_sex"))
    found += [
        Problem(blank.name, "too_long", blank.longest)
        for blank in blanks()
        if len(fields.get(blank.name, "")) > blank.longest
    ]
    return found


def compose(fields: Mapping[str, str], say: Callable[[str], str], now: datetime) -> bytes:
    """The form as PDF/UA-1, in memory; `say` gives the phrase of a name.

    Raise `Unprintable` for a letter that no font of ours has.
    """
    document = {
        "title": say("title"),
        "source": say("source"),
        "confidential": say("confidential"),
        "parts": list(_parts(fields, say, now)),
    }
    try:
        made = typst.compile(
            _SOURCE.read_bytes(),
            format="pdf",
            ignore_system_fonts=True,
            sys_inputs={"form": json.dumps(document)},
            pdf_standards="ua-1",
            timestamp=int(now.timestamp()),
        )
    except typst.TypstError as error:
        letter = _LETTER.search(error.message)
        # Not `from error`: its message quotes what was typed.
        raise Unprintable(letter[1] if letter else "?") from None
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    return made


def _parts(
    fields: Mapping[str, str], say: Callable[[str], str], now: datetime
) -> Iterator[dict[str, Any]]:
    def typed(name: str, longest: int = LONGEST_WORD) -> str:
        text = plain(fields.get(name, "").strip())
        return re.sub(rf"(\S{{{longest}}})(?=\S)", "\\1\u200b", text) or NOTHING

    for part in PARTS:
        pairs = [[say(blank.name), typed(blank.name)] for blank in part.blanks]
        if part.choice:
            pairs.append([say(part.choice), _chosen(fields, part.choice, say, typed)])
        if part.tick:
            pairs.append([say(part.tick), say("affirm" if fields.get(part.tick) else "deny")])
        yield {"title": say(f"part_{part.name}"), "pairs": pairs}
    rows = [
        [typed(f"family_{row}_{tie}", longest) for tie, longest in TIES.items()]
        for row in range(1, FAMILY + 1)
    ]
    rows = [row for row in rows if any(cell != NOTHING for cell in row)]
    family: dict[str, Any] = {
        "title": say("part_family"),
        "pairs": [[say("family_size"), typed("family_size")]],
    }
    yield family | ({"table": [[say(f"tie_{tie}") for tie in TIES], *rows]} if rows else {})
    marks = [say(f"need_{need}") for need in NEEDS if fields.get(f"need_{need}")]
    yield {
        "title": say("part_needs"),
        "marks": marks,
        "pairs": [[say("need_other"), typed("need_other")]],
    }
    for blank in STORY:
        yield {"title": say(blank.name), "text": typed(blank.name)}
    yield {"title": say("part_risk"), "text": say(f"risk_{fields['risk']}")}
    yield {"title": say("part_kind"), "text": say(f"kind_{fields['kind']}")}
    agreed = say("agreed").format(
        organization=plain(fields["organization"]),
        date=now.strftime("%d/%m/%Y"),
        time=now.strftime("%H:%M"),
        wording=WORDING,
    )
    yield {"title": say("part_consent"), "text": agreed}


def _chosen(
    fields: Mapping[str, str], name: str, say: Callable[[str], str], typed: Callable[[str], str]
) -> str:
    chosen, other = fields.get(name, ""), typed(f"{name}_other")
    said = say(f"{name}_{chosen}") if chosen else NOTHING
    return said if other == NOTHING else f"{said}: {other}"
