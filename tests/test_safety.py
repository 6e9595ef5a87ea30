"""The rules of conversation a person's safety stands on, each tried through the real door.

Every test is named after the rule it holds. What must hold in every state is tried in every state.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from talking import FLOWS, WORLD, engine

from bot.engine.composing import SECOND_MISS
from bot.engine.folding import fold
from bot.engine.memory import Memory
from bot.engine.proofreading import NEUTRAL_START, SENSITIVE
from bot.engine.turn import Event, Turn
from bot.rehearsal import Rehearsal
from bot.terminal import Script

ROOT = Path(__file__).parents[1]
NOW = "2026-11-23T10:00:00-05:00"
COVER = "Listo. Gracias por escribir."
POCKET_COVER = "No entendí. ¿Puedes escribir de nuevo?"
CHANNELS = ("web", "telegram", "whatsapp")
HANDED_OVER = ("hola", "si", "quiero hablar con una persona", "enviar")
COVERED = [name for name, state in FLOWS.states.items() if state.covered]
OPEN = [name for name in FLOWS.states if name not in COVERED]
MARKUP = re.compile(r"</?b>|</?code>|[*`]")

Answer = dict[str, Any]


class Talk:
    """Lines of `kuska chat --json`; a string is her text."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self._script = Script(rehearsal)

    def __call__(self, *lines: str | dict[str, Any]) -> Answer:
        """Play the lines; the last answer."""
        answer: Answer = {}
        for line in lines:
            said = {"text": line} if isinstance(line, str) else line
            answer = self._script.play(json.dumps(said))
        return answer


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> str:
    """The web chat, unless a test asks for another."""
    return str(getattr(request, "param", "web"))


@pytest.fixture
def talk(channel: str) -> Iterator[Talk]:
    """A conversation on a store of its own, on a Monday morning in Lima."""
    now = datetime.fromisoformat(NOW).astimezone(ZoneInfo("America/Lima"))
    with Rehearsal(ROOT, now, channel=channel) as rehearsal:
        yield Talk(rehearsal)


everywhere = pytest.mark.parametrize("channel", CHANNELS, indirect=True)
on_telegram = pytest.mark.parametrize("channel", ["telegram"], indirect=True)


def texts(answer: Answer) -> list[str]:
    """What she is shown, without markup."""
    return [MARKUP.sub("", message["text"]) for message in answer["messages"]]


def said(answer: Answer) -> str:
    """All of it as one text."""
    return "\n".join(texts(answer))


def choice(answer: Answer, title: str) -> str:
    """The id of the choice with this title."""
    choices = [one for message in answer["messages"] for one in message["choices"]]
    return next(str(one["id"]) for one in choices if one["title"] == title)


def writes(state: str, text: str, **known: Any) -> Turn:
    """She is in a state, can write calmly, and writes this."""
    memory = Memory(state=state, session="open", tag="t1", is_safe=True, heard_at=WORLD.now)
    for name, value in known.items():
        setattr(memory, name, value)
    return engine().take_turn(memory, Event("text", text=text), WORLD)


@everywhere
@pytest.mark.parametrize(
    "first", ["hola", "soy trabajadora sexual", "me pegó mi pareja", "hello I need a lawyer please"]
)
def test_1_first_message_is_neutral(talk: Talk, first: str) -> None:
    """Whatever she writes first, nothing on the screen names a topic."""
    answer = talk(first)
    assert answer["state"] == "welcome.gate"
    assert SENSITIVE.search(fold(said(answer))) is None
    assert "police" not in said(answer)


def test_1_the_need_told_first_is_taken_up_after_the_calm_question(talk: Talk) -> None:
    """She does not say twice what she needs, and "safe" is not remembered into the next session."""
    assert talk("necesito una abogada", "si")["state"] == "find_service.place"
    assert talk("salir", "hola")["state"] == "welcome.gate"


def test_1_a_cry_in_another_language_skips_the_gate_in_it(talk: Talk) -> None:
    """The numbers come first, in her language, then the way back to Spanish."""
    answer = talk("help he is going to kill me now")
    assert answer["language"] == "en"
    assert "105" in texts(answer)[0]
    assert "call" in texts(answer)[0]
    assert texts(answer)[-1] == "¿Español? Escribe ES"


