"""A bar on a terminal for what takes longer than a second (INTERFACE 2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_AFTER = 1.0
Step = Callable[[int, int], None]
"""`step(done, total)`; never called where nobody can count."""


@contextmanager
def bar(what: str, console: Console | None = None, after: float = SHOWN_AFTER) -> Iterator[Step]:
    """Show `what` on the terminal from `after` seconds on; elsewhere nothing at all."""
    from rich.console import Console  # here, because a start of the service needs none of it
    from rich.progress import Progress

    screen = console or Console(stderr=True)
    if not screen.is_terminal:
        yield lambda done, total: None
        return
    progress = Progress(console=screen, transient=True)
    task = progress.add_task(what, total=None)
    timer = Timer(after, progress.start)
    timer.start()
    try:
        yield lambda done, total: progress.update(task, completed=done, total=total)
    finally:
        timer.cancel()
        timer.join()  # it may be starting the bar in this very moment
        if progress.live.is_started:
            progress.stop()
