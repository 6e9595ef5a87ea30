"""From the neutral messages of one turn to what a channel can show.

One message a turn where it fits, because providers do not promise order. A number is always the
place of a choice in order, so that "2" means the same on every channel, tapped or typed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

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


# core.telegram.org/bots/api: text 1-4,096 after entities, callback_data 1-64 bytes, 100 buttons.
# A button has no documented length; a longer one is cut on a narrow telephone.
TELEGRAM = Limits(4_096, 4_096, 100, 64, 0, 0, 64, hides_taps=True)

# twilio.com/docs: body 1,600; twilio/quick-reply 3 buttons of 20 in session; twilio/list-picker
# 10 items of 24, ids of 200; body of both 1,024.
WHATSAPP = Limits(1_600, 1_024, 3, 20, 10, 24, 200, hides_taps=False)

LIST_BUTTON = 20
"""Characters on the button that opens a WhatsApp list."""

_KINDS: tuple[Kind, ...] = ("danger", "cover", "knock", "card", "ask", "say")

# A span kept short, so that it is never longer than a message and never has to be cut.
_BOLD = re.compile(r"\*\*([^*\s](?:[^*\n]{0,198}[^*\s])?)\*\*")
_WHOLE = re.compile(rf"{_BOLD.pattern}|https?://\S+|www\.\S+|\+?\d[\d .:,/()-]*\d")
_CUTS = tuple(map(re.compile, (r"\n[^\S\n]*\n\s*", r"\n\s*", r"(?<=[.!?…])\s+", r"\s+")))


def fit_telegram(messages: Sequence[Message], language: str, prompts: Prompts) -> list[Sending]:
    """Fit to Telegram: buttons, HTML, nothing that rings."""
    return _fit(messages, language, prompts, TELEGRAM, telegram_markup, is_silent=True)


def fit_whatsapp(
    messages: Sequence[Message], language: str, prompts: Prompts, static_titles: Collection[str]
) -> list[Sending]:
    """Fit to WhatsApp. Only choices whose titles are all in `static_titles` become buttons.

    Buttons live at Twilio as templates: what is made at run time (places near her) must not.
    """
    return _fit(messages, language, prompts, WHATSAPP, whatsapp_markup, static_titles)


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
    *,
    is_silent: bool = False,
) -> list[Sending]:
    if not messages:
        return []
    text = "\n\n".join(message.text.strip() for message in messages if message.text.strip())
    choices = tuple(choice for message in messages for choice in message.choices)
    listed = number(choices, prompts.answer_with_number) if choices else ""
    numbered = "\n\n".join(part for part in (text, listed) if part)
    shape = _shape(text, messages, choices, limits)
    if shape == "list" and units(prompts.choose) > LIST_BUTTON:
        shape = "text"
    is_static = static_titles is None or all(choice.title in static_titles for choice in choices)
    if not is_static or units(numbered) > limits.text:
        shape = "text" if static_titles is not None else shape

    def sending(piece: str, **tappable: object) -> Sending:
        kind = min((message.kind for message in messages), key=_KINDS.index)
        services = tuple(message.service for message in messages if message.service)
        return Sending(
            markup(piece), kind, messages[-1].cause, language, services=services, is_silent=is_silent
        )

    return [sending(piece) for piece in split(numbered, limits.text)]
