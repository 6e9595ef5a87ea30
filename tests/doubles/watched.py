"""A double that tells of each request, remembers it, and can hold back its answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import parse_qsl

import httpx

LONGEST = 20.0


class Double(Protocol):
    """Anything of this package."""

    def handle(self, request: httpx.Request) -> httpx.Response: ...


D = TypeVar("D", bound=Double)


class Watched(Generic[D]):
    """`stir` is called after each request; `calls` are `(method, last part of the path, form)`."""

    def __init__(self, double: D, stir: Callable[[], None]) -> None:
        self.double = double
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self._stir = stir
        self._alone = threading.Lock()
        self._held = threading.Event()
        self._held.set()

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Let the double answer, one request at a time; while held, the answer waits."""
        form = dict(parse_qsl(request.content.decode(errors="replace"), keep_blank_values=True))
        name = request.url.path.rsplit("/", 1)[1]
        try:
            with self._alone:
                answer = self.double.handle(request)
        finally:
            self.calls.append((request.method, name, form))
            self._stir()
        self._held.wait(LONGEST)
        return answer

    def hold(self) -> None:
        """From now on requests are carried out, but nobody hears that they were."""
        self._held.clear()

    def release(self) -> None:
        """Answers go out again."""
        self._held.set()

    def called(self, name: str) -> list[dict[str, Any]]:
        """The forms of all calls with this last part of the path."""
        return [form for _, called, form in self.calls if called == name]
