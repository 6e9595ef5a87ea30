"""Writes turns until it is killed; run by `test_store` as a process of its own.

Each turn whose future is done is printed: from then on it was promised. Two threads keep handing
in work, so that the kill comes in the middle of a group.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from storeroom import on_disk


def main(folder: Path, first: int) -> None:
    """Turns `first`, `first` + 1, … from a hundred contacts, their ids on stdout once durable."""
    room = on_disk(folder)
    lock = threading.Lock()

    def hand_in(start: int) -> None:
        for number in range(start, 1_000_000_000, 2):
            work = room.store.worker.submit(
                lambda c, n=number: room.write_turn(  # type: ignore[misc]
                    c,
                    f"whatsapp:+51900000{n % 100:03}",
                    channel="whatsapp",
                    said=f"turn {n}",
                    provider_id=f"SM{n}",
                    status="open",
                    cause="inbound",
                    ref=None,
                )
            )
            work.add_done_callback(lambda done, n=number: promise(n, done.exception()))  # type: ignore[misc]
            if number % 40 < 2:
                work.result()

    def promise(number: int, error: BaseException | None) -> None:
        if error is None:
            with lock:
                os.write(1, f"{number}\n".encode())

    for start in (first, first + 1):
        threading.Thread(target=hand_in, args=(start,)).start()


main(Path(sys.argv[1]), int(sys.argv[2]))
