"""Fitting a turn to a channel: nothing lost, every limit held, every choice reachable."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import Sending
from bot.channels.rendering import (
    TELEGRAM,
    WHATSAPP,
    Limits,
    Prompts,
    fit_telegram,
    fit_whatsapp,
    plain,
    split,
    telegram_markup,
    units,
    whatsapp_markup,
)
from bot.messages import Choice, Message, ShownService

PROMPTS = Prompts("Responde con un número:", "Elegir")

CALM = (
    Choice("k3f9.welcome.calm.yes", "Sí"),
    Choice("k3f9.welcome.calm.short", "Poco tiempo"),
    Choice("k3f9.welcome.calm.later", "Ahora no"),
)
MENU = tuple(
    Choice(f"k3f9.menu.root.{key}", title)
    for key, title in [
        ("service", "Un servicio cerca"),
        ("rights", "Tus derechos"),
        ("person", "Hablar con una persona"),
        ("erase", "Borrar todo"),
    ]
)
EXTORTION = (
    Choice("k3f9.work.extortion.report", "Denunciar sin dar mi nombre"),
    Choice("k3f9.work.extortion.safer", "Estar más segura esta noche"),
    Choice("k3f9.work.extortion.person", "Hablar con una persona"),
    Choice("k3f9.work.extortion.other", "Otra cosa"),
)

CARD = "**Defensa Pública · Línea 1884** · gratis\nAbierta < 20:00 & gratis."


def titles(*sets: tuple[Choice, ...]) -> frozenset[str]:
    return frozenset(choice.title for choices in sets for choice in choices)


def whatsapp(*messages: Message) -> list[Sending]:
    return fit_whatsapp(messages, "es", PROMPTS, titles(CALM, MENU, EXTORTION))


def telegram(*messages: Message) -> list[Sending]:
    return fit_telegram(messages, "es", PROMPTS)


def test_three_short_choices_are_buttons_on_whatsapp() -> None:
    """The calm question is one message with three buttons, complete without them too."""
    (sending,) = whatsapp(
        Message("Hola."), Message("¿Puedes escribir con calma?", "ask", "inbound", CALM)
    )
    assert sending.text == "Hola.\n\n¿Puedes escribir con calma?"
    assert (sending.shape, sending.choices, sending.kind) == ("buttons", CALM, "ask")
    assert sending.without_buttons().text == (
        "Hola.\n\n¿Puedes escribir con calma?\n\n"
        "Responde con un número:\n1 Sí\n2 Poco tiempo\n3 Ahora no"
    )
    assert sending.without_buttons().choices == ()


def test_four_choices_are_a_list_on_whatsapp() -> None:
    """More than three choices open as a list with its own button."""
    (sending,) = whatsapp(Message("¿Qué necesitas?", "ask", "inbound", MENU))
    assert (sending.shape, sending.choices, sending.list_button) == ("list", MENU, "Elegir")


def test_private_choices_are_numbered_on_whatsapp() -> None:
    """A sensitive title never becomes her visible message; on Telegram a tap shows none."""
    message = Message("Gracias por contarlo.", "ask", "inbound", CALM, private=True)
    (sending,) = whatsapp(message)
    assert (sending.shape, sending.choices) == ("text", ())
    assert sending.text.endswith("Responde con un número:\n1 Sí\n2 Poco tiempo\n3 Ahora no")
    (tapped,) = telegram(message)
    assert (tapped.shape, tapped.choices) == ("buttons", CALM)


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        (EXTORTION, "a title of 27 in a list of 24"),
        ((Choice("a.b.c", "Santa Rosa (Loreto)"),), "a title made at run time"),
        ((*CALM[:2], Choice("k3f9.x.y", "Sí")), "two titles the same"),
        ((Choice("i" * 201, "Sí"),), "an id of 201"),
        (tuple(Choice(f"a.{i}", "Sí") for i in range(11)), "eleven choices"),
    ],
)
def test_choices_that_whatsapp_would_refuse_are_numbered(
    choices: tuple[Choice, ...], why: str
) -> None:
    """What cannot or must not be a button is a numbered line instead."""
    (sending,) = whatsapp(Message("¿Cuál?", "ask", "inbound", choices))
    assert (sending.shape, sending.choices) == ("text", ()), why
    for place, choice in enumerate(choices, start=1):
        assert f"\n{place} {choice.title}" in sending.text


def test_a_long_body_gives_up_its_buttons_before_it_is_cut() -> None:
    """Between 1,024 and 1,600 the message stays one, numbered."""
    (sending,) = whatsapp(Message("palabra " * 150, "ask", "inbound", CALM))
    assert sending.shape == "text"
    assert sending.text.endswith("3 Ahora no")


def test_bold_and_escapes() -> None:
    """Bold is the channel's own, and a text cannot smuggle in markup."""
    assert telegram_markup(CARD) == (
        "<b>Defensa Pública · Línea 1884</b> · gratis\nAbierta &lt; 20:00 &amp; gratis."
    )
    assert whatsapp_markup(CARD).startswith("*Defensa Pública · Línea 1884* · gratis\n")
    assert plain(CARD).startswith("Defensa Pública · Línea 1884 · gratis\n")
    assert telegram_markup("2 ** 3 y ** suelto") == "2 ** 3 y ** suelto"


