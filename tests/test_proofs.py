"""`kuska check` finds what is wrong: each mistake made on purpose is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.checking import problems
from bot.engine import facts, proofreading, proofs
from bot.engine.definition import Flows
from bot.engine.loader import load
from bot.errors import ContentError
from directory.lines import lines
from directory.needs import needs

ROOT = Path(__file__).parents[1]
LINES, NEEDS = frozenset(lines()), frozenset(needs())
FACTS = [
    facts.Fact("R-001", "high", "", is_said=True),
    facts.Fact("R-032", "high", "R-033", is_said=True),
    facts.Fact("R-033", "high", "", is_said=True),
    facts.Fact("R-091", "low", "", is_said=False),
]
INTERRUPTS = """
flow: interrupts
phrases: {unclear: No entendí.}
commands: [{intent: exit, go: welcome.start}, {intent: menu, go: menu.main}]
danger: [{intent: danger_now, go: safety.now}]
others: [{intent: human, go: handoff.offer}]
shared:
  person: {title: Una persona, go: handoff.offer}
"""
GOOD = {
    "interrupts": INTERRUPTS,
    "welcome": "flow: welcome\nstates: {start: {moves: [{intent: anything, go: menu.main}]}}",
    "menu": "flow: menu\nstates: {main: {say: {ask: Dime}}}",
    "handoff": "flow: handoff\nstates: {offer: {say: {ask: Bien}}}",
    "safety": "flow: safety\nstates: {now: {kind: danger, say: {call: 'Te leo. {line.police}'}}}",
}


def flows(folder: Path, **changed: str) -> Flows:
    """The small good flows, with some of them changed."""
    for name, text in {**GOOD, **changed}.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load(folder)


def found(folder: Path, **changed: str) -> list[str]:
    """All that the three proofs find."""
    made = flows(folder, **changed)
    return [
        *proofs.problems(made, LINES, NEEDS),
        *proofreading.problems(made, frozenset({"105", "1810"})),
        *facts.problems(made, FACTS),
    ]


def test_the_real_content_holds() -> None:
    """Flows, catalogues and directory as they are have no problem."""
    assert problems(ROOT) == []


def test_good_flows_have_no_problem(tmp_path: Path) -> None:
    """The small flows that the mistakes start from are right."""
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    ("menu", "said"),
    [
        ("main: {say: {ask: Hola}, choices: {x: {title: Ir, go: menu.gone}}}", "no such state"),
        ("main: {say: {ask: Hola}, choices: {x: {title: Ir, do: [fly], go: stay}}}", "does `fly`"),
        ("main: {say: {ask: {text: Hola, when: [moon]}}}", "asks `moon`"),
        ("main: {say: {ask: {show: stars}}}", "shows `stars`"),
        ("main: {say: {ask: 'Llama {line.moon}'}}", "names the line `moon`"),
        ("main: {say: {ask: 'Hola {moon}'}}", "fills in `moon`"),
        ("main: {say: {ask: Hola}, also: [moon]}", "adds `moon`"),
        ("main: {say: {ask: Hola}, choices: {x: {title: Ir, need: luna, go: stay}}}", "`luna`"),
        ("main: {say: {ask: Hola}}\n  lost: {say: {ask: Nadie llega}}", "cannot be reached"),
        ("main: {moves: [{intent: greeting, go: stay}]}", "says nothing"),
        ("main: {say: {ask: Llama al 105}}", "holds the number `105`"),
        ("main: {say: {ask: Llama al 987654321}}", "holds the number `987654321`"),
        ("main: {say: {ask: La policía ya viene}}", "lock screen"),
        ("main: {say: {ask: Eres una víctima}}", "a word we do not use"),
        ("main: {say: {ask: El chat es anónimo}}", "a word we do not use"),
        (f"main: {{say: {{ask: {'palabra ' * 61}}}}}", "61 words"),
        (f"main: {{say: {{ask: {'una ' * 21}}}}}", "sentence of 21 words"),
        ("main: {say: {ask: Hola}, choices: {x: {title: Unas palabras de mas x, go: stay}}}", "20"),
        ("main: {say: {ask: Hola}, choices: {x: {title: Violencia, go: stay}}}", "make it private"),
        ("main: {say: {ask: Eso no es delito.}}", "claims «no es delito» without a source"),
        ("main: {say: {ask: {text: Sí, facts: [R-091], source: x, confidence: high}}}", "R-091"),
        ("main: {say: {ask: {text: Sí, facts: [R-032], source: x, confidence: high}}}", "limit"),
        ("main: {say: {ask: {text: Sí, source: x, confidence: medium}}}", "medium confidence"),
        ("main: {say: {ask: Ve al CEM}}", "without saying what it is"),
    ],
)  # fmt: skip
def test_a_mistake_is_found(tmp_path: Path, menu: str, said: str) -> None:
    """Each mistake is named with its file and line."""
    text = f"flow: menu\nstates:\n  {menu}"
    assert any(
        re.search(r"\.yaml:\d+: ", one) and said in one for one in found(tmp_path, menu=text)
    )


def test_a_person_is_near(tmp_path: Path) -> None:
    """A state that swallows everything and leads nowhere is found."""
    trap = "flow: menu\nstates: {main: {say: {ask: Hola}, moves: [{intent: anything, go: stay}]}}"
    assert any("a person is further" in one for one in found(tmp_path, menu=trap))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("flow: menu\nstates: {main: {say: {yes: Hola}}}", "menu.yaml:2: `yes` is not a key"),
        ("flow: menu\nstates: {main: {says: {ask: Hola}}}", "menu.yaml:2: "),
        ("flow: other\nstates: {}", "the file not"),
        ("flow: menu\nstates: [", "menu.yaml:"),
        ("flow: menu\nstates:\n  main: {say: {ask: Hola}}\n  main: {}", "4: `main` stands twice"),
        ("flow: menu\nstates: {main: {say: {ask: {text: Hola, show: services}}}}", "either"),
        ("flow: menu\nstates: {main: {say: {ask: {text: Hola, source: x}}}}", "confidence"),
    ],
)  # fmt: skip
def test_the_loader_refuses(tmp_path: Path, text: str, said: str) -> None:
    """A file that cannot be read stops the start with its name and line."""
    with pytest.raises(ContentError, match=re.escape(said)):
        flows(tmp_path, menu=text)


def test_titles_stay_words(tmp_path: Path) -> None:
    """`No` is a title, not a truth value."""
    made = flows(
        tmp_path,
        menu="flow: menu\nstates: {main: {say: {ask: Sí}, choices: {deny: {title: No, go: stay}}}}",
    )
    assert made.states["menu.main"].choices["deny"].title == "No"
