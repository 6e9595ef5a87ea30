"""The terminal: `kuska chat`, `kuska understand` and `kuska near` (INTERFACE 2)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import IO, Any, cast, get_args

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from bot.channels.base import Delivery, Sending
from bot.channels.rendering import plain
from bot.counseling import view
from bot.engine.memory import Memory
from bot.engine.world import Duty
from bot.errors import HandoffRefused, KuskaError
from bot.house import hear
from bot.messages import MediaKind, ShownService
from bot.models import Handoff
from bot.rehearsal import Rehearsal
from directory import models, places, seeding
from directory.search import Directory

_DURATION = re.compile(
    r"^P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?$"
)


class MisusedLineError(Exception):
    """A line of the script that cannot be read; its message is the answer."""


@dataclass(slots=True)
class Script:
    """Plays lines of `kuska chat --json` one by one."""

    rehearsal: Rehearsal

    def play(self, written: str) -> dict[str, Any]:
        """One line in, one answer out; a line that cannot be read gives `error`."""
        try:
            line = json.loads(written)
            if not isinstance(line, dict):
                raise MisusedLineError("a line is a JSON object")
            return self._answer(line)
        except HandoffRefused as refusal:
            house = self.rehearsal.house
            return {"error": house.reason(house.language, str(refusal))}
        except (MisusedLineError, KuskaError) as error:
            return {"error": str(error)}
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            return {"error": f"a line that cannot be read: {error}"}

    def _answer(self, line: dict[str, Any]) -> dict[str, Any]:
        who = str(line.get("as", "1"))
        rehearsal = self.rehearsal
        deleted_before = rehearsal.recorder.deleted
        intent, voided, duplicate = None, 0, False
        if said := _said(line):
            outcome, shown = rehearsal.hear(who, provider_id=_id(line), **said)
            voided, duplicate = outcome.voided, outcome.turn is None
            heard = outcome.turn.heard if outcome.turn else None
            if heard is not None:
                intent = {"name": heard.intent, "score": heard.score, "urgent": heard.urgent}
        else:
            shown = self._do(who, line)
        answer = self._standing(who)
        answer["intent"] = intent
        answer["messages"] = [_shown(sending) for sending in shown]
        answer["deleted"] = rehearsal.recorder.deleted - deleted_before
        answer["voided"] = voided
        if duplicate:
            answer["duplicate"] = True
        return answer

    def _do(self, who: str, line: dict[str, Any]) -> list[Sending]:
        rehearsal = self.rehearsal
        if "advance" in line:
            rehearsal.advance(_duration(line["advance"]))
        elif "counselor" in line:
            deed, by = str(line["counselor"]), str(line.get("by", "c1"))
            if deed not in ("claim", "reply", "note", "transfer", "close"):
                raise MisusedLineError(f"a counselor cannot `{deed}`")
            return rehearsal.counsel(who, deed, by, str(line.get("text", "")))
        elif "duty" in line:
            rehearsal.duty = Duty(present=int(line["duty"]), wait_minutes=10)
        elif line.get("provider") == "fail":
            rehearsal.recorder.fails = True
        elif "status" in line:
            self._report(str(line["status"]))
        elif line.get("directory") in ("up", "down"):
            rehearsal.house.directory_is_up = line["directory"] != "down"
        elif line.get("restart"):
            rehearsal.restart()
        else:
            raise MisusedLineError("nothing to do: text, choice, location, media, advance, …")
        return rehearsal.deliver(who)

    def _report(self, status: str) -> None:
        if status in get_args(Delivery):
            self.rehearsal.report(cast(Delivery, status))
        elif status.isdigit():
            self.rehearsal.report("failed", status)
        else:
            raise MisusedLineError(f"no status `{status}`")

    def _standing(self, who: str) -> dict[str, Any]:
        rehearsal = self.rehearsal
        memory = rehearsal.memory_of(who) or Memory(language=rehearsal.language)
        handoff = None
        with rehearsal.store.read() as connection:
            handoff_id = rehearsal.handoff_of(who)
            if handoff_id is not None:
                row = connection.execute(
                    select(Handoff.status, Handoff.risk, Handoff.due_at).where(
                        Handoff.id == handoff_id
                    )
                ).one()
                due_at = row.due_at and row.due_at.astimezone(rehearsal.now.tzinfo).isoformat()
                handoff = {"status": row.status, "risk": row.risk, "due_at": due_at}
            seen = handoff_id and view(rehearsal.house, connection, handoff_id)
        return {
            "state": memory.state,
            "session": memory.session,
            "language": memory.language,
            "intent": None,
            "messages": [],
            "handoff": handoff,
            "counselor_view": seen or None,
            "screening": memory.screening,
            "deleted": 0,
            "voided": 0,
            "stored": rehearsal.stored(),
        }


def replay(rehearsal: Rehearsal, lines: Iterable[str], out: IO[str]) -> None:
    """`kuska chat --json`: one JSON object a line, in and out."""
    script = Script(rehearsal)
    for line in lines:
        if line.strip():
            out.write(json.dumps(script.play(line), ensure_ascii=False) + "\n")
            out.flush()


def converse(rehearsal: Rehearsal) -> None:
    """`kuska chat`: a person at the keyboard; an empty line ends it."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print("[dim]Escribe como si fueras ella. Una línea vacía termina.[/dim]")
    while text := console.input("[bold]» [/bold]").strip():
        _, shown = rehearsal.hear("1", text=text)
        for sending in shown:
            console.print(plain(sending.text), markup=False)
            for number, choice in enumerate(sending.choices, start=1):
                console.print(f"  {number} {choice.title}", style="cyan", markup=False)


