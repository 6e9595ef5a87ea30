"""Twilio's messages, content and senders as far as Kuska uses them, with their documents' limits.

twilio.com/docs/messaging/api/message-resource, /docs/content/twilio-quick-reply,
/docs/content/twiliolist-picker, /docs/api/errors/21656, /docs/whatsapp/api/senders.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx

ACCOUNT, TOKEN = "AC00000000000000000000000000000001", "12345678901234567890123456789012"
SENDER = "whatsapp:+14155238886"

ADDRESS = re.compile(r"whatsapp:(\+\d{6,15}|[A-Z]{2}\.[A-Za-z0-9]{1,128})")
VARIABLE = re.compile(r"\{\{(\w+)\}\}")


class RefusedError(Exception):
    """An error answer with Twilio's code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class DroppedError(Exception):
    """The request is taken, and the connection breaks before the answer."""


@dataclass
class TwilioApi:
    """One account. `failures` come first: refused, dropped, or an httpx error to raise.

    `senders` are the account's own; the sandbox's is not among them.
    """

    clock: Callable[[], datetime]
    failures: deque[Exception] = field(default_factory=deque)
    messages: list[dict[str, Any]] = field(default_factory=list)
    contents: dict[str, dict[str, Any]] = field(default_factory=dict)
    senders: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request as Twilio would."""
        self.requests.append(f"{request.method} {request.url.path}")
        failure = self.failures.popleft() if self.failures else None
        try:
            if failure is not None and not isinstance(failure, DroppedError):
                raise failure
            self._sign_in(request)
            answer = self._route(request)
        except RefusedError as refused:
            body = {"code": refused.code, "message": refused.message, "status": refused.status}
            return httpx.Response(refused.status, json=body)
        if isinstance(failure, DroppedError):
            raise httpx.ReadError("connection lost", request=request)
        return answer

    def arrive(self, sender: str, body: str, num_media: int = 0) -> dict[str, Any]:
        """Let a person's message arrive."""
        return self._keep({"To": SENDER, "From": sender}, body, "inbound", "received", num_media)

    def deliver(self, sid: str) -> None:
        """Let a message reach the telephone."""
        (message,) = (each for each in self.messages if each["sid"] == sid)
        message |= {"status": "delivered", "date_sent": format_datetime(self.clock())}

    def _route(self, request: httpx.Request) -> httpx.Response:
        path, method = request.url.path, request.method
        messages = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"
        if path == f"{messages}.json" and method == "POST":
            form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
            return httpx.Response(201, json=self._create_message(form))
        if path == f"{messages}.json" and method == "GET":
            return httpx.Response(200, json=self._list_messages(dict(request.url.params)))
        if path.startswith(f"{messages}/") and method == "DELETE":
            return self._delete_message(path.rsplit("/", 1)[1].removesuffix(".json"))
        if path == "/v1/Content" and method == "POST":
            if request.headers["content-type"] != "application/json":
                raise RefusedError(415, 20415, "Unsupported media type")
            return httpx.Response(201, json=self._create_content(json.loads(request.content)))
        if path == "/v1/Content" and method == "GET":
            meta = {"key": "contents", "page": 0, "page_size": 500, "next_page_url": None}
            body = {"contents": list(self.contents.values()), "meta": meta}
            return httpx.Response(200, json=body)
        if path.startswith("/v1/Content/") and "ApprovalRequests" in path:
            return self._approval(path.split("/")[3], method, request)
        if path == "/v2/Channels/Senders" and method == "GET":
            owned = self.senders if request.url.params.get("Channel") == "whatsapp" else []
            meta = {"key": "senders", "page": 0, "page_size": 50, "next_page_url": None}
            return httpx.Response(200, json={"senders": owned, "meta": meta})
        if path.startswith("/v2/Channels/Senders/") and method == "POST":
            return httpx.Response(202, json=self._update_sender(path, json.loads(request.content)))
        raise RefusedError(404, 20404, f"The requested resource {path} was not found")

    def _update_sender(self, path: str, given: dict[str, Any]) -> dict[str, Any]:
        sid = path.rsplit("/", 1)[1]
        sender = next((one for one in self.senders if one["sid"] == sid), None)
        if sender is None:
            raise RefusedError(404, 20404, "The requested resource was not found")
        urls = [given["webhook"][name] for name in ("callback_url", "status_callback_url")]
        if not all(url.startswith("https://") for url in urls):
            raise RefusedError(400, 63100, "Validation error: webhook")
        sender |= given
        return sender

    def _create_message(self, form: dict[str, str]) -> dict[str, Any]:
        if not ADDRESS.fullmatch(form.get("To", "")):
            raise RefusedError(400, 21211, "The 'To' number is not valid")
        if form.get("From") != SENDER:
            raise RefusedError(
                400, 63007, "Could not find a Channel with the specified From address"
            )
        if "ContentSid" in form:
            body = self._fill(form["ContentSid"], form.get("ContentVariables", "{}"))
        elif not (body := form.get("Body", "")):
            raise RefusedError(400, 21619, "A text message body or media urls must be specified")
        if len(body.encode("utf-16-le")) // 2 > 1600:
            raise RefusedError(400, 21617, "The concatenated message body exceeds the 1600 limit")
        return self._keep(form, body, "outbound-api", "queued")

    def _fill(self, sid: str, variables: str) -> str:
        """Check a template and its variables as a session message; give the body it shows."""
        if sid not in self.contents:
            raise RefusedError(400, 21655, "The ContentSid is invalid")
        try:
            given: dict[str, str] = json.loads(variables)
        except ValueError:
            raise RefusedError(400, 21656, "The ContentVariables is invalid") from None
        kept = json.dumps(self.contents[sid]["types"], ensure_ascii=False)
        for name in VARIABLE.findall(kept):
            value = given.get(name, "")
            if not value or re.search(r"[\n\t]| {5,}", value):
                raise RefusedError(400, 21656, "The ContentVariables is invalid")
        (shown,) = self.contents[sid]["types"].values()
        body = VARIABLE.sub(lambda found: given[found[1]], shown["body"])
        if len(body.encode("utf-16-le")) // 2 > 1024:
            raise RefusedError(400, 63021, "The body is longer than 1024")
        return body

    def _create_content(self, given: dict[str, Any]) -> dict[str, Any]:
        (kind, shown), *others = given["types"].items()
        if others or kind not in {"twilio/quick-reply", "twilio/list-picker", "twilio/text"}:
            raise RefusedError(400, 20001, "types is invalid")
        if set(VARIABLE.findall(json.dumps(shown))) != set(given["variables"]):
            raise RefusedError(400, 20001, "variables need one sample each")
        if kind == "twilio/text":
            titles, longest, most = ["…"], 20, 1
        elif kind == "twilio/quick-reply":
            titles, longest, most = [each["title"] for each in shown["actions"]], 20, 3
        else:
            titles, longest, most = [each["item"] for each in shown["items"]], 24, 10
            if not 1 <= len(shown["button"]) <= 20:
                raise RefusedError(400, 20001, "button is invalid")
        if not 1 <= len(titles) <= most or len(set(titles)) < len(titles):
            raise RefusedError(400, 20001, "choices are invalid")
        if any(not title or len(title.encode("utf-16-le")) // 2 > longest for title in titles):
            raise RefusedError(400, 20001, "a title is invalid")
        sid = f"HX{next(self._ids):032x}"
        self.contents[sid] = {"sid": sid, **given}
        return self.contents[sid]

    def _approval(self, sid: str, method: str, request: httpx.Request) -> httpx.Response:
        """twilio.com/docs/content/content-types-api: submit a template, and ask where it stands."""
        content = self.contents[sid]
        if method == "GET":
            found = content.get("approval", {"status": "unsubmitted"})
            return httpx.Response(200, json={"sid": sid, "whatsapp": found})
        asked = json.loads(request.content)
        if not re.fullmatch(r"[a-z0-9_]{1,512}", asked["name"]) or asked["category"] != "UTILITY":
            raise RefusedError(400, 20001, "approval request is invalid")
        content["approval"] = {"status": "received", **asked}
        return httpx.Response(201, json=content["approval"])

    def _list_messages(self, asked: dict[str, str]) -> dict[str, Any]:
        found = [
            each
            for each in reversed(self.messages)
            if asked.get("To", each["to"]) == each["to"]
            and asked.get("From", each["from"]) == each["from"]
            and _is_within(each["date_sent"], asked)
        ]
        return {"messages": found[: int(asked.get("PageSize", 50))], "next_page_uri": None}

    def _delete_message(self, sid: str) -> httpx.Response:
        found = next((each for each in self.messages if each["sid"] == sid), None)
        if found is None:
            raise RefusedError(404, 20404, "The requested resource was not found")
        if found["status"] in {"queued", "sending"}:
            raise RefusedError(
                409, 20009, "Cannot delete message because delivery is not completed"
            )
        self.messages.remove(found)
        return httpx.Response(204)

    def _keep(
        self, form: dict[str, str], body: str, direction: str, status: str, num_media: int = 0
    ) -> dict[str, Any]:
        message = {
            "sid": f"SM{next(self._ids):032x}",
            "to": form["To"],
            "from": form["From"],
            "body": body,
            "direction": direction,
            "status": status,
            "num_media": str(num_media),
            "date_created": format_datetime(self.clock()),
            # A message that waits has no date of sending, and no filter by date finds it.
            "date_sent": format_datetime(self.clock()) if direction == "inbound" else None,
            "form": form,
        }
        self.messages.append(message)
        return message

    def _sign_in(self, request: httpx.Request) -> None:
        expected = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            raise RefusedError(401, 20003, "Authenticate")


def _is_within(date_sent: str | None, asked: dict[str, str]) -> bool:
    after, before = asked.get("DateSent>"), asked.get("DateSent<")
    if date_sent is None:
        return after is None and before is None
    at = parsedate_to_datetime(date_sent)
    return not (
        (after and at < datetime.fromisoformat(after))
        or (before and at > datetime.fromisoformat(before))
    )