@pytest.mark.parametrize("first", ["EN", "english", "ES"])
def test_1_a_language_named_first_is_answered(talk: Talk, first: str) -> None:
    """The name of a language as the whole first message is no message into nothing."""
    answer = talk(first)
    assert answer["state"] == "welcome.gate"
    assert texts(answer)


def test_2_little_time_shortens(talk: Talk) -> None:
    """`Poco tiempo` shortens what is said next."""
    long = said(talk("hola", "si"))
    assert len(said(talk("salir", "hola", "poco tiempo"))) < len(long)


@everywhere
@pytest.mark.parametrize("minutes", [0, 10, 50, 600])
def test_2_the_door_of_not_now_opens_however_late(talk: Talk, minutes: int) -> None:
    """After "ahora no" there is silence, and then `1` brings danger help."""
    assert talk("hola", "ahora no")["session"] == "covered"
    assert not talk({"advance": f"PT{minutes}M"})["messages"]
    assert "105" in said(talk("1"))


@everywhere
@pytest.mark.parametrize("asked", ["menu", "borrar", "idioma", "hola", "EN"])
def test_2_who_writes_after_not_now_is_answered(talk: Talk, asked: str) -> None:
    """No reply is held back as if she were still away."""
    assert talk("hola", "ahora no", asked)["messages"]


@pytest.mark.parametrize(
    "sentence", ["quiero salir de aquí", "borra mi número de su celular", "no quiero parar", "para"]
)
def test_3_no_command_inside_a_sentence(talk: Talk, sentence: str) -> None:
    """A sentence with the word of a command neither ends nor erases anything."""
    answer = talk("hola", "si", sentence)
    assert answer["session"] == "open"
    assert answer["stored"]["contacts"] == 1
    assert answer["state"] not in ("welcome.start", "privacy.erase_ask")


@pytest.mark.parametrize("state", OPEN)
def test_3_danger_in_every_state(state: str) -> None:
    """From every state a cry for help brings the emergency number in the next message."""
    turn = writes(state, "auxilio me quiere matar")
    assert turn.messages[0].kind == "danger"
    assert "**105**" in turn.messages[0].text
    assert turn.messages[0].choices


@pytest.mark.parametrize("state", OPEN)
def test_4_exit_in_every_state_sends_only_the_cover(state: str) -> None:
    """From every state `salir` sends the cover and nothing else, and the state is cleared."""
    turn = writes(state, "salir", need="violencia", place="150101", told=["x"])
    assert [message.text for message in turn.messages] == [COVER]
    assert turn.memory.dump().keys() <= {"heard_at"}


@pytest.mark.parametrize("state", [name for name in OPEN if not name.startswith("welcome.")])
def test_3_a_person_the_menu_and_erase_from_every_state(state: str) -> None:
    """Within two messages she is at the menu, at erase, and with a person."""
    menu = writes(state, "menu")
    assert menu.state == "menu.main"
    asked = engine().take_turn(menu.memory, Event("text", text="una persona"), WORLD)
    assert asked.state == "handoff.offer"
    erased = "welcome.start" if state == "privacy.erase_ask" else "privacy.erase_ask"
    assert writes(state, "borrar").state == erased


READS_ALL = ("handoff.live", "handoff.own_words", "privacy.word", "privacy.erase_ask")
"""Here every text is hers to say, or the question stands."""


@pytest.mark.parametrize(
    "state", [n for n in OPEN if not n.startswith("welcome.") and n not in READS_ALL]
)
def test_3_the_second_miss_offers_a_person(state: str) -> None:
    """Nobody is left with "no entendí" alone."""
    turn = writes(state, "xq zt")
    for _ in range(SECOND_MISS - 1):
        turn = engine().take_turn(turn.memory, Event("text", text="xq zt"), WORLD)
    titles = " ".join(choice.title for message in turn.messages for choice in message.choices)
    assert "ersona" in titles or turn.state.startswith(("handoff.", "safety."))


