"""`kuska check`: all that can be proved of the content, as `file:line: what is wrong`."""

from __future__ import annotations

import string
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from bot.engine import actions, facts, guards, proofreading, proofs, signposts
from bot.engine.definition import Flows
from bot.engine.loader import load
from bot.engine.machine import Machine
from bot.errors import ContentError
from bot.translation import SOURCE, Catalogues
from directory import checks
from directory.lines import lines
from directory.needs import needs

_FORMATTER = string.Formatter()


def problems(root: Path) -> list[str]:
    """Every problem of flows, catalogues and directory; the first broken file alone, if one is."""
    try:
        flows = load(root / "flows")
        found = proofs.problems(flows, frozenset(lines()), frozenset(needs()))
        if not found:
            Machine(flows, guards.ALL, actions.ALL)
            signposts.check(flows)
        catalogues = Catalogues.load(root / "locales")
    except ContentError as error:
        return [str(error)]
    numbers = frozenset(line.number.split()[0] for line in lines().values())
    found += proofreading.problems(flows, numbers)
    found += facts.problems(flows, facts.read(root / "flows" / "facts.csv"))
    for code in catalogues.languages:
        if code != SOURCE:
            found += _catalogue(root, code, flows)
    found += checks.problems()
    return found


def _catalogue(root: Path, code: str, flows: Flows) -> Iterator[str]:
    """A translation keeps its placeholders and fits where it is shown."""
    path = root / "locales" / code / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalogue = read_po(file, locale=code if code != "ht" else "fr_HT")
    where = f"{code}/messages.po"
    limits = _limits(flows)
    for message in catalogue:
        text, said = message.id, message.string
        if not isinstance(text, str) or not text or not isinstance(said, str) or not said:
            continue
        line = f"{where}:{message.lineno or 1}"
        if _holes(text) != _holes(said):
            yield f"{line}: `{message.context}` fills in {_holes(said)}, the source {_holes(text)}"
        longest = limits.get((message.context or "", text))
        if longest is not None and len(said) > longest:
            yield f"{line}: `{message.context}` has {len(said)} characters; {longest} fit"
    yield from _missing(where, catalogue, flows)


def _missing(where: str, catalogue: Catalog, flows: Flows) -> Iterator[str]:
    for context, text in _sentences(flows):
        found = catalogue.get(text, context)
        if found is None or not found.string or found.fuzzy:
            yield f"{where}:1: `{context}` is not translated (`make messages` brings it in)"


def _sentences(flows: Flows) -> Iterator[tuple[str, str]]:
    """Context and text of everything that is said."""
    yield from flows.phrases.items()
    for key, choice in flows.interrupts.shared.items():
        yield f"interrupts.shared.{key}", choice.title
    for name, state in flows.states.items():
        for key, saying in state.say.items():
            if saying.text:
                yield f"{name}.{key}", saying.text
            if saying.short:
                yield f"{name}.{key}.short", saying.short
        for key, choice in state.choices.items():
            yield f"{name}.{key}", choice.title
        if state.unclear:
            yield f"{name}.unclear", state.unclear


def _limits(flows: Flows) -> dict[tuple[str, str], int]:
    """Context and title of each choice to the characters that its button takes."""
    found: dict[tuple[str, str], int] = {}
    for name, state in flows.states.items():
        shown = {key: one for key, one in flows.choices(name).items() if not one.hidden}
        is_button = len(shown) <= proofreading.BUTTONS and not state.private
        longest = proofreading.BUTTON_TITLE if is_button else proofreading.LIST_TITLE
        for key, choice in shown.items():
            title = (flows.choice_context(name, key), choice.title)
            found[title] = min(longest, found.get(title, longest))
    return found


def _holes(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in _FORMATTER.parse(text) if name)
