"""The parts of a turn by themselves, in one thread: where the time of a turn goes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.load import SAYS
from bench.utterances import paths, read
from bot.conversation import receive
from bot.engine.memory import Memory
from bot.engine.turn import Event
from bot.engine.world import Duty, World
from bot.house import hear
from bot.messages import Inbound
from bot.rehearsal import Rehearsal
from directory import places

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 23, 22, 0, tzinfo=ZoneInfo("America/Lima"))
FOR_SECONDS = 1.5


def measure() -> None:
    """Print what each part takes."""
    texts = itertools.cycle([each.text for path in paths(held_out=True) for each in read(path)])
    spots = itertools.cycle(["Iquitos", "Cusco", "Puno", "San Juan de Lurigancho", "Tumbes"])
    print(f"{'part':<44}{'a second':>10}{'µs each':>10}")
    with Rehearsal(ROOT, NOW, channel="telegram") as rehearsal:
        house = rehearsal.house
        needs = itertools.cycle(["abogada", "salud", "violencia", "psicologia", "papeles"])
        _time("understanding a message", lambda: hear(next(texts), None, None))

        def search() -> None:
            place = places.find(next(spots))[0]
            house.directory.search(next(needs), place=place, point=None, at=NOW)

        _time("searching the directory", search)
        _time("taking a turn (engine alone)", _turns(rehearsal))
        _time("a turn in memory (sealed, not durable)", _received(rehearsal))


def _turns(rehearsal: Rehearsal) -> Callable[[], object]:
    """The short conversation again and again, without a store."""
    house = rehearsal.house
    world = World(
        now=NOW,
        directory=house.directory,
        translate=house.catalogues.translate,
        understand=hear,
        new_tag=house.new_tag,
        is_pocket_word=lambda folded: False,
        ask_duty=Duty,
        languages=house.catalogues.titles,
    )
    memory, says = [Memory()], itertools.cycle(SAYS)

    def turn() -> None:
        taken = house.engine.take_turn(memory[0], Event("text", text=next(says)), world)
        memory[0] = taken.memory

    return turn


def _received(rehearsal: Rehearsal) -> Callable[[], object]:
    """The same through the door of a webhook, on a store in memory."""
    numbers = itertools.count()

    def turn() -> object:
        number = next(numbers)
        inbound = Inbound(
            "telegram", f"{number // len(SAYS)}", f"{number}", text=SAYS[number % len(SAYS)]
        )
        store = rehearsal.store
        return store.worker.submit(lambda c: receive(rehearsal.house, c, inbound)).result()

    return turn


def _time(name: str, work: Callable[[], object]) -> None:
    for _ in range(50):
        work()
    count, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < FOR_SECONDS:
        work()
        count += 1
    print(f"{name:<44}{count / spent:>10.0f}{spent / count * 1e6:>10.0f}", flush=True)
