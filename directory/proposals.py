"""What was proposed for services, what became of it, and who did it: the tables of `editing`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, select, update

from directory.errors import EditRefused
from directory.models import Change, Edition
from directory.models import Proposal as Stored
from directory.reading import aware

Source = Literal["form", "import", "link", "revert"]
State = Literal["proposed", "published", "refused"]
BATCH = 500
DECIDED = "Otra persona ya decidió esta propuesta."


@dataclass(frozen=True, slots=True)
class Editor:
    """Who changes the directory. `id` is a number of the staff, None for who holds a link.

    Who is no reviewer changes only services of `organization_id`, of none without one.
    """

    id: int | None
    name: str
    organization_id: int | None = None
    is_reviewer: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """Fields of one service to change, each before and after; published, it is a revision."""

    id: int
    service_id: str
    is_new: bool
    state: State
    source: Source
    batch: int | None
    why: str
    by: Editor
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decided_why: str | None
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def after(self) -> dict[str, str]:
        """What the fields shall be."""
        return {name: after for name, (_, after) in self.changes.items()}

    @property
    def before(self) -> dict[str, str]:
        """What the fields were."""
        return {name: before for name, (before, _) in self.changes.items()}


@dataclass(frozen=True, slots=True)
class Batch:
    """One import: who, when, how many of its proposals stand how, and how many were undone."""

    id: int
    by: str
    at: datetime
    why: str
    published: int
    waiting: int
    refused: int
    undone: int


def record(
    connection: Connection,
    service_id: str,
    changes: Mapping[str, tuple[str, str]],
    *,
    by: Editor,
    why: str,
    source: Source,
    now: datetime,
    batch: int | None = None,
    is_new: bool = False,
) -> int:
    """A new proposal, waiting; its number."""
    number = connection.scalar(
        insert(Stored)
        .values(
            service_id=service_id,
            is_new=is_new,
            state="proposed",
            source=source,
            batch=batch,
            why=why,
            by_id=by.id,
            by_name=by.name,
            proposed_at=now.astimezone(UTC),
        )
        .returning(Stored.id)
    )
    lines = [
        {"proposal_id": number, "field": name, "before": before, "after": after}
        for name, (before, after) in changes.items()
    ]
    if lines:
        connection.execute(insert(Change), lines)
    return int(number or 0)


def decide(
    connection: Connection, number: int, state: State, by: Editor, why: str, now: datetime
) -> Proposal:
    """Published or refused, by whom; a second decision is refused."""
    decided = connection.execute(
        update(Stored)
        .where(Stored.id == number, Stored.state == "proposed")
        .values(
            state=state,
            decided_by_id=by.id,
            decided_by_name=by.name,
            decided_at=now.astimezone(UTC),
            decided_why=why,
        )
    )
    if decided.rowcount != 1:
        raise EditRefused(DECIDED)
    return proposal(connection, number)


def proposal(connection: Connection, number: int) -> Proposal:
    """One proposal; raises EditRefused when there is none."""
    found = _read(connection, Stored.id == number)
    if not found:
        raise EditRefused("Esta propuesta ya no existe.")
    return found[0]


def waiting(connection: Connection) -> list[Proposal]:
    """Every proposal that waits for somebody, the oldest first."""
    return _read(connection, Stored.state == "proposed")


def history(connection: Connection, service_id: str) -> list[Proposal]:
    """Everything that was ever proposed for a service, the newest first."""
    return _read(connection, Stored.service_id == service_id)[::-1]


def of_batch(connection: Connection, batch: int) -> list[Proposal]:
    """What one import proposed, in its order."""
    return _read(connection, Stored.batch == batch)


def batches(connection: Connection, most: int = 20) -> list[Batch]:
    """The latest imports, the newest first."""

    is_import = Stored.source == "import"

    def count(state: State) -> Any:
        return func.count().filter(is_import, Stored.state == state)

    grouped = (
        select(
            Stored.batch,
            func.min(Stored.by_name).filter(is_import).label("by_name"),
            func.min(Stored.proposed_at).filter(is_import).label("at"),
            func.min(Stored.why).filter(is_import).label("why"),
            count("published").label("published"),
            count("proposed").label("waiting"),
            count("refused").label("refused"),
            func.count().filter(Stored.source == "revert").label("undone"),
        )
        .where(Stored.batch.is_not(None))
        .group_by(Stored.batch)
        .order_by(Stored.batch.desc())
        .limit(most)
    )
    return [
        Batch(row.batch, row.by_name, aware(row.at), row.why, *row[4:])
        for row in connection.execute(grouped)
    ]


def next_batch(connection: Connection) -> int:
    """A number for an import; of two at once on PostgreSQL one waits for the other's end."""
    connection.execute(select(Edition.version).with_for_update())
    return (connection.scalar(select(func.max(Stored.batch))) or 0) + 1


def _read(connection: Connection, condition: Any) -> list[Proposal]:
    rows = connection.execute(select(*Stored.__table__.c).where(condition).order_by(Stored.id))
    found = list(rows)
    changes = _changes(connection, [row.id for row in found])
    return [
        Proposal(
            id=row.id,
            service_id=row.service_id,
            is_new=row.is_new,
            state=row.state,
            source=row.source,
            batch=row.batch,
            why=row.why,
            by=Editor(row.by_id, row.by_name),
            proposed_at=aware(row.proposed_at),
            decided_by=row.decided_by_name,
            decided_at=row.decided_at and aware(row.decided_at),
            decided_why=row.decided_why,
            changes=changes.get(row.id, {}),
        )
        for row in found
    ]


def _changes(
    connection: Connection, numbers: Iterable[int]
) -> dict[int, dict[str, tuple[str, str]]]:
    found: dict[int, dict[str, tuple[str, str]]] = {}
    ordered = list(numbers)
    for start in range(0, len(ordered), BATCH):
        some = ordered[start : start + BATCH]
        wanted = select(*Change.__table__.c).where(Change.proposal_id.in_(some))
        for row in connection.execute(wanted.order_by(Change.id)):
            found.setdefault(row.proposal_id, {})[row.field] = (row.before, row.after)
    return found
