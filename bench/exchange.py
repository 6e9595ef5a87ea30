"""How soon a message stands before the other: she and a counselor, both ways, in a real browser.

`python -m bench.exchange` serves the whole service with its providers doubled on 127.0.0.1, as the
browser tests do, and needs Chromium. Counted from the moment a text is put into the box, or posted
by her provider, until the other's screen shows it, or her provider has it.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the tests' browser and doubles

from browsing import CHROMIUM, launched, reply, say_quietly
from contact import connected
from playwright.sync_api import Browser, Page
from service import prepare

from bot import dispatch

ROUNDS = 10
"""Fewer than the web chat takes at once from one session, her way to the counselor counted."""
CHANNELS = ("web", "telegram", "whatsapp")
Say = Callable[[str], object]


def measure() -> None:
    """Print the usual and the longest time of each way on each channel."""
    if CHROMIUM is None:
        print("\nNo Chromium here: how soon messages arrive was not measured")
        return
    print(
        f"\nUntil a message stands before the other, {ROUNDS} each (load: {os.getloadavg()[0]:.1f})"
    )
    print("            to the counselor        to her")
    print("channel     usual    longest    usual    longest")
    with tempfile.TemporaryDirectory(prefix="kuska-bench") as folder, launched() as browser:
        prepare(Path(folder))
        for channel in CHANNELS:
            there, back = talk(browser, Path(folder), channel)
            print(f"{channel:8}{_row(there)}{_row(back)}")


def talk(browser: Browser, prepared: Path, channel: str) -> tuple[list[float], list[float]]:
    """One conversation; the milliseconds of each message to the counselor, and to her."""
    there: list[float] = []
    back: list[float] = []
    # Nobody types two answers in a second, which Telegram would keep apart; and Twilio's double
    # tells of no delivery, so nothing would say that the next message may go out.
    at_once = mock.patch.dict(dispatch.PACE, dict.fromkeys(dispatch.PACE, timedelta()))
    folder = prepared / channel
    with at_once, connected(browser, prepared, folder, channel) as (place, her):
        counselor = place.counselor("Rosa")
        if channel == "web":
            page = place.person()
            write: Say = lambda text: say_quietly(page, text)  # noqa: E731 - one of two
            has: Say = lambda text: _shows(page, text)  # noqa: E731
        else:
            her.ask()
            write = her.write
            has = lambda text: her.until(lambda said: text in said[-1])  # noqa: E731
        counselor.get_by_role("button", name="Atender").click()
        counselor.get_by_label("Tu respuesta").wait_for()
        for number in range(ROUNDS):
            there.append(_timed(write, lambda text: _shows(counselor, text), f"van {number}"))
            back.append(_timed(lambda text: reply(counselor, text), has, f"te leo {number}"))
    return there, back


def _shows(page: Page, text: str) -> None:
    page.get_by_text(text, exact=True).first.wait_for()


def _timed(say: Say, arrives: Say, text: str) -> float:
    began = time.perf_counter()
    say(text)
    arrives(text)
    return (time.perf_counter() - began) * 1000


def _row(times: Sequence[float]) -> str:
    return f"{median(times):7.0f} ms{max(times):8.0f} ms"


if __name__ == "__main__":
    measure()
