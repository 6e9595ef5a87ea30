"""From the neutral messages of one turn to what a channel can show.

One message a turn where it fits, because providers do not promise order. A number is always the
place of a choice in order, so that "2" means the same on every channel, tapped or typed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from bot.channels.base import Sending, Shape
from bot.messages import Choice, Kind, Message


@dataclass(frozen=True, slots=True)
class Prompts:
    """Two translated phrases: above numbered choices, and on the button that opens a list."""

    answer_with_number: str
    choose: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel takes; lengths in UTF-16 units, which is what both providers may count."""

    text: int
    tappable_text: int
    buttons: int
    button_title: int
    items: int
    item_title: int
    choice_id: int
    hides_taps: bool
    is_silent: bool


# core.telegram.org/bots/api: text 1-4,096 after entities, callback_data 1-64 bytes, 100 buttons.
# A button has no documented length; a longer one is cut on a narrow telephone.
TELEGRAM = Limits(4_096, 4_096, 100, 64, 0, 0, 64, hides_taps=True, is_silent=True)

# twilio.com/docs: body 1,600; twilio/quick-reply 3 buttons of 20 in session; twilio/list-picker
# 10 items of 24, ids of 200; body of both 1,024.
WHATSAPP = Limits(1_600, 1_024, 3, 20, 10, 24, 200, hides_taps=False, is_silent=False)

LIST_BUTTON = 20
"""Characters on the button that opens a WhatsApp list."""

_KINDS: tuple[Kind, ...] = ("danger", "cover", "knock", "card", "ask", "say")

# A span kept short, so that it is never longer than a message and never has to be cut.
_BOLD = re.compile(r"\*\*([^*\s](?:[^*\n]{0,198}[^*\s])?)\*\*")
_WHOLE = re.compile(rf"{_BOLD.pattern}|https?://\S+|www\.\S+|\+?\d[\d .:,/()-]*\d")
_CUTS = tuple(map(re.compile, (r"\n[^\S\n]*\n\s*", r"\n\s*", r"(?<=[.!?…])\s+", r"\s+")))


def fit_telegram(messages: Sequence[Message], language: str, prompts: Prompts) -> list[Sending]:
    """Fit to Telegram: buttons, HTML, nothing that rings."""
    return _fit(messages, language, prompts, TELEGRAM, telegram_markup)


def fit_whatsapp(
    messages: Sequence[Message], language: str, prompts: Prompts, static_titles: Collection[str]
) -> list[Sending]:
    """Fit to WhatsApp. Only choices whose titles are all in `static_titles` become buttons.

    Buttons live at Twilio as templates: what is made at run time (places near her) must not.
    """
    return _fit(messages, language, prompts, WHATSAPP, whatsapp_markup, static_titles)


def fit_web(messages: Sequence[Message], language: str) -> list[Sending]:
    """One sending a message, as it is: the page has no limit of length or of buttons."""
    return [
        Sending(
            text=message.text,
            kind=message.kind,
            cause=message.cause,
            language=language,
            shape="buttons" if message.choices else "text",
            choices=message.choices,
            services=(message.service,) if message.service else (),
            is_silent=True,
        )
        for message in messages
    ]


def plain(text: str) -> str:
    """Drop the marks of bold, for a terminal and a notification."""
    return _BOLD.sub(r"\1", text)


def telegram_markup(text: str) -> str:
    """Bold as HTML, everything else escaped."""
    return _BOLD.sub(r"<b>\1</b>", html.escape(text, quote=False))


def whatsapp_markup(text: str) -> str:
    """Bold between single asterisks."""
    return _BOLD.sub(r"*\1*", text)


def number(choices: Sequence[Choice], answer_with_number: str) -> str:
    """Write choices as numbered lines under the phrase that says how to answer."""
    lines = (f"{place} {choice.title}" for place, choice in enumerate(choices, start=1))
    return "\n".join((answer_with_number, *lines))


def units(text: str) -> int:
    """Length in UTF-16 units: an emoji counts two."""
    return len(text) + sum(character > "\uffff" for character in text)


def split(text: str, limit: int) -> list[str]:
    """Cut a text into pieces of at most `limit` units, losing nothing but white space.

    At paragraphs before lines, lines before sentences, sentences before words, and never inside
    an address, a number or a bold span unless it alone is longer than the limit.
    """
    pieces = []
    rest = text.strip()
    while units(rest) > limit:
        cut = _cut(rest, _reach(rest, limit))
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces


def _fit(
    messages: Sequence[Message],
    language: str,
    prompts: Prompts,
    limits: Limits,
    markup: Callable[[str], str],
    static_titles: Collection[str] | None = None,
) -> list[Sending]:
    if not messages:
        return []
    text = "\n\n".join(message.text.strip() for message in messages if message.text.strip())
    choices = tuple(choice for message in messages for choice in message.choices)
    listed = number(choices, prompts.answer_with_number) if choices else ""
    numbered = "\n\n".join(part for part in (text, listed) if part)
    bare = Sending(
        text="",
        kind=min((message.kind for message in messages), key=_KINDS.index),
        cause=messages[-1].cause,
        language=language,
        services=tuple(message.service for message in messages if message.service),
        is_silent=limits.is_silent,
    )
    shape = _shape(text, messages, choices, limits)
    if static_titles is not None and any(each.title not in static_titles for each in choices):
        shape = "text"
    if shape == "list" and units(prompts.choose) > LIST_BUTTON:
        shape = "text"
    if shape == "text" or units(numbered) > limits.text:
        return [replace(bare, text=markup(piece)) for piece in split(numbered, limits.text)]
    return [
        replace(
            bare,
            text=markup(text or prompts.answer_with_number),
            shape=shape,
            choices=choices,
            numbered=markup(numbered),
            list_button=prompts.choose if shape == "list" else "",
        )
    ]


def _shape(
    text: str, messages: Sequence[Message], choices: Sequence[Choice], limits: Limits
) -> Shape:
    if not limits.hides_taps and any(message.private for message in messages):
        return "text"
    if units(text) > limits.tappable_text or any(
        len(choice.id.encode()) > limits.choice_id for choice in choices
    ):
        return "text"
    # WhatsApp refuses a set in which two titles are the same; numbers tell them apart.
    titles = {choice.title.strip() for choice in choices} - {""}
    if not choices or len(titles) < len(choices):
        return "text"
    longest = max(units(choice.title) for choice in choices)
    if len(choices) <= limits.buttons and longest <= limits.button_title:
        return "buttons"
    if len(choices) <= limits.items and longest <= limits.item_title:
        return "list"
    return "text"


def _reach(text: str, limit: int) -> int:
    """How many characters of a text fit in so many units."""
    taken = 0
    for index, character in enumerate(text):
        taken += units(character)
        if taken > limit:
            return index
    return len(text)


def _cut(text: str, reach: int) -> int:
    """Where to cut so that at most `reach` characters stand before it."""
    wholes = [match.span() for match in _WHOLE.finditer(text) if match.start() <= reach]
    for pattern in _CUTS:
        # The white space itself may lie beyond the reach: it goes with neither piece.
        starts = [match.start() for match in pattern.finditer(text) if match.start() <= reach]
        allowed = [at for at in starts if at and not any(a < at < b for a, b in wholes)]
        if allowed:
            return allowed[-1]
    return next((a for a, b in wholes if 0 < a < reach < b), reach)
