"""Serves again and again, each time to die at a named step; run by `test_service_crash`.

A line on stdin names the step (`module.function`, `before` or `after`, or `-` for none) and a text;
a process is forked that serves, and dies at the step once it heard the text. When it is gone its
exit code is printed. Forked, because reading libraries and flows anew would take minutes.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import uvicorn

import server
from bot.conversation import receive
from bot.house import Content
from bot.settings import Settings

DIED = 9


def main(folder: Path, port: int) -> None:
    """Fork a service for each line."""
    content = mock.Mock(load=functools.cache(Content.load))
    content.load(server.ROOT)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            mock.patch.object(server, "Content", content).start()  # read once, before the fork
            if line[0] != "-":
                _prepare_to_die(*line.split())
            app = server.create_app(Settings.from_environment(os.environ, folder))
            uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", lifespan="on")
            os._exit(0)
        print(child, flush=True)  # noqa: T201 - the test reads it
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def _prepare_to_die(step: str, moment: str, text: str) -> None:
    """Replace the step by one that ends the process, but only after it heard `text`."""
    is_armed: list[bool] = []

    def arm(house: Any, connection: Any, inbound: Any) -> Any:
        if inbound.text == text:
            is_armed.append(True)
        return receive(house, connection, inbound)

    mock.patch("bot.reception.receive", arm).start()
    owner, _, name = step.rpartition(".")
    parent, _, kind = owner.rpartition(".")
    is_class = kind[0].isupper()
    module = importlib.import_module(parent if is_class else owner)
    holder = getattr(module, kind) if is_class else module
    setattr(holder, name, _dying(getattr(holder, name), moment, is_armed))


def _dying(real: Callable[..., Any], moment: str, is_armed: list[bool]) -> Callable[..., Any]:
    def step(*given: Any, **named: Any) -> Any:
        if is_armed and moment == "before":
            os._exit(DIED)
        answer = real(*given, **named)
        if is_armed:
            os._exit(DIED)
        return answer

    return step


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
