"""What may go out at all: the cover after she left, a knock after a silence, her page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from provider import CHAT, KNOCK, Provider, asked, deliver, say, shown, statuses, wait
from storeroom import PHONE, Room

from bot import outbox, records, retention, traces
from bot.messages import Cause, Kind, Message
from bot.models import Delivery as Delivered
from bot.models import OutboxEntry


async def test_after_leaving_only_the_cover_goes(room: Room) -> None:
    """Voiding and ending in one transaction: what waited never goes, the cover does."""
    arrival = asked(room, CHAT, "uno", "dos")
    asked(room, CHAT, "tres")
    voided = []

    def leave(connection: Any) -> None:
        voided.append(outbox.void(connection, arrival.contact_id))
        records.keep_memory(connection, room.vault, arrival, {}, "ended", room.now)
        outbox.enqueue(
            connection, room.vault, arrival, say("Listo.", kind="cover"), "es", "inbound", room.now
        )

    room.do(leave)
    provider = Provider()
    await deliver(room, provider, rounds=3)
    wait(room, 5)
    await deliver(room, provider, rounds=3)
    assert voided == [2]
    assert provider.texts == ["Listo."]
    assert statuses(room) == ["void", "void", "sent"]


@pytest.mark.parametrize("session", ["covered", "ended"])
@pytest.mark.parametrize(
    ("kind", "cause", "goes"),
    [
        ("say", "inbound", False),
        ("say", "agreed", False),
        ("say", "counselor", False),
        ("knock", "agreed", False),
        ("cover", "inbound", True),
        ("danger", "inbound", True),
    ],
)
async def test_a_covered_session_lets_through(
    disk_room: Room, session: str, kind: Kind, cause: Cause, goes: bool
) -> None:
    """To a session that is covered or ended go a cover and danger help, nothing else, whoever
    wrote it and whenever it was kept."""
    room = disk_room
    asked(room, CHAT, messages=say("uno", kind=kind, cause=cause), cause=cause, status=session)
    provider = Provider()
    await deliver(room, provider)
    assert (provider.texts == ["uno"]) is goes
    assert statuses(room) == ["sent" if goes else "void"]


async def test_what_was_in_flight_when_she_left_is_deleted(room: Room) -> None:
    """She leaves while the provider has the message in hand: it is deleted when its id arrives."""
    arrival = asked(room, CHAT, "uno", "dos")
    provider = Provider()

    async def leave() -> None:
        await room.store.worker.run(lambda c: outbox.void(c, arrival.contact_id))

    provider.on_send = leave
    await deliver(room, provider)
    wait(room, 5)
    await deliver(room, provider)
    assert provider.texts == ["uno"]
    assert statuses(room) == ["void"]
    assert await traces.sweep(room.store, room.vault, {"telegram": provider}) == 1
    assert provider.deleted == [(CHAT, "telegram-1")]
    assert await traces.sweep(room.store, room.vault, {"telegram": provider}) == 0


async def test_what_was_in_flight_when_she_erased_is_deleted(room: Room) -> None:
    """The same after `borrar`, from memory; a late status of it creates nothing."""
    arrival = asked(room, PHONE, "uno", channel="whatsapp")
    provider = Provider("whatsapp")

    async def erase() -> None:
        await room.store.worker.run(
            lambda c: retention.erase(c, room.vault, arrival.contact_id, room.now)
        )

    provider.on_send = erase
    await deliver(room, provider)
    assert provider.deleted == [(PHONE, "whatsapp-1")]
    ref = room.vault.index("ref", "whatsapp-1")
    assert not room.do(outbox.record_status, ref, "delivered", None, room.now)
    assert room.count(OutboxEntry) == room.count(Delivered) == 0


async def test_a_counselors_words_wait_behind_a_knock(room: Room) -> None:
    """After ten silent minutes only a neutral knock goes, once; her answer releases the words."""
    arrival = asked(room, CHAT, "uno")
    provider = Provider()
    await deliver(room, provider)
    wait(room, 600)

    def reply(connection: Any, text: str) -> None:
        outbox.enqueue(
            connection, room.vault, arrival, say(text, cause="counselor"), "es", "counselor",
            room.now,
        )  # fmt: skip

    def knock(_: Any, conversation_id: int, language: str, now: datetime) -> Message:
        assert (conversation_id, language, now) == (arrival.conversation_id, "es", room.now)
        return KNOCK

    room.do(reply, "Soy Ana.")
    room.do(reply, "Te escucho.")
    await deliver(room, provider, knock=knock, rounds=3)
    wait(room, 3600)
    room.do(reply, "Sigo aquí.")
    await deliver(room, provider, knock=knock, rounds=3)
    assert provider.texts == ["uno", KNOCK.text]

    def answer(connection: Any) -> int:
        records.keep_memory(connection, room.vault, arrival, {}, "open", room.now)
        return outbox.release(connection, arrival.conversation_id, room.now)

    assert room.do(answer) == 3
    for _ in range(3):
        wait(room, 1)
        await deliver(room, provider, knock=knock)
    assert provider.texts[2:] == ["Soy Ana.", "Te escucho.", "Sigo aquí."]


async def test_a_counselor_answers_at_once_while_she_writes(room: Room) -> None:
    """Within ten minutes of her last message a counselor's words go as they are."""
    asked(room, CHAT, messages=say("Soy Ana.", cause="counselor"), cause="counselor")
    wait(room, 599)
    provider = Provider()
    await deliver(room, provider, knock=lambda *_: KNOCK)
    assert provider.texts == ["Soy Ana."]


