"""The Bot API as far as Kuska uses it, with Telegram's limits (core.telegram.org/bots/api)."""

from __future__ import annotations

import itertools
import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl

import httpx

TOKEN = "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
BOT = {"id": 123456, "is_bot": True, "first_name": "Kuska", "username": "KuskaBot"}


class RefusedError(Exception):
    """An answer that is not ok; `extra` goes into `parameters`."""

    def __init__(self, status: int, description: str, **extra: int) -> None:
        super().__init__(description)
        self.status, self.description, self.extra = status, description, extra


class Entities(HTMLParser):
    """The text that is left of HTML after entities; refuses tags that Telegram does not know."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self._open = "", list[str]()
        self.feed(markup)
        self.close()
        if self._open:
            raise RefusedError(
                400, f"Bad Request: can't parse entities: {self._open[-1]} is not closed"
            )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "b" or attrs:
            raise RefusedError(
                400, f"Bad Request: can't parse entities: unsupported start tag {tag}"
            )
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            raise RefusedError(400, f"Bad Request: can't parse entities: unexpected end tag {tag}")

    def handle_data(self, data: str) -> None:
        self.text += data


@dataclass
class BotApi:
    """One bot. `chats` may be written to, `blocked` answer 403, `failures` come first."""

    chats: set[int] = field(default_factory=lambda: {777000111})
    blocked: set[int] = field(default_factory=set)
    failures: deque[Exception] = field(default_factory=deque)
    sent: list[dict[str, Any]] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    webhook: dict[str, Any] = field(default_factory=dict)
    updates: list[dict[str, Any]] = field(default_factory=list)
    offsets: list[int | None] = field(default_factory=list)
    callbacks: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._ids = itertools.count(5001)
        self._methods: dict[str, Callable[[dict[str, Any]], Any]] = {
            "sendMessage": self._send_message,
            "deleteMessage": self._delete_message,
            "answerCallbackQuery": self._answer,
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._webhook_info,
            "getMe": lambda _: BOT,
        }

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request as Telegram would; an exception queued in `failures` is raised."""
        called = re.fullmatch(r"/bot([^/]+)/(\w+)", request.url.path)
        try:
            if self.failures:
                raise self.failures.popleft()
            if called is None or called[1] != TOKEN:
                raise RefusedError(401, "Unauthorized")
            if called[2] not in self._methods:
                raise RefusedError(404, "Not Found: method not found")
            result = self._methods[called[2]](_parameters(request))
        except RefusedError as refused:
            body: dict[str, Any] = {"ok": False, "error_code": refused.status}
            body["description"] = refused.description
            if refused.extra:
                body["parameters"] = refused.extra
            return httpx.Response(refused.status, json=body)
        return httpx.Response(200, json={"ok": True, "result": result})

    def _send_message(self, given: dict[str, Any]) -> dict[str, Any]:
        chat = self._chat(given)
        shown = Entities(given["text"]).text if given.get("parse_mode") == "HTML" else given["text"]
        if not shown.strip():
            raise RefusedError(400, "Bad Request: message text is empty")
        if len(shown.encode("utf-16-le")) // 2 > 4096:
            raise RefusedError(400, "Bad Request: message is too long")
        rows = given.get("reply_markup", {}).get("inline_keyboard", [])
        for button in itertools.chain.from_iterable(rows):
            if not button["text"]:
                raise RefusedError(
                    400, "Bad Request: inline keyboard button text must be non-empty"
                )
            if not 1 <= len(button["callback_data"].encode()) <= 64:
                raise RefusedError(400, "Bad Request: BUTTON_DATA_INVALID")
        message = {
            "message_id": next(self._ids),
            "date": 1_764_000_000,
            "chat": {"id": chat, "type": "private"},
            "from": BOT,
            "text": shown,
        }
        self.sent.append({**given, "shown": shown, "message_id": message["message_id"]})
        return message

    def _delete_message(self, given: dict[str, Any]) -> bool:
        self._chat(given)
        kept = [each for each in self.sent if each["message_id"] != given["message_id"]]
        if len(kept) == len(self.sent):
            raise RefusedError(400, "Bad Request: message to delete not found")
        self.sent = kept
        return True

    def _answer(self, given: dict[str, Any]) -> bool:
        if given["callback_query_id"] not in self.callbacks:
            raise RefusedError(400, "Bad Request: query is too old and response timeout expired")
        self.callbacks.remove(given["callback_query_id"])
        self.answered.append(given["callback_query_id"])
        return True

    def _get_updates(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        if self.webhook:
            raise RefusedError(409, "Conflict: can't use getUpdates method while webhook is active")
        offset = given.get("offset")
        self.offsets.append(offset)
        if offset is not None:
            self.updates = [each for each in self.updates if each["update_id"] >= offset]
        return self.updates[:100]

    def _set_webhook(self, given: dict[str, Any]) -> bool:
        if not given["url"].startswith("https://"):
            raise RefusedError(400, "Bad Request: bad webhook: an HTTPS URL must be provided")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", given["secret_token"]):
            raise RefusedError(400, "Bad Request: secret token contains unallowed characters")
        self.webhook = given
        return True

    def _delete_webhook(self, given: dict[str, Any]) -> bool:
        self.webhook = {}
        return True

    def _webhook_info(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self.updates),
        }

    def _chat(self, given: dict[str, Any]) -> int:
        chat = int(given["chat_id"])
        if chat in self.blocked:
            raise RefusedError(403, "Forbidden: bot was blocked by the user")
        if chat not in self.chats:
            raise RefusedError(400, "Bad Request: chat not found")
        return chat


def _parameters(request: httpx.Request) -> dict[str, Any]:
    """Decode the form; numbers, truths and objects come as JSON, everything else as itself."""
    given: dict[str, Any] = {}
    for name, value in parse_qsl(request.content.decode(), keep_blank_values=True):
        is_json = name not in {"text", "url", "secret_token", "callback_query_id", "parse_mode"}
        given[name] = json.loads(value) if is_json else value
    return given
