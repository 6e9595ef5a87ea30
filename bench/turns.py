"""Whole turns a second: the real service beside a bare endpoint, in one run on one machine."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import load

ROOT = Path(__file__).parents[1]
CONNECTIONS = (1, 8, 32, 128)
SECONDS, WARM_UP = 4.0, 1.5
SECRET = "bench_secret"  # noqa: S105 - of a service that lives for a minute on 127.0.0.1
AIM = 0.6


HEAD = (
    f"{'connections':>12}{'bare/s':>10}{'kuska/s':>10}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}"
    f"{'bare µs':>11}{'kuska µs':>11}"
)


class Server(NamedTuple):
    """A process that listens on a port."""

    port: int
    pid: int

    def seconds(self) -> float:
        """Processor time it has used (Linux; 0 elsewhere)."""
        stat = Path(f"/proc/{self.pid}/stat")
        if not stat.exists():
            return 0.0
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def measure() -> None:
    """Serve both, load both in turn, print both and their ratio."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kuska-bench")))
        bare = stack.enter_context(_bare(folder))
        kuska = stack.enter_context(_kuska(folder))
        await asyncio.gather(_up(bare.port), _up(kuska.port))
        print(f"\nDurable turns a second, one worker, SQLite, synchronous=FULL (load: {_crowd()})")
        print(HEAD)
        for place, connections in enumerate(CONNECTIONS, start=1):
            first = place * 10_000_000_000
            for one in (bare, kuska):
                await load.run(one.port, connections, WARM_UP, SECRET, first)
            first += 5_000_000_000
            least, least_cpu = await _run(bare, connections, first)
            full, full_cpu = await _run(kuska, connections, first)
            print(
                f"{connections:>12}{least.rate:>10.0f}{full.rate:>10.0f}"
                f"{full.rate / least.rate:>8.2f}{full.wait(0.5) * 1000:>9.1f}"
                f"{full.wait(0.99) * 1000:>9.1f}{least_cpu:>11.0f}{full_cpu:>11.0f}"
                + (f"   {full.refused} refused" if full.refused else "")
            )
        print(f"aim: a ratio of {AIM} or more; µs are the service's own, whoever else is busy here")


async def _run(server: Server, connections: int, first: int) -> tuple[load.Result, float]:
    """One run, and the processor time of each answer in microseconds."""
    before = server.seconds()
    result = await load.run(server.port, connections, SECONDS, SECRET, first)
    return result, (server.seconds() - before) / max(len(result.waits), 1) * 1e6


def _crowd() -> str:
    """How many processes wanted to run lately, on how many processors: figures depend on it."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


@contextmanager
def _kuska(folder: Path) -> Iterator[Server]:
    """The service as an operator starts it; no provider is connected, so replies only wait."""
    env = {
        "KUSKA_DATABASE_URL": f"sqlite:///{folder / 'kuska.db'}",
        "KUSKA_SECRET_KEYS": "b" * 40,
        "TELEGRAM_MODE": "webhook",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
    }
    port = _free_port()
    kuska = str(Path(sys.executable).with_name("kuska"))
    with _process([kuska, "serve", "--port", str(port)], env) as pid:
        yield Server(port, pid)


@contextmanager
def _bare(folder: Path) -> Iterator[Server]:
    port = _free_port()
    uvicorn = [sys.executable, "-m", "uvicorn", "bench.bare:create_app", "--factory"]
    options = ["--port", str(port), "--log-level", "warning", "--no-access-log"]
    env = {"BENCH_DATABASE": str(folder / "bare.db")}
    with _process([*uvicorn, *options], env) as pid:
        yield Server(port, pid)


@contextmanager
def _process(command: Sequence[str], env: dict[str, str]) -> Iterator[int]:
    clean = {name: value for name, value in os.environ.items() if "KUSKA" not in name}
    process = subprocess.Popen(  # noqa: S603 - commands of ours
        command, env=clean | env, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def _up(port: int) -> None:
    """Wait until something listens there."""
    for _ in range(2_000):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            await writer.wait_closed()
            return
    raise SystemExit("a service did not start")