@pytest.mark.parametrize("knock", [None, lambda *_: None])
async def test_without_her_agreement_nobody_knocks(disk_room: Room, knock: Any) -> None:
    """Where no knock is allowed the words are held without a sign."""
    room = disk_room
    asked(room, CHAT, messages=say("Soy Ana.", cause="counselor"), cause="counselor")
    wait(room, 601)
    provider = Provider()
    await deliver(room, provider, knock=knock, rounds=2)
    assert provider.texts == []
    assert statuses(room) == ["held"]


async def test_the_web_shows_what_was_committed(room: Room) -> None:
    """A reply is on the page with its commit, in order, after the position the page has seen."""
    arrival = asked(room, "web-1", "uno", "dos", channel="web")
    asked(room, "web-1", "tres", channel="web")

    def after(position: int) -> list[tuple[int, str]]:
        with room.store.read() as connection:
            shown = outbox.entries_after(connection, room.vault, arrival.contact_id, position)
        return [(place, message.text) for place, message, _ in shown]

    places, texts = zip(*after(0), strict=True)
    assert texts == ("uno", "dos", "tres")
    assert list(places) == sorted(set(places))
    assert places[-1] < 2**53
    for seen, place in enumerate(places):
        assert [text for _, text in after(place)] == list(texts[seen + 1 :])


async def test_the_web_keeps_the_silence_contract(room: Room) -> None:
    """On the page too a counselor's words wait behind a knock, and come after it when released;
    once she left, the page has the cover only."""
    arrival = asked(room, "web-1", "uno", channel="web")
    seen = shown(room, arrival)[-1][0]
    wait(room, 601)

    def reply(connection: Any) -> None:
        messages = say("Soy Ana.", cause="counselor")
        outbox.enqueue(connection, room.vault, arrival, messages, "es", "counselor", room.now)

    room.do(reply)
    page = Provider("web")
    await deliver(room, page, knock=lambda *_: KNOCK, rounds=2)
    assert page.taken == [("web-1", KNOCK.text)]
    (position, text) = shown(room, arrival, seen)[-1]
    assert text == KNOCK.text

    def answer(connection: Any, status: str = "open", *messages: Message) -> None:
        records.keep_memory(connection, room.vault, arrival, {}, status, room.now)
        outbox.release(connection, arrival.conversation_id, room.now)
        outbox.enqueue(connection, room.vault, arrival, messages, "es", "inbound", room.now)

    room.do(answer)
    await deliver(room, page)
    assert page.texts == [KNOCK.text, "Soy Ana."]
    assert [text for _, text in shown(room, arrival, position)] == ["Soy Ana."]
    room.do(answer, "ended", *say("Listo.", kind="cover"))
    assert [text for _, text in shown(room, arrival)] == ["Listo."]