def explain(lines: IO[str], out: IO[str], *, as_json: bool) -> None:
    """`kuska understand`: one text a line (as JSON with `--json`), its meaning out."""
    for line in lines:
        if not line.strip():
            continue
        try:
            said = json.loads(line) if as_json else {"text": line.strip()}
            heard = hear(str(said["text"]), said.get("language"), said.get("state"), explain=True)
            answer: dict[str, Any] = asdict(heard)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            answer = {"error": 'a line reads {"text": "…"}'}
        if as_json:
            out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        else:
            out.write(f"{answer}\n")
        out.flush()


def nearest(
    point: tuple[float, float], need: str, at: datetime
) -> tuple[places.Place | None, list[dict[str, Any]]]:
    """`kuska near`: what the directory's seed answers there."""
    engine = create_engine("sqlite://")
    models.Base.metadata.create_all(engine)
    with Session(engine) as session:
        seeding.load(session)
        directory = Directory.of(session)
    place = places.nearest(*point)
    answer = directory.search(need, place=place, point=point, at=at)
    return place, [
        {
            "id": one.listing.id,
            "name": one.listing.name,
            "phones": [phone.text for phone in one.listing.phones],
            "open": one.is_open,
            "opens_at": one.opens_at and one.opens_at.isoformat(),
            "source_at": one.listing.source_at and one.listing.source_at.isoformat(),
            "confirmed_at": one.listing.confirmed_at and one.listing.confirmed_at.isoformat(),
            "distance_km": one.distance_km and round(one.distance_km, 1),
            "national": is_national,
        }
        for is_national, group in ((False, answer.found), (True, answer.national))
        for one in group
    ]


def _said(line: dict[str, Any]) -> dict[str, Any]:
    if isinstance(line.get("text"), str) and "counselor" not in line:
        return {"text": line["text"]}
    if isinstance(line.get("choice"), str):
        return {"choice": line["choice"]}
    if isinstance(line.get("location"), dict):
        lat, lon = (float(line["location"].get(name, "nan")) for name in ("lat", "lon"))
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            raise MisusedLineError("a location has `lat` and `lon`, in degrees")
        return {"location": (lat, lon)}
    if line.get("media") in get_args(MediaKind):
        return {"media": line["media"]}
    return {}


def _id(line: dict[str, Any]) -> str | None:
    return str(line["id"]) if "id" in line else None


def _duration(written: object) -> timedelta:
    match = _DURATION.match(str(written))
    if match is None:
        raise MisusedLineError(f"no duration: {written} (like PT25H)")
    return timedelta(**{name: int(value or 0) for name, value in match.groupdict().items()})


def _shown(sending: Sending) -> dict[str, Any]:
    return {
        "text": sending.text,
        "kind": sending.kind,
        "cause": sending.cause,
        "silent": True,
        "choices": [{"id": choice.id, "title": choice.title} for choice in sending.choices],
        "service": _service(sending.services[0]) if sending.services else None,
    }


def _service(service: ShownService) -> dict[str, Any]:
    facts = asdict(service)
    for name in ("opens_at", "source_at", "confirmed_at"):
        facts[name] = facts[name] and facts[name].isoformat()
    return facts