def test_3_danger_is_not_repeated_whole_within_ten_minutes(talk: Talk) -> None:
    """Within ten minutes one line with the number, after them the whole text."""
    whole = said(talk("auxilio me quiere matar"))
    again = said(talk("auxilio me quiere matar"))
    assert "105" in again
    assert len(again) < len(whole)
    assert said(talk({"advance": "PT11M"}, "auxilio me quiere matar")) == whole


@on_telegram
def test_4_exit_deletes_and_voids(talk: Talk) -> None:
    """What waits is void, what stands is deleted, and the old topic does not come back."""
    answer = talk("hola", "si", {"provider": "fail"}, "mis derechos", "salir")
    assert texts(answer) == [COVER]
    assert answer["voided"] == 1
    assert answer["deleted"] > 0
    assert texts(talk({"advance": "PT10M"})) == []
    assert "derechos" not in said(talk("hola"))


@on_telegram
def test_5_pocket_word(talk: Talk) -> None:
    """Setting it deletes it; saying it covers; for 30 minutes only danger gets another answer."""
    set_it = talk("hola", "si", "privacidad", "palabra de bolsillo", "Zanahoria")
    assert set_it["state"] == "privacy.word_kept"
    assert set_it["deleted"] > 0
    old = choice(talk("menu"), "Mis derechos")
    used = talk("zanahoría!")
    assert texts(used) == [POCKET_COVER]
    assert used["deleted"] > 0
    for line in ("hola", "salir", "mis derechos", {"choice": old}, {"media": "audio"}):
        assert texts(talk(line)) == [POCKET_COVER]
    assert "105" in said(talk("auxilio me quiere matar"))
    assert talk({"choice": old})["state"] == "welcome.gate"


def test_5_a_sentence_or_a_common_word_is_no_pocket_word(talk: Talk) -> None:
    """What she might say by chance, or asks for, is not taken for a secret word."""
    talk("hola", "si", "privacidad", "palabra de bolsillo")
    for word in ("hola", "salir", "abc", "1234", "quiero hablar con una persona"):
        assert talk(word)["state"] != "privacy.word_kept"


@on_telegram
def test_6_old_taps(talk: Talk) -> None:
    """A tap of an older session greets; of this one it leads, leaves, cries, never consents."""
    menu = talk("hola", "si")
    rights, urgent, leave = (choice(menu, one) for one in ("Mis derechos", "Es urgente", "Salir"))
    consent = choice(talk("quiero hablar con una persona", "enviar"), "A cualquier hora")
    assert talk("menu", {"choice": consent})["handoff"]["status"] == "offered"
    assert talk({"choice": urgent})["state"] == "safety.now"
    assert texts(talk({"choice": leave})) == [COVER]
    assert talk({"choice": rights})["state"] == "welcome.gate"
    assert talk("si", {"choice": rights})["state"] == "welcome.gate"


@everywhere
def test_7_erase_leaves_nothing(talk: Talk) -> None:
    """It explains, is confirmed once, repeats nothing, and leaves neither row nor key."""
    asked = talk(*HANDED_OVER, "a cualquier hora", "borrar")
    assert asked["state"] == "privacy.erase_ask"
    assert asked["stored"]["contacts"] == 1
    answer = talk("si")
    assert texts(answer) == ["Listo. Ya no queda nada aquí."]
    assert not any(answer["stored"].values())
    assert "error" in talk({"counselor": "reply", "by": "c1", "text": "hola"})


@on_telegram
def test_8_a_late_reply_knocks_first(talk: Talk) -> None:
    """After ten silent minutes only a neutral knock goes out; her answer releases the reply."""
    talk({"duty": 1}, *HANDED_OVER, "a cualquier hora", {"counselor": "claim"})
    talk({"counselor": "reply", "text": "Hola, soy Ana"}, "gracias", {"advance": "PT15M"})
    knock = talk({"counselor": "reply", "text": "sobre la denuncia"})
    assert texts(knock) == ["Hola, ya puedo responderte. ¿Es buen momento?"]
    assert knock["messages"][0]["cause"] == "agreed"
    assert texts(talk("si")) == ["sobre la denuncia"]


