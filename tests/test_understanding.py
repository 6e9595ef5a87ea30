"""What people write is heard: by tables of real wording, and by properties that always hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.folding import fold, words
from bot.engine.intents import Understanding, match_choice, understand, whole_command
from bot.engine.vocabulary import INTENTS

HEARD = [
    # text, intent, urgent
    ("no me dejan salir", "coercion", True),
    ("NO ME DEJAN SALIRRR", "coercion", True),
    ("auxilio", "danger_now", True),
    ("ausilioooo", "danger_now", True),
    ("auxilio me quiere matar", "danger_now", True),
    ("esta golpeando la puerta otra ves", "danger_now", True),
    ("🆘", "danger_now", True),
    ("quiero salir de aquí", "coercion", True),
    ("mi amiga está encerrada", "coercion", True),
    ("me quiero morir", "self_harm", True),
    ("anoche me violaron", "sexual_violence", True),
    ("quiero hablar con alguien", "human", False),
    ("borra todo", "delete_data", False),
    ("salir", "exit", False),
    ("si", "yes", False),
    ("sí", "yes", False),
    ("ya", "yes", False),
    ("claro", "yes", False),
    ("no", "no", False),
    ("menú", "menu", False),
    ("volver", "back", False),
    ("atrás", "back", False),
    ("para", "other", False),
    ("no sé", "other", False),
    ("no entiendo", "other", False),
    ("necesito una abogada en Iquitos", "legal_help", False),
    ("nesecito una avogada", "legal_help", False),
    ("me estan cobrando cupo", "extortion", False),
    ("trabajo sexual es delito?", "rights", False),
    ("¿es ilegal mi trabajo?", "rights", False),
    ("me mato de risa", "other", False),
    ("me muero de hambre", "basic_needs", False),
    ("tengo 16", "minor", False),
    ("se rompio el condon", "health", False),
]


@pytest.mark.parametrize(("text", "intent", "urgent"), HEARD)
def test_wording_is_heard(text: str, intent: str, urgent: bool) -> None:
    """Wording that must be understood from the first day has its intent and its urgency."""
    heard = understand(text)
    assert (heard.intent, heard.urgent) == (intent, urgent), heard


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("no me pegan", "negated"),
        ("nadie me obliga", "negated"),
        ("nunca me ha pegado", "negated"),
        ("hace un año me pegaba", "past"),
        ("cuando era niña mi tío me tocaba", "past"),
        ("mi amiga está encerrada", "about_other"),
        ("a mi vecina le pega su marido", "about_other"),
    ],
)
def test_who_when_and_whether(text: str, flag: str) -> None:
    """Negation, past and another person are named; what is denied or past is not urgent."""
    heard = understand(text)
    assert getattr(heard, flag)
    assert flag == "about_other" or not heard.urgent


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("salir", "exit"),
        ("Salir.", "exit"),
        ("SALIR", "exit"),
        ("borrar", "delete_data"),
        ("borra todo", "delete_data"),
        ("menu", "menu"),
        ("EN", "language"),
        ("español", "language"),
        ("quiero salir de aquí", None),
        ("no puedo salir", None),
        ("para", None),
        ("no sé", None),
        ("no entiendo", None),
        ("si", None),
        ("", None),
    ],
)
def test_only_a_whole_message_commands(text: str, command: str | None) -> None:
    """A command is the whole message or none: "quiero salir de aquí" is captivity."""
    assert whole_command(text) == command


GATE = ["Sí", "Poco tiempo", "Ahora no"]
MENU = ["Ayuda cerca de mí", "Es urgente", "Mis derechos", "Hablar con una persona", "Salir"]


@pytest.mark.parametrize(
    ("text", "titles", "position"),
    [
        ("1", GATE, 0),
        ("2.", GATE, 1),
        ("la 2", GATE, 1),
        ("dos", GATE, 1),
        ("la tercera", GATE, 2),
        ("opcion 3", GATE, 2),
        ("4", GATE, None),
        ("0", GATE, None),
        ("si", GATE, 0),
        ("SÍ", GATE, 0),
        ("poco tienpo", GATE, 1),
        ("poko tiempo", GATE, 1),
        ("poco", GATE, 1),
        ("ahora no", GATE, 2),
        ("no", GATE, None),
        ("ablar con una persona", MENU, 3),
        ("persona", MENU, 3),
        ("mis derecho", MENU, 2),
        ("derechos", MENU, 2),
        ("urgente", MENU, 1),
        ("hablar con una persona que sepa de papeles", MENU, None),
        ("no me dejan salir", MENU, None),
        ("quiero salir de aqui", MENU, None),
        ("tengo 2 hijos", MENU, None),
        ("me pegó 2 veces", MENU, None),
        ("", MENU, None),
        ("hola", [], None),
    ],
)
def test_a_typed_choice(text: str, titles: list[str], position: int | None) -> None:
    """Number, title, cut or misspelt title choose; a sentence with other content does not."""
    assert match_choice(text, titles) == position


@given(st.text(max_size=300))
def test_folding_twice_is_folding_once(text: str) -> None:
    """Folded text is stable, whatever was typed, lone surrogates included."""
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=300))
def test_any_text_gets_an_answer(text: str) -> None:
    """No text raises; the intent is one of ours and the score a chance."""
    heard = understand(text)
    assert heard.intent in INTENTS
    assert 0 <= heard.score <= 1
    assert understand(text) == heard


@given(st.sampled_from([text for text, _, _ in HEARD]))
def test_typing_loudly_changes_nothing(text: str) -> None:
    """Capitals, spaces and invisible letters do not change what is heard."""
    loud = understand(f"  {text.upper()}\u200b ")
    assert (loud.intent, loud.urgent) == (understand(text).intent, understand(text).urgent)


def test_places_come_through_the_port() -> None:
    """Places are looked up by the port that is given, with the text as typed."""
    heard = understand("necesito una abogada en Iquitos", find_places=lambda text: ["160101"])
    assert heard.places == ("160101",)
    assert heard.needs == ("abogada",)


def test_a_remembered_wish_is_never_urgent() -> None:
    """A need told before the calm question comes back without its urgency."""
    wish = Understanding.remembered("legal_help", needs=["abogada"])
    assert (wish.intent, wish.urgent, wish.needs) == ("legal_help", False, ("abogada",))


def test_spelling_by_ear() -> None:
    """Words that sound alike are one word."""
    for one, other in [
        ("necesito", "nesecito"),
        ("abogada", "avogada"),
        ("extorsión", "extorción"),
        ("llave", "yabe"),
        ("huevón", "webon"),
        ("k", "que"),
        ("encerrado", "enserrao"),
    ]:
        assert words(one) == words(other)