def test_what_a_turn_is_made_of_stays_known() -> None:
    """Danger is the kind of a turn that holds it, and the cards' services are kept in order."""
    first, second = (
        ShownService(name, ("105",), True, None, None, None, None) for name in ("a", "b")
    )
    (sending,) = telegram(
        Message("Te leo.", "danger"),
        Message("Uno", "card", service=first),
        Message("Dos", "card", service=second),
    )
    assert sending.kind == "danger"
    assert sending.services == (first, second)
    assert sending.is_silent
    assert fit_telegram([], "es", PROMPTS) == []
    assert telegram(Message("  ")) == []


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("uno\n\ndos", 8, ["uno\n\ndos"]),
        ("uno\n\ndos", 7, ["uno", "dos"]),
        ("Uno dos.\nTres", 10, ["Uno dos.", "Tres"]),
        ("Uno dos. Tres cuatro.", 14, ["Uno dos.", "Tres cuatro."]),
        ("llama al 01 411 8000 ya", 15, ["llama al", "01 411 8000 ya"]),
        ("mira https://a.pe/bcd", 12, ["mira", "https://a.pe", "/bcd"]),
        ("a https://a.pe/b fin", 15, ["a", "https://a.pe/b", "fin"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("x **Línea 100** y", 14, ["x", "**Línea 100**", "y"]),
        ("🙏🙏🙏", 4, ["🙏🙏", "🙏"]),
        ("", 4, []),
    ],
)
def test_split(text: str, limit: int, pieces: list[str]) -> None:
    """Paragraphs, lines, sentences, words; never inside a number, an address or a bold span."""
    assert split(text, limit) == pieces


WORDS = st.sampled_from(
    ["hola", "Llama.", "al", "gratis", "🙏🏽", "¿Sí?", "1 < 2", "&", "*", "\n", "\n\n"]
) | st.sampled_from(
    ["**Línea 100**", "01 411 8000", "+51 987 000 111", "8:00", "https://www.gob.pe/mimp"]
)
TEXTS = st.lists(WORDS, max_size=500).map(" ".join) | st.text(max_size=300)
CHOICES = st.lists(
    st.tuples(
        st.text("abc.0123456789", min_size=1, max_size=80),
        st.text("aábc dñ?🙏", min_size=1, max_size=40).map(str.strip).filter(bool),
    ).map(lambda pair: Choice(*pair)),
    max_size=14,
).map(tuple)
TURNS = st.lists(
    st.builds(Message, TEXTS, choices=st.just(()) | CHOICES, private=st.booleans()), max_size=3
)


def unmark(channel: str, text: str) -> str:
    """The characters a person sees, without white space and without marks of bold."""
    if channel == "telegram":
        text = html.unescape(re.sub(r"</?b>", "", text))
    return re.sub(r"[\s*]", "", text)


@given(st.lists(st.tuples(TEXTS, st.integers(20, 200)), min_size=1, max_size=3))
def test_split_loses_nothing(pairs: list[tuple[str, int]]) -> None:
    """Every piece is within the limit and the pieces together are the text."""
    for text, limit in pairs:
        pieces = split(text, limit)
        assert all(0 < units(piece) <= limit for piece in pieces)
        assert "".join("".join(pieces).split()) == "".join(text.split())


@pytest.mark.parametrize(("channel", "limits"), [("telegram", TELEGRAM), ("whatsapp", WHATSAPP)])
@given(messages=TURNS, has_static_titles=st.booleans())
def test_fit_holds_what_it_promises(
    channel: str, limits: Limits, messages: list[Message], has_static_titles: bool
) -> None:
    """Nothing lost, every limit held, every choice tappable or numbered in its order."""
    choices = tuple(choice for message in messages for choice in message.choices)
    if channel == "telegram":
        sendings = fit_telegram(messages, "es", PROMPTS)
    else:
        static = titles(choices) if has_static_titles else frozenset[str]()
        sendings = fit_whatsapp(messages, "es", PROMPTS, static)

    shown = "".join(unmark(channel, sending.text) for sending in sendings)
    told = "".join(message.text for message in messages)
    assert shown.startswith(unmark("", told))

    for sending in sendings:
        seen = html.unescape(re.sub(r"</?b>", "", sending.text))
        longest = limits.tappable_text if sending.choices else limits.text
        assert 0 < units(seen if channel == "telegram" else sending.text) <= longest
        assert units(sending.without_buttons().text) <= limits.text or channel == "telegram"

    tappable = [choice for sending in sendings for choice in sending.choices]
    if tappable:
        (sending,) = sendings
        assert sending.choices == choices
        assert all(len(choice.id.encode()) <= limits.choice_id for choice in choices)
        most, longest = (
            (limits.buttons, limits.button_title)
            if sending.shape == "buttons"
            else (limits.items, limits.item_title)
        )
        assert len(choices) <= most
        assert all(units(choice.title) <= longest for choice in choices)
        assert channel == "telegram" or not any(message.private for message in messages)
    else:
        lines = "".join(f"{place}{each.title}" for place, each in enumerate(choices, start=1))
        assert shown.endswith(unmark("", lines))
    if channel == "whatsapp" and not has_static_titles:
        assert not tappable
