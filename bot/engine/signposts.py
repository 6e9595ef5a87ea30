"""Which choice her own words are, though they are neither its number nor its title.

`here` and `anywhere` are the phrases of `flows/intents/signposts.yaml`: for a choice that stands
before her, and for one that stands elsewhere. Beside them titles: the whole title of a choice
elsewhere (`titled`), and the one word that only one choice before her has (`hinted`). `asked` are
phrases for a question that counts even beside a debt, a threat or a control that is understood;
`plain` for one that counts beside any harm told of; `young` for who is under 18.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.engine.choices import is_near_word, is_titled, telling_words, title_words
from bot.engine.definition import ChoiceMove, Flows
from bot.engine.folding import words
from bot.engine.intents import SURE
from bot.engine.loader import read
from bot.engine.model import learned
from bot.engine.phrases import Phrases
from bot.engine.spoken import is_young_herself, names_minor, says, untrue
from bot.engine.vocabulary import FOLDER, GRAVE
from bot.errors import ContentError

if TYPE_CHECKING:
    from bot.engine.turn import Turn

FILE = FOLDER / "signposts.yaml"
WEIGHED = ("asked", "plain", "young")
SECTIONS = ("here", "anywhere", *WEIGHED)
QUIET = frozenset(
    """welcome screening handoff privacy safety follow_up menu
    reported reintegration rights_trafficking rights_report protection undecided report""".split()
)
"""Flows whose titles count where they are shown and nowhere else: they speak to who is there."""
OF_WORK = frozenset(("coercion", "extortion"))
"""Harm beside which a question of work is answered: its answer names the ways out."""
DENIALS = frozenset(("no", "ni", "nunca", "tampoko", "not", "dont", "nao", "pas", "pa"))
"""By their sounds: the word after one of them is not what she asks for."""

TELLS = 5
"""Letters, by their sound, of a word that tells one choice from another."""

EVERYWHERE = frozenset(
    """estoi kiero tengo puedo ahora menos algien donde kien otra otro ayuda mejor pasar desde
    kuando nesesito aser estar hablar ablar trabajar trabajo trabaja trabajaba""".split()
)
"""Words, by their sounds, that stand in titles of any kind."""

Post = tuple[str, str]
"""A state, or a pattern of states, and the key of a choice there."""
ON_THE_STREET: Post = ("minors.start", "alone")
"""Where to sleep asks for protection, before any other question of who is under 18."""


@dataclass(frozen=True, slots=True)
class Signposts:
    """The file, ready to be looked up; the names in `here` may hold `*`."""

    here: Phrases[Post]
    anywhere: Phrases[Post]
    asked: Phrases[Post]
    plain: Phrases[Post]
    young: Phrases[Post]
    weight: dict[Post, int]
    """Of what is asked, what is listed first comes first."""


@lru_cache(maxsize=1)
def signposts() -> Signposts:
    """What the file lists."""
    content, _ = read(FILE)
    here, anywhere, asked, plain, young = (Phrases(_pairs(content[one])) for one in SECTIONS)
    names = [name for one in WEIGHED for name in content[one]]
    weight = {_post(name): place for place, name in enumerate(names)}
    return Signposts(here, anywhere, asked, plain, young, weight)


def _pairs(section: dict[str, list[str]]) -> Iterator[tuple[str, Post]]:
    for name, phrases in section.items():
        yield from ((phrase, _post(name)) for phrase in phrases)


def check(flows: Flows) -> None:
    """Raise `ContentError` for a signpost to no choice."""
    content, lines = read(FILE)
    for section in SECTIONS:
        for name in content[section]:
            pattern, key = _post(name)
            if not any(key in flows.choices(one) for one in fnmatch.filter(flows.states, pattern)):
                line = lines[(section, name)]
                raise ContentError(f"{FILE.name}:{line}: `{name}` is no choice")


def here(turn: Turn) -> str | None:
    """The key of the choice before her that her words are."""
    keys = turn.flows.choices(turn.state)
    message = words(turn.event.text)
    for hit in signposts().here.find(message):
        pattern, key = hit.meaning
        if hit.start and message[hit.start - 1] in DENIALS:
            continue
        if key in keys and fnmatch.fnmatchcase(turn.state, pattern):
            return key
    return None


def anywhere(turn: Turn) -> Post | None:
    """The choice that a phrase in her words stands for, a phrase after "no" left out; none beside
    something grave that is surely understood."""
    if not _may_be_read(turn):
        return None
    return next(_posts(turn, turn.said, signposts().anywhere), None)


def question(turn: Turn) -> Post | None:
    """What she asks outright of her work: no cry, no blow and no child stands beside it."""
    heard = turn.heard
    is_harm = heard is not None and heard.score >= SURE and heard.intent in GRAVE - OF_WORK
    if heard is None or heard.urgent or is_harm or names_minor(turn):
        return None
    return _weightiest(turn, turn.said, signposts().asked)


def is_named(turn: Turn, text: str) -> bool:
    """Whether a text names a choice that stands elsewhere."""
    listed = signposts()
    sections = [listed.asked, listed.plain, listed.anywhere]
    if is_young_herself(turn):
        sections.append(listed.young)
    return any(any(_posts(turn, text, one)) for one in sections)


def _weightiest(turn: Turn, text: str, phrases: Phrases[Post]) -> Post | None:
    weight = signposts().weight
    return min(_posts(turn, text, phrases), key=weight.__getitem__, default=None)


def _posts(turn: Turn, text: str, phrases: Phrases[Post]) -> Iterator[Post]:
    message = words(text)
    for spelled in (message, learned().speller.repair(message)):
        for hit in phrases.find(spelled):
            is_denied = hit.start > 0 and spelled[hit.start - 1] in DENIALS
            if not is_denied and _may_be_taken(turn, hit.meaning):
                yield hit.meaning


def plain(turn: Turn) -> Post | None:
    """The choice that a plain question of hers stands for, though she tells of harm beside it."""
    heard = turn.heard
    is_where = heard is not None and bool(heard.places) and says(turn, "where")
    return None if _is_cry(turn) or is_where else _first(turn, signposts().plain)


def young(turn: Turn) -> Post | None:
    """The same for who is under 18, where nothing says that she is harmed."""
    is_harmed = says(turn, "harms_the_young") or says(turn, "blows")
    if not is_young_herself(turn) or _is_cry(turn) or is_harmed:
        return None
    post = _first(turn, signposts().young)
    return post if post == ON_THE_STREET or not says(turn, "where") else None


def tells_only_age(turn: Turn) -> bool:
    """Somebody is under 18, and no harm is told of: what is asked beside it may be answered."""
    heard = turn.heard
    if heard is None or heard.intent != "minor" or heard.urgent:
        return False
    harm = GRAVE - {"minor"}
    return not (harm & {*heard.also} or says(turn, "harms_the_young") or says(turn, "blows"))


def _is_cry(turn: Turn) -> bool:
    return turn.heard is None or turn.heard.urgent


def _first(turn: Turn, phrases: Phrases[Post]) -> Post | None:
    """The weightiest post named in her words; none when she asks where and stands there already:
    then the place comes first."""
    post = _weightiest(turn, turn.said, phrases)
    if post is None or not says(turn, "where"):
        return post
    state, key = post
    return None if turn.flows.choices(state)[key].go == turn.memory.state else post


def _may_be_taken(turn: Turn, post: Post) -> bool:
    """A choice that does more than lead on is taken only within its flow."""
    state, key = post
    choice = turn.flows.states[state].choices[key]
    is_own = turn.state.partition(".")[0] == state.partition(".")[0]
    return not choice.when and (is_own or not choice.do)


def hinted(turn: Turn) -> str | None:
    """The one choice before her with a telling word of her message in its title."""
    message = [word for word in words(turn.event.text) if _tells(word)]
    shared = {}
    for key, title in _shown(turn):
        telling = [word for word in title_words(title) if _tells(word)]
        shared[key] = sum(any(is_near_word(mine, word) for mine in message) for word in telling)
    most = max(shared.values(), default=0)
    found = [key for key, count in shared.items() if count == most]
    return found[0] if most and len(found) == 1 else None


def _tells(word: str) -> bool:
    return len(word) >= TELLS and word not in EVERYWHERE


def _shown(turn: Turn) -> Iterator[tuple[str, str]]:
    for wired, title in turn.memory.prompt:
        state, _, key = wired.partition(".")[2].rpartition(".")
        choice = turn.flows.states[state].choices.get(key) if state == turn.state else None
        if choice is not None and not choice.do:
            yield key, title


def titled(turn: Turn) -> Post | None:
    """The choice whose title her whole message is, when nothing else is surely understood in it."""
    if not _may_be_read(turn) or turn.heard is None or turn.heard.score >= SURE:
        return None
    mine = telling_words(turn.event.text)
    posts = [
        ((state, key), choice)
        for state, key, choice in _choices(turn.flows)
        if is_titled(mine, _title(turn, state, key, choice))
    ]
    flow = turn.state.partition(".")[0]
    here = [one for one in posts if one[0][0].startswith(f"{flow}.")]
    found = here or posts
    deeds = {(choice.go, choice.need, choice.do) for _, choice in found}
    return found[0][0] if len(deeds) == 1 else None


def _may_be_read(turn: Turn) -> bool:
    heard = turn.heard
    return heard is not None and not (
        heard.urgent
        or (heard.intent in GRAVE and heard.score >= SURE and heard.intent not in untrue(turn))
    )


def _choices(flows: Flows) -> Iterator[tuple[str, str, ChoiceMove]]:
    for state, definition in flows.states.items():
        if state.partition(".")[0] not in QUIET:
            for key, choice in definition.choices.items():
                if not (choice.like or choice.when or choice.do):
                    yield state, key, choice


def _title(turn: Turn, state: str, key: str, choice: ChoiceMove) -> str:
    return turn.world.translate(turn.memory.language, f"{state}.{key}", choice.title)


def _post(name: str) -> Post:
    state, _, key = name.rpartition(".")
    return state, key