@on_telegram
def test_8_without_agreement_nobody_writes_first(talk: Talk) -> None:
    """She said that she writes herself: a late reply waits in silence."""
    talk({"duty": 1}, *HANDED_OVER, "no", {"counselor": "claim"}, {"advance": "PT15M"})
    assert talk({"counselor": "reply", "text": "Hola"})["messages"] == []


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"], indirect=True)
@pytest.mark.parametrize("need", ["necesito una abogada", "denunciar", "salud sexual", "psicologa"])
def test_9_results_begin_neutrally(talk: Talk, need: str) -> None:
    """A lock screen shows the beginning of a message: no name of a service stands there."""
    answer = talk("hola", "si", need)
    lines: tuple[str | dict[str, Any], ...] = ({"location": {"lat": -12.05, "lon": -77.04}}, "menu")
    for line in (*lines, "ayuda cerca de mí", "1", "Iquitos"):
        for message in answer["messages"]:
            beginning = MARKUP.sub("", message["text"])[:NEUTRAL_START]
            assert message["kind"] == "danger" or SENSITIVE.search(fold(beginning)) is None
        answer = talk(line)


@pytest.mark.parametrize(
    "cry",
    [
        "un policía me quiere matar",
        "dos policias me tienen encerrada",
        "la policia me esta pegando",
        "mi ex es policia y me quiere matar",
    ],
)
def test_10_police_who_hurt_never_bring_105_alone(talk: Talk, cry: str) -> None:
    """Prosecutor and Ombudsman, in the first answer and in each one after it."""
    talk("hola", "si")
    for line in (cry, "auxilio me va a matar", "no puedo llamar", "auxilio", "menu"):
        answer = talk(line)
        assert "105" not in said(answer)
        if answer["state"] in ("safety.police", "safety.police_again"):
            assert "0800" in said(answer)


@pytest.mark.parametrize(
    "cry",
    [
        "auxilio me quiere matar",
        "socorro ele quer me matar",
        "help he is going to kill me",
        "au secours il veut me tuer",
        "anmwe li vle touye m",
        "yanapaway wañuchiwayta munan",
    ],
)
def test_10_danger_in_six_languages(talk: Talk, cry: str) -> None:
    """In every language of the people who write here the number comes at once."""
    assert "105" in said(talk(cry))


@pytest.mark.parametrize("place", ["Iquitos", "Cusco"])
def test_10_no_106_outside_lima(talk: Talk, place: str) -> None:
    """106 answers in Lima only."""
    answer = talk("hola", "si", "necesito una abogada", place, "auxilio me quiere matar")
    assert "116" in said(answer)
    assert "106" not in said(answer)


def test_14_every_card_is_short_and_dated(talk: Talk) -> None:
    """At most 3 cards a turn, 8 lines and 45 words each, with the date of the fact."""
    talk("hola", "si")
    for need in map(str, range(1, 10)):
        for place in ("Lima", "Iquitos", "Tumbes"):
            answer = talk(
                "menu", "ayuda cerca de mí", need, place, "menu", "ayuda cerca de mí", need
            )
            cards = [one for one in answer["messages"] if "Llama" in one["text"] and one["service"]]
            assert 0 < len(cards) <= 3, (need, place)
            for card in cards:
                text = card["text"]
                assert len(text.splitlines()) <= 8, text
                assert len(text.split()) <= 45, text
                assert re.search(r"Dato (de|sin)|Confirmado en", text), text
                assert card["service"]["open"] is not True or "cerrado" not in text


def test_15_nobody_present_is_said(talk: Talk) -> None:
    """No wait is invented, and something useful stands beside it."""
    waiting = talk(*HANDED_OVER, "a cualquier hora")
    assert "no hay nadie" in said(waiting)
    assert "100" in said(waiting)


