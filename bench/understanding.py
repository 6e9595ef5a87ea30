"""How well and how fast free text is understood, on utterances kept apart from learning.

`python -m bench.understanding` prints, for each language: how many urgent messages are found, how
many others raise a false alarm, how often danger is at least asked about, how often the best guess
is the labelled intent (`best`) or stands among what is named (`named`); then precision and recall
of each intent, and the time a message takes.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from bench.utterances import Utterance, unseen
from bot.engine.intents import Understanding, understand
from bot.engine.vocabulary import INTENTS, LANGUAGES

Heard = Sequence[tuple[Utterance, Understanding]]


def measure() -> None:
    """Print everything for the utterances kept apart."""
    utterances = unseen()
    understand("hola")
    began = time.perf_counter()
    heard = [(each, understand(each.text)) for each in utterances]
    took = (time.perf_counter() - began) / len(heard)
    print("language  messages  urgent found  false alarms  or asked   best  named  language right")
    for language in LANGUAGES:
        print_language(language, [pair for pair in heard if pair[0].language == language])
    print("\nSpanish          labelled  precision  recall")
    spanish = [pair for pair in heard if pair[0].language == "es"]
    for intent in INTENTS:
        print_intent(intent, spanish)
    print(f"\n{took * 1e3:.2f} ms a message, {len(heard)} messages")


def print_language(language: str, heard: Heard) -> None:
    """One line for a language."""
    urgent = [said for each, said in heard if "urgent" in each.flags]
    calm = [said for each, said in heard if "urgent" not in each.flags]
    figures = (
        part(said.urgent for said in urgent),
        part(said.urgent for said in calm),
        part(said.urgent or "danger_now" in said.also for said in urgent),
        part(said.intent == each.intent for each, said in heard),
        part(each.intent in (said.intent, *said.also) for each, said in heard),
        part(said.language == language for _, said in heard),
    )
    columns = zip(figures, (13, 13, 9, 6, 6, 15), strict=True)
    print(f"{language:8}{len(heard):10}", *(f"{each:>{width}.1%}" for each, width in columns))


def print_intent(intent: str, heard: Heard) -> None:
    """One intent: of those guessed how many are right, of those meant how many found."""
    meant = [said.intent == intent for each, said in heard if each.intent == intent]
    guessed = [each.intent == intent for each, said in heard if said.intent == intent]
    print(f"{intent:16}{len(meant):9}{part(guessed):11.1%}{part(meant):8.1%}")


def part(truths: Iterable[bool]) -> float:
    """The part that is true; 0 when there is nothing."""
    counted = list(truths)
    return sum(counted) / len(counted) if counted else 0.0


if __name__ == "__main__":
    measure()
