"""`python -m bench`: how well and how fast, printed, never asserted; 127.0.0.1 only."""

from __future__ import annotations

import asyncio

from bench import directory, exchange, parts, turns, understanding


def main() -> None:
    """How well text is understood, the parts of a turn, the directory's search among 100,000
    services, whole turns through the service, and messages between her and a counselor."""
    understanding.measure()
    parts.measure()
    directory.measure()
    asyncio.run(turns.measure())
    exchange.measure()


if __name__ == "__main__":
    main()