@pytest.mark.parametrize("kind", ["audio", "image", "video", "document", "sticker"])
def test_17_what_cannot_be_read_is_answered(talk: Talk, kind: str) -> None:
    """As her first message, at the gate, after "ahora no", and later: a sentence and a person."""
    media = {"media": kind}
    assert "persona" in texts(talk(media))[0]
    assert "persona" in texts(talk(media))[0]
    assert "persona" in texts(talk("ahora no", media))[0]
    assert "persona" in texts(talk("si", media))[0]


def test_18_numbers_are_withheld_from_nobody(talk: Talk) -> None:
    """Who asks about another learns nothing; who asks for help gets the numbers."""
    asked = talk("hola", "si", "¿escribió aquí mi esposa María?")
    assert not re.search(r"sí,? (escribi|habl)", fold(said(asked)))
    assert "105" in said(talk("auxilio me quiere matar"))


def test_19_only_what_she_approved(talk: Talk) -> None:
    """The summary holds choices, never her words; a line dropped is gone; one word withdraws."""
    talk("hola", "si", "mi patrón Julio me encierra, necesito una abogada en Iquitos", "menu")
    offered = talk("quiero hablar con una persona")
    assert "Julio" not in said(offered)
    assert "menos de 18" in said(offered)
    assert offered["counselor_view"] is None
    before = re.findall(r"· (.+)", said(offered))
    after = re.findall(r"· (.+)", said(talk("cambiar", "1")))
    assert after == before[1:]
    sent = talk("ya está", "enviar", "a cualquier hora")
    assert sent["counselor_view"]["summary"] == after
    assert talk("ya no quiero")["handoff"]["status"] == "closed"


def test_21_two_counselors_at_once(talk: Talk) -> None:
    """One gets the case; the other cannot write into it."""
    talk({"duty": 2}, *HANDED_OVER, "a cualquier hora", {"counselor": "claim", "by": "c1"})
    assert "error" in talk({"counselor": "claim", "by": "c2"})
    assert "error" in talk({"counselor": "reply", "by": "c2", "text": "hola"})
    assert texts(talk({"counselor": "reply", "by": "c1", "text": "Soy Ana"}))[-1] == "Soy Ana"


@on_telegram
def test_6_who_left_a_live_talk_is_greeted_and_found_again(talk: Talk) -> None:
    """After exit nobody may write until she says it is safe; then the talk goes on with her."""
    talk({"duty": 1}, *HANDED_OVER, "a cualquier hora", {"counselor": "claim"})
    reply = {"counselor": "reply", "text": "sigo aquí"}
    assert texts(talk(reply, "salir")) == [COVER]
    assert "No escribir" in talk(reply)["error"]
    assert "¿Puedes escribir con calma?" in said(talk("hola"))
    assert "No escribir" in talk(reply)["error"]
    talk("si")
    assert texts(talk(reply))[-1].endswith("sigo aquí")
    assert talk("gracias, necesito una abogada")["messages"] == []


def test_21_who_waits_is_not_offered_again(talk: Talk) -> None:
    """Asking again says that it waits; "ya no quiero" withdraws what waits."""
    talk(*HANDED_OVER, "a cualquier hora", {"advance": "PT31M"}, "hola", "si")
    assert talk("quiero hablar con una persona")["state"] == "handoff.waiting"
    assert talk("ya no quiero")["handoff"]["status"] == "closed"


@pytest.mark.parametrize("told", ["necesito una abogada", "mi jefe me debe plata", "gracias"])
def test_21_a_live_talk_is_not_taken_over(talk: Talk, told: str) -> None:
    """What she writes to a counselor is answered by the counselor."""
    talk({"duty": 1}, *HANDED_OVER, "a cualquier hora", {"counselor": "claim"})
    talk({"counselor": "reply", "text": "Hola"})
    answer = talk(told)
    assert answer["state"] == "handoff.live"
    assert answer["messages"] == []
    assert told in answer["counselor_view"]["messages"]


