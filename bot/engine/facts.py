"""What `kuska check` proves of legal and practical claims, against `flows/facts.csv`.

A sentence of law or procedure names its source and confidence and the facts it says; a fact never
stands without its limit; medium confidence is said as such, low not at all (issue "facts stay
facts"; glossary §7 for acronyms; INFLESZ after Szigriszt-Pazos for reading ease).
"""

from __future__ import annotations

import csv
import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.engine.definition import Flows, Saying, State

MEDIUM_FORM = re.compile(r"Según .+?, \d{4}\. Confírmalo gratis en el \{line\.")
CLAIM = re.compile(
    r"\b((no )?es delito|la ley|código penal|tienes derecho|est[áa]n? obligad[oa]s? a|art\. ?\d"
    r"|no pueden? (detenerte|obligarte|quitarte|expulsarte|botarte)|máximo \d+ horas|días hábiles"
    r"|días calendario|no necesitas denuncia)\b",
    re.IGNORECASE,
)
"""Words by which a sentence claims what the law or a procedure says."""

ACRONYMS: Mapping[str, str] = {
    "CEM": "mujeres y familias",
    "UDAVIT": "protege a víctimas y testigos",
    "FISTRAP": "fiscalía de trata",
    "FECCOR": "crimen organizado",
    "UPE": "protege a niñas, niños y adolescentes",
    "SAU": "equipo que va donde estás",
    "SIS": "seguro público gratis",
    "PEP": "pastillas",
    "SUNAFIL": "vigila el trabajo",
    "SUSALUD": "quejas de salud",
    "CONADIS": "personas con discapacidad",
    "CEPR": "comisión de refugio",
    "ACNUR": "agencia de la onu",
    "ERI": "equipo de respuesta rápida",
    "UIT": "unidad de las multas",
}
"""What must stand in the same state as the acronym, because she may enter at any state."""

READING_EASE, FROM_WORDS = 65.0, 25
READABLE = importlib.util.find_spec("textstat") is not None
"""Reading ease is measured where the development tools are installed, as in `make check`."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of `flows/facts.csv`; `limit` names the fact that must stand beside it."""

    id: str
    confidence: str
    limit: str
    is_said: bool


def read(path: Path) -> list[Fact]:
    """Every fact, or part of one, in the order of the list."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Fact(row["id"], row["confidence"], row["with"], row["said"] == "yes")
            for row in csv.DictReader(file)
        ]


def problems(flows: Flows, facts: list[Fact]) -> Iterator[str]:
    """Everything that is claimed without its source, its limit or its measure."""
    sayable = {fact.id for fact in facts if fact.is_said and fact.confidence != "low"}
    limits = {(fact.id, fact.limit) for fact in facts if fact.limit}
    for name, state in flows.states.items():
        where = flows.where(name)
        together = {fact for saying in state.say.values() for fact in saying.facts}
        for problem in _state(state, sayable, together):
            yield f"{where}: `{name}` {problem}"
        for fact, limit in limits:
            if fact in together and limit not in together:
                yield f"{where}: `{name}` says {fact} without {limit}, its limit"


def _state(state: State, sayable: set[str], together: set[str]) -> Iterator[str]:
    said = "\n".join(saying.text for saying in state.say.values() if saying.text)
    for key, saying in state.say.items():
        for problem in _saying(saying, sayable, together):
            yield f"in `{key}` {problem}"
    for acronym, meaning in ACRONYMS.items():
        if re.search(rf"\b{acronym}\b", said) and meaning not in said.lower():
            yield f"uses {acronym} without saying what it is («{meaning}»)"


def _saying(saying: Saying, sayable: set[str], together: set[str]) -> Iterator[str]:
    text = saying.text or ""
    for fact in saying.facts:
        if fact not in sayable:
            yield f"says {fact}, which facts.csv does not let be said"
    if saying.facts and not saying.source:
        yield "names facts without a source"
    if not saying.source and (claim := CLAIM.search(text)):
        yield f"claims «{claim.group()}» without a source"
    if saying.confidence == "medium" and not MEDIUM_FORM.search(text):
        yield "is of medium confidence: «Según [fuente, año]. Confírmalo gratis en el …»"
    for fact in saying.binds:
        if fact not in together:
            yield f"is bound to {fact}, which does not stand in this state"
    if READABLE and len(text.split()) >= FROM_WORDS and (ease := _ease(text)) < READING_EASE:
        yield f"reads with {ease:.0f} INFLESZ; {READING_EASE:.0f} at least"


def _ease(text: str) -> float:
    import textstat  # a development tool: not installed where the service runs

    textstat.set_lang("es")
    plain = re.sub(r"\{[^}]*\}", "cien", re.sub(r"[*`«»]", "", text))
    proper = re.sub(
        r"(?<![.!?:\n] )(?<!^)\b[A-ZÁÉÍÓÚÑ][\wáéíóúñ]+(?: [A-ZÁÉÍÓÚÑ][\wáéíóúñ]+)*", "Lima", plain
    )
    return float(textstat.szigriszt_pazos(proper))
