"""What the weights are learned from: many labelled lines, no two alike, and words one slip away."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.likeness import too_alike
from bench.utterances import Utterance, known, unseen
from bot.engine.intents import understand
from bot.engine.repair import Speller
from bot.engine.vocabulary import INTENTS, LANGUAGES

SPELLER = Speller(["derechos", "encerrada", "policia", "casa", "dereço"])


def test_there_are_enough_of_every_language_and_intent() -> None:
    """6,000 in Spanish and 800 in each other language; each intent in each language."""
    counts = Counter(each.language for each in known())
    assert counts["es"] >= 6_000
    assert all(counts[language] >= 800 for language in LANGUAGES), counts
    heard = {(each.language, each.intent) for each in known()}
    assert not {(one, intent) for one in LANGUAGES for intent in INTENTS} - heard


def test_no_two_are_too_alike() -> None:
    """Nothing is learned twice: `python -m bench.likeness` prints what to take out."""
    assert [(later.file, later.text) for later, _ in too_alike(known())] == []


def test_likeness_sees_places_numbers_and_spelling_through() -> None:
    one = _line("me tienen encerrada en iquitos desde hace 3 dias")
    other = _line("me tienen enserrada en Tacna desde ase 5 días")
    third = _line("quiero saber donde queda la posta")
    assert list(too_alike([one, third, other])) == [(other, one)]


def test_what_is_kept_for_the_measure_is_a_part_of_all() -> None:
    assert len([each for each in unseen() if each.language == "es"]) >= 1_000
    assert {each.file for each in unseen()}.isdisjoint(each.file for each in known())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("derechos", "derechos"),
        ("dereshos", "derechos"),
        ("derehcos", "derechos"),
        ("enserada", "enserada"),
        ("encerrda", "encerrada"),
        ("poliscia", "policia"),
        ("cosa", "cosa"),
        ("12345", "12345"),
        ("carro", "carro"),
    ],
)
def test_a_slip_is_forgiven_where_the_word_is_long_enough(typed: str, meant: str) -> None:
    assert SPELLER.repair([typed]) == [meant]


@given(st.lists(st.text("abcdeçosi", max_size=12), max_size=5))
def test_repairing_twice_is_repairing_once(heard: list[str]) -> None:
    once = SPELLER.repair(heard)
    assert SPELLER.repair(once) == once
    assert len(once) == len(heard)


def test_misspelt_words_are_understood() -> None:
    assert understand("kiero saber mis dereshos").intent == "rights"


def _line(text: str) -> Utterance:
    return Utterance(text, "coercion", frozenset(), "es", "test")
