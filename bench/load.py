"""A client that costs little: prepared requests on connections kept open, answers counted."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

SAYS = ("hola", "si", "necesito una abogada en Iquitos", "mis derechos", "gracias", "salir")
"""One short conversation; each connection holds one after the other, each of a new contact."""


@dataclass
class Result:
    """What one run gave: answers a second and how long they took, in seconds."""

    seconds: float = 0.0
    refused: int = 0
    waits: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.waits) / self.seconds

    def wait(self, share: float) -> float:
        """So long did this share of the answers take at most, in seconds."""
        return sorted(self.waits)[int(len(self.waits) * share)]


class _Client(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the last has come."""

    def __init__(self, requests: Iterator[bytes], result: Result) -> None:
        self._requests, self._result = requests, result
        self._sent_at = 0.0
        self._transport: asyncio.Transport | None = None
        self._heard = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, found, body = self._heard.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._heard = b""
        self._result.waits.append(time.perf_counter() - self._sent_at)
        self._result.refused += not head.startswith(b"HTTP/1.1 200")
        self._send()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _send(self) -> None:
        if self._transport is not None:
            self._sent_at = time.perf_counter()
            self._transport.write(next(self._requests))


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length: ")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


async def run(port: int, connections: int, seconds: float, secret: str, first: int) -> Result:
    """Closed-loop load for some seconds; chats are numbered from `first` on."""
    loop, result = asyncio.get_running_loop(), Result()
    clients = []
    for number in range(connections):
        client = _Client(_conversations(first + number * 1_000_000, secret), result)
        await loop.create_connection(partial(_itself, client), "127.0.0.1", port)
        clients.append(client)
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    result.seconds = time.perf_counter() - began
    for client in clients:
        client.close()
    return result


def _itself(client: _Client) -> _Client:
    return client


def _conversations(first: int, secret: str) -> Iterator[bytes]:
    number = first
    while True:
        chat = number
        for text in SAYS:
            number += 1
            yield _request(number, chat, text, secret)


def _request(number: int, chat: int, text: str, secret: str) -> bytes:
    sender = {"id": chat, "first_name": "R", "is_bot": False, "language_code": "es"}
    message = {
        "message_id": number % 1_000_000,
        "from": sender,
        "chat": {"id": chat, "first_name": "R", "type": "private"},
        "date": 1_764_000_000,
        "text": text,
    }
    body = json.dumps({"update_id": number, "message": message}).encode()
    head = (
        "POST /webhooks/telegram HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
