"""Free text in, understanding out: the one door of the engine to what people write.

A message is read three times: as a whole command, by the phrases of `flows/intents/*.yaml` with
negation, time and person, and by weights learned from the labelled utterances. Deterministic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.engine.choices import match_choice
from bot.engine.folding import words
from bot.engine.model import Total, learned
from bot.engine.pieces import pieces, spelled
from bot.engine.reading import Reading, read
from bot.engine.vocabulary import INTENTS, vocabulary

__all__ = ["LIKELY", "SURE", "Understanding", "match_choice", "understand", "whole_command"]

SURE = 0.55
"""A score from here on is acted upon."""
CERTAIN = 0.8
"""What answers a question for her (`CONSENTS`) is guessed only from here on."""
CONSENTS = ("yes", "no", "exit", "delete_data")
LIKELY = 0.3
"""A score from here to `SURE` is asked about kindly; below it nothing was understood."""
URGENT = 0.7
"""The chance of urgency from which danger help comes."""
URGENT_WORDED = 0.1
"""The same when a phrase of danger stands there, neither denied nor past nor a story."""
DOUBT = 0.15
"""From here to `URGENT` danger is in doubt: `also` begins with `danger_now`."""
CALM = ("safety.ask", "safety.safe", "safety.calmer")
"""Where danger is asked about or over: a doubt stays a doubt there."""
ALSO = 0.15
"""A second intent from this chance on is named too."""
SPEAKS = 0.85
"""The chance from which a language is named; below it she may speak any."""
UNWORDED = 0.9
"""The chance from which a message denies although no word of it does ("of my own free will")."""
COMMANDS = ("exit", "delete_data", "menu", "language")
"""What a whole message can command in every state (SAFETY 3)."""
DANGERS = (
    "danger_now self_harm coercion extortion sexual_violence violence police_abuse minor "
    "missing_person health"
).split()
"""What an urgent message can be about."""
REASONS = 4


@dataclass(frozen=True, slots=True)
class Understanding:
    """What was heard. The fields are INTERFACE's for `kuska understand --json`.

    `score` is the chance of `intent`, 0 to 1; `SURE` and `LIKELY` are its two thresholds. `also`
    names other intents in it, likeliest first (`danger_now` first when danger is in doubt).
    `needs` are ids of needs in the order named; `places` six-digit codes, every candidate.
    `because` says in words what decided, when asked.
    """

    intent: str
    score: float = 1.0
    urgent: bool = False
    language: str | None = None
    also: tuple[str, ...] = ()
    about_other: bool = False
    negated: bool = False
    past: bool = False
    needs: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    because: tuple[str, ...] = ()

    @classmethod
    def remembered(
        cls,
        intent: str,
        score: float = 1.0,
        also: Sequence[str] = (),
        needs: Sequence[str] = (),
        places: Sequence[str] = (),
        about_other: bool = False,
        negated: bool = False,
    ) -> Understanding:
        """A wish told earlier, taken up again; it is never urgent now."""
        return cls(
            intent,
            score,
            also=tuple(also),
            needs=tuple(needs),
            places=tuple(places),
            about_other=about_other,
            negated=negated,
        )

    def without(self, intent: str, need: str) -> Understanding:
        """The same, where her words deny one of its meanings: the next likely one stands first."""
        also = tuple(one for one in self.also if one != intent)
        left = tuple(one for one in self.needs if one != need)
        if self.intent != intent:
            return replace(self, also=also, needs=left)
        first = also[0] if also else ("danger_now" if self.urgent else "other")
        score = self.score if self.urgent else LIKELY
        return replace(self, intent=first, score=score, also=also[1:], needs=left)


def understand(
    text: str,
    *,
    language: str | None = None,
    state: str | None = None,
    find_places: Callable[[str], list[str]] | None = None,
    explain: bool = False,
) -> Understanding:
    """What a message says. `language` is the one spoken so far: it settles a close call. Only
    when asked to `explain` are the reasons of a sentence looked for.

    In a state of danger help (`safety.…` but `CALM`) a doubt about danger counts as danger.
    """
    heard = words(text)
    if not heard:
        return Understanding("other", score=0.0, because=("nothing to read",))
    whole = vocabulary().whole.get(" ".join(heard))
    if whole is not None:
        return _whole(whole[0], whole[1])
    if all(word.isdigit() for word in heard):
        return Understanding("other", score=0.0, because=("only numbers",))
    model, spelling = learned(), spelled(heard)
    total = model.total(spelling)
    spoken, is_sure = _language(total, language)
    reading = read(text, spoken, model.speller)
    found = pieces(reading, text, model.speller)
    if spelling <= found:
        units = model.units(model.total(found - spelling, total))
    else:  # an idiom was taken out
        units = model.units(model.total(found))
    scores = model.scores(units)
    is_in_danger = state is not None and state.startswith("safety.") and state not in CALM
    understanding = _weighed(reading, scores, is_in_danger)
    return replace(
        understanding,
        language=spoken if is_sure else None,
        needs=tuple(reading.named("need")),
        places=tuple(find_places(text)) if find_places else (),
        because=_reasons(reading, units, understanding) if explain else (),
    )


def whole_command(text: str) -> str | None:
    """The command that the whole message is, in any of our languages; never part of a sentence."""
    whole = vocabulary().whole.get(" ".join(words(text)))
    return whole[0] if whole is not None and whole[0] in COMMANDS else None


def _whole(intent: str, language: str | None) -> Understanding:
    is_urgent = intent == "danger_now"
    return Understanding(
        intent, urgent=is_urgent, language=language, because=("the whole message",)
    )


def _weighed(reading: Reading, scores: Mapping[str, float], is_in_danger: bool) -> Understanding:
    """Intent and flags from the learned scores and the rules together."""
    chances = _one_of({name: scores[f"intent:{name}"] for name in INTENTS})
    for name in filter(None, reading.idioms):
        chances[name] += 1
    chance = _chance(scores["flag:urgent"])
    worded = () if reading.negated or reading.past or reading.unreal else reading.named("urgent")
    urgent = chance >= (DOUBT if is_in_danger else URGENT) or (
        bool(worded) and chance >= URGENT_WORDED
    )
    if urgent:
        dangers = {name: chances[name] + (name in worded) for name in DANGERS}
        intent = max(dangers, key=dangers.__getitem__)
        score = max(chance, chances[intent], SURE)
    else:
        intent = max(chances, key=chances.__getitem__)
        score = chances[intent]
        if intent in CONSENTS and score < CERTAIN:
            intent, score = "other", 0.0
    also = [
        name
        for name in sorted(chances, key=chances.__getitem__, reverse=True)
        if name != intent and chances[name] >= ALSO
    ]
    if not urgent and chance >= DOUBT:
        also = ["danger_now", *(name for name in also if name != "danger_now")]
    return Understanding(
        intent,
        score=round(min(score, 1), 3),
        urgent=urgent,
        also=tuple(name for name in also if name != intent),
        about_other=_chance(scores["flag:about_other"]) >= 0.5,
        negated=_is_negated(reading, _chance(scores["flag:negated"])),
        past=_chance(scores["flag:past"]) >= 0.5 or reading.past,
    )


def _is_negated(reading: Reading, chance: float) -> bool:
    """Where no word denies, a denial must be all but certain: "she has my papers" is none."""
    is_worded = any(hit.meaning.name == "negation" for hit in reading.hits)
    return reading.negated or chance >= (0.5 if is_worded else UNWORDED)


def _language(total: Total, so_far: str | None) -> tuple[str, bool]:
    """The likeliest language by spelling, and whether the text is long and clear enough to say so.

    When it is not, the language spoken so far is kept.
    """
    chances = _one_of(learned().language_scores(total))
    best = max(chances, key=chances.__getitem__)
    is_sure = chances[best] >= SPEAKS
    return (so_far if so_far in chances and not is_sure else best), is_sure


def _reasons(
    reading: Reading, units: Sequence[float], understanding: Understanding
) -> tuple[str, ...]:
    """What decided, in words: the phrases, then the pieces that weighed most, then the flags."""
    intent = understanding.intent
    phrases = [
        hit.meaning.phrase
        for hit in reading.hits
        if hit.meaning.kind in ("urgent", "phrase") and hit.meaning.name == intent
    ]
    heard = reading.words
    spoken = {f"w{word}" for word in heard} | {f"b{one} {two}" for one, two in pairwise(heard)}
    output = "flag:urgent" if understanding.urgent else f"intent:{intent}"
    weighty = learned().weightiest(units, spoken, output, REASONS)
    flags = [flag for flag in ("negated", "past", "about_other") if getattr(understanding, flag)]
    return (
        *(f"phrase: {phrase}" for phrase in dict.fromkeys(phrases)),
        *(f"words: {piece[1:]}" for piece in weighty),
        *(flag.replace("_", " ") for flag in flags),
    )


def _chance(score: float) -> float:
    return 1 / (1 + math.exp(-score)) if score > -700 else 0.0


def _one_of(scores: Mapping[str, float]) -> dict[str, float]:
    """Chances of things of which exactly one is true."""
    top = max(scores.values())
    weights = {name: math.exp(score - top) for name, score in scores.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
