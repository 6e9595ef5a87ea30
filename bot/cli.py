"""`kuska`: the commands of operators, coordinators and testers (INTERFACE 2).

Exit codes: 0 ok, 1 a problem was found, 2 misused. Errors are one line, never a traceback.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy.exc import SQLAlchemyError

from bot import bulk, invitations, staffing, upkeep
from bot.errors import KuskaError
from directory.errors import DirectoryError

ROOT = Path(__file__).parents[1]
LIMA = ZoneInfo("America/Lima")


class Commands(click.Group):
    """Turns the project's own errors into one line and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (KuskaError, DirectoryError) as error:
            said = str(error)
        except SQLAlchemyError as error:
            # Its own text has several lines and may carry the database's address.
            said = f"the database does not answer as it should ({type(error).__name__})"
        except OSError as error:
            said = f"{error.filename or 'system'}: {error.strerror}"
        click.echo(f"kuska: {said}", err=True)
        raise click.exceptions.Exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", type=click.Path(path_type=Path), default=ROOT, hidden=True)
@click.pass_context
def main(ctx: click.Context, home: Path) -> None:
    """Kuska, a conversational helpline. Example: kuska serve"""
    os.umask(0o077)  # whatever a command writes is the owner's only
    ctx.obj = home


bulk.directory.add_command(invitations.links)
for command in (*upkeep.ALL, bulk.directory, staffing.staff):
    main.add_command(command)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=1, show_default=True, help="More than one needs PostgreSQL.")
def serve(host: str, port: int, workers: int) -> None:
    """Serve webhooks, the web chat and delivery. Example: kuska serve --port 8080"""
    gc.disable()  # until all is loaded: `server.app_from_environment` turns it on again
    import server

    server.serve(host, port, workers)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in and out.")
@click.option("--language", default="es", show_default=True)
@click.option(
    "--channel",
    type=click.Choice(["web", "whatsapp", "telegram"]),
    default="web",
    show_default=True,
)
@click.option("--now", "fixed", help="Fixes the clock, ISO 8601.")
def chat(as_json: bool, language: str, channel: str, fixed: str | None) -> None:
    """One conversation in the terminal, through the same door as a webhook.

    Example: kuska chat --now 2026-11-23T22:00:00-05:00
    """
    from bot.rehearsal import Rehearsal
    from bot.terminal import converse, replay

    now = _moment(fixed) if fixed else datetime.now(LIMA)
    with Rehearsal(ROOT, now, channel=channel, language=language) as rehearsal:
        if as_json:
            replay(rehearsal, sys.stdin, sys.stdout)
        else:
            converse(rehearsal)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, in and out.")
def understand(as_json: bool) -> None:
    """What a text is taken to mean. Example: echo '{"text": "hola"}' | kuska understand --json"""
    from bot.terminal import explain

    explain(sys.stdin, sys.stdout, as_json=as_json)


@main.command()
def check() -> None:
    """Prove flows, catalogues, intents and directory. Example: kuska check"""
    from bot.checking import problems

    found = problems(ROOT)
    for problem in found:
        click.echo(problem)
    if found:
        click.echo(f"{len(found)} problems", err=True)
        sys.exit(1)
    click.echo("flows, catalogues, intents and directory hold")


@main.command()
@click.argument("flow", required=False)
@click.option("--ways", "is_ways", is_flag=True, help="The ways of care as a table instead.")
def draw(flow: str | None, is_ways: bool) -> None:
    """The state machine as a Mermaid picture. Example: kuska draw welcome"""
    from bot.engine import ways
    from bot.engine.drawing import mermaid
    from bot.engine.loader import load

    flows = load(ROOT / "flows")
    if is_ways:
        click.echo(ways.table(flows, ROOT / "flows" / "ways.csv"), nl=False)
        return
    names = {name.partition(".")[0] for name in flows.states}
    if flow is not None and flow not in names:
        raise click.UsageError(f"no flow `{flow}`; there are {', '.join(sorted(names))}")
    click.echo(mermaid(flows, flow), nl=False)


@main.command()
@click.option("--lat", type=float, required=True)
@click.option("--lon", type=float, required=True)
@click.option("--need", help="A row of needs.csv.", default="violencia", show_default=True)
@click.option("--json", "as_json", is_flag=True)
@click.option("--now", "fixed", help="Fixes the clock, ISO 8601.")
def near(lat: float, lon: float, need: str, as_json: bool, fixed: str | None) -> None:
    """What the directory answers there. Example: kuska near --lat -3.74 --lon -73.25"""
    from bot.terminal import nearest

    at = _moment(fixed) if fixed else datetime.now(LIMA)
    place, found = nearest((lat, lon), need, at)
    if as_json:
        where = place and {"ubigeo": place.ubigeo, "label": place.label}
        click.echo(json.dumps({"place": where, "found": found}, ensure_ascii=False))
        return
    click.echo(place.label if place else "lejos del Perú")
    for row in found:
        click.echo(f"{row['id']:<28} {row['name']}  {row['phones']}  {row['distance_km'] or ''}")


def _moment(written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise click.UsageError(f"--now is not a time: {written}") from error
    return moment.replace(tzinfo=LIMA) if moment.tzinfo is None else moment.astimezone(LIMA)


if __name__ == "__main__":
    main()
