"""`python -m bench`: how fast, printed and never asserted; about a minute, 127.0.0.1 only."""

from __future__ import annotations

import asyncio

from bench import parts, turns


def main() -> None:
    """The parts of a turn first, then whole turns through the real service."""
    parts.measure()
    asyncio.run(turns.measure())


if __name__ == "__main__":
    main()