@pytest.mark.parametrize("cry", ["auxilio me quiere matar", "un policía me está pegando"])
def test_21_danger_with_a_counselor_gives_the_number(talk: Talk, cry: str) -> None:
    """The number comes at once, and the counselor's talk goes on."""
    talk({"duty": 1}, *HANDED_OVER, "a cualquier hora", {"counselor": "claim"})
    answer = talk({"counselor": "reply", "text": "Hola"}, cry)
    assert answer["state"] == "handoff.live"
    assert answer["messages"][0]["kind"] == "danger"
    assert ("105" in said(answer)) is ("policía" not in cry)


def test_21_nobody_came(talk: Talk) -> None:
    """A handoff expires 48 hours after its due time, and she is told with the 24-hour lines."""
    talk(*HANDED_OVER, "a cualquier hora")
    assert talk({"advance": "P8D"})["handoff"]["status"] == "waiting"
    assert talk({"advance": "P1DT1H"})["handoff"]["status"] == "expired"


@on_telegram
def test_25_a_repeat_makes_no_second_turn(talk: Talk) -> None:
    """The same provider id answers `duplicate` and nothing else, also after a restart."""
    talk({"text": "hola", "id": "x"}, {"restart": True})
    answer = talk({"text": "hola", "id": "x"})
    assert answer["duplicate"] is True
    assert answer["messages"] == []


@on_telegram
def test_25_a_failed_send_is_not_lost(talk: Talk) -> None:
    """What the provider did not take comes when the clock has moved, once."""
    assert talk("hola", {"provider": "fail"}, "si")["messages"] == []
    assert len(talk({"advance": "PT1M"})["messages"]) == 1
    assert talk({"advance": "PT1M"})["messages"] == []


@pytest.mark.parametrize(
    "line",
    [
        {"foo": 1},
        {"text": None},
        {"duty": None},
        {"advance": "1h"},
        {"advance": "PT99999999999999H"},
        {"location": {"lat": "a"}},
        {"location": {"lat": 400, "lon": 0}},
        {"media": "gif"},
        {"directory": "sideways"},
        {"counselor": "kiss"},
        {"status": "nope"},
    ],
)
def test_a_bad_line_ends_nothing(talk: Talk, line: dict[str, Any]) -> None:
    """A line that cannot be read gives `error`, and the conversation goes on."""
    assert "error" in talk("hola", line)
    assert talk("si")["state"] == "menu.main"


@pytest.mark.parametrize("now", ["2026-07-28", "2026-07-23", "2026-12-09", "2026-11-29"])
def test_32_closed_on_holidays_and_sundays(now: str) -> None:
    """A closed service says when it opens, and what is open now stands beside it."""
    at = datetime.fromisoformat(f"{now}T10:00:00-05:00").astimezone(ZoneInfo("America/Lima"))
    with Rehearsal(ROOT, at) as rehearsal:
        answer = Talk(rehearsal)("hola", "si", "necesito una abogada en Iquitos")
    closed = next(one for one in answer["messages"] if "1884" in one["text"])
    assert "Ahora está cerrado. Abre" in closed["text"]
    assert closed["service"]["open"] is False
    assert closed["service"]["opens_at"] > now
    assert "Abierto ahora, a toda hora" in said(answer)


def test_directory_down_still_names_lines(talk: Talk) -> None:
    """Without the directory the national lines stand, and her place is kept."""
    down = talk("hola", "si", {"directory": "down"}, "necesito una abogada en Iquitos")
    assert "100" in said(down)
    assert "1818" in said(down)
    assert "1884" in said(talk({"directory": "up"}, "menu", "necesito una abogada"))


@pytest.mark.parametrize("point", [(-12.5, -79.5), (40.4, -3.7), (0.0, 0.0)])
def test_25_a_location_outside_peru_is_said(talk: Talk, point: tuple[float, float]) -> None:
    """In the sea or abroad no district is made up."""
    where = {"location": {"lat": point[0], "lon": point[1]}}
    assert "lejos del Perú" in said(talk("hola", "si", "necesito una abogada", where))


@on_telegram
def test_6_a_failed_number_code_is_no_crash(talk: Talk) -> None:
    """Twilio's code for a window that closed is taken in, and the talk goes on."""
    assert talk("hola", {"status": "63016"})["messages"] == []
    assert talk("si")["state"] == "menu.main"
