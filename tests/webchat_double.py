"""A small conversation behind the web chat's ports, in memory, and a server for browsers."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import yaml
from fastapi import FastAPI

from bot.channels import webchat
from bot.channels.webchat.pace import Pace
from bot.errors import StoreUnavailable
from bot.messages import Choice, Inbound, Message, ShownService

PHRASES: dict[str, str] = yaml.safe_load(Path("flows/web.yaml").read_text())["phrases"]

GREETING = (
    Message(
        "Hola. Soy un asistente automático de información, gratis. No soy una persona ni del "
        "Estado, y no te pido tu nombre."
    ),
    Message(
        "¿Puedes escribir con calma?",
        kind="ask",
        choices=(
            Choice("s1.welcome.gate.calm", "Sí"),
            Choice("s1.welcome.gate.hurry", "Poco tiempo"),
            Choice("s1.welcome.gate.later", "Ahora no"),
            Choice("s1.welcome.gate.language", "Otro idioma"),
        ),
    ),
)
CARD = Message(
    "**Defensa Pública · Línea 1884** · gratis · orienta sobre leyes\n"
    "Ahora está cerrada. Abre mañana martes a las 8:00.\n"
    "Dato de abril 2023, aún sin confirmar.",
    kind="card",
    service=ShownService(
        "LIN-1884", ("1884", "(01) 428-1000 anexo 22"), False, None, None, None, 1.0
    ),
)
NEXT = Message(
    "¿Qué más?\nSi necesitas irte, escribe `salir`.",
    kind="ask",
    choices=(
        Choice("s1.services.shown.city", "Otra ciudad"),
        Choice("s1.services.shown.person", "Hablar con una persona"),
        Choice("s1.services.shown.menu", "Menú"),
    ),
)
DANGER = Message("Te leí. Si puedes llamar: **105** (policía, gratis).", kind="danger")
COVER = Message("Listo. Gracias por escribir.", kind="cover")
POCKET = Message("No entendí. ¿Puedes escribir de nuevo?", kind="cover")
ERASED = Message("Listo. Ya no queda nada aquí.")


class Conversations:
    """Answers like the helpline, remembers what was posted, and can lose its store."""

    def __init__(self) -> None:
        self.inbound: list[Inbound] = []
        self.is_down = False
        self.was_left = threading.Event()
        self.language = "es"
        self.streams = webchat.Streams()
        self._said: defaultdict[str, list[tuple[int, Message, str]]] = defaultdict(list)
        self._seen: set[str] = set()
        self._position = 0

    async def receive(self, inbound: Inbound) -> Sequence[Message] | None:
        if self.is_down:
            raise StoreUnavailable("disk full")
        if inbound.provider_id in self._seen:
            return None
        self._seen.add(inbound.provider_id)
        self.inbound.append(inbound)
        if inbound.text in {"salir", "borrar"}:
            self._said.pop(inbound.address, None)
            self.was_left.set()
            return [COVER if inbound.text == "salir" else ERASED]
        self.say(inbound.address, *_answer(inbound))
        return None

    async def messages_after(
        self, address: str, position: int
    ) -> Sequence[tuple[int, Message, str]]:
        if self.is_down:
            raise StoreUnavailable("disk full")
        return [said for said in self._said.get(address, ()) if said[0] > position]

    def end(self, address: str) -> None:
        """The session is over by silence: nothing of it is shown any more."""
        self._said.pop(address, None)

    def say(self, address: str, *messages: Message) -> None:
        """Put messages where the page reads them, as a counselor's reply would be."""
        for message in messages:
            self._position += 1
            self._said[address].append((self._position, message, self.language))
        self.streams.wake(address)

    def app(self, *, is_https: bool = False, pace: Pace | None = None) -> FastAPI:
        """The web chat over this conversation."""
        app = FastAPI()
        app.include_router(
            webchat.router(
                receive=self.receive,
                messages_after=self.messages_after,
                words=lambda language: PHRASES,
                emergency=lambda text: DANGER.text if "auxilio" in text else None,
                streams=self.streams,
                is_https=is_https,
                pace=pace,
            )
        )
        return app


def _answer(inbound: Inbound) -> Sequence[Message]:
    if inbound.text == "pajarito":
        return [POCKET]
    if inbound.text and "auxilio" in inbound.text:
        return [DANGER]
    if inbound.choice == "s1.welcome.gate.later":
        return []
    if inbound.text and inbound.text.startswith("<"):
        return [Message(f"Escribiste: {inbound.text}")]
    if inbound.choice or inbound.location:
        return [CARD, NEXT]
    return GREETING
