"""Loading the seed: repeatable, never over the head of a person who corrected a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from directory import models, writing
from directory.rows import FILE, Row, read_rows
from directory.seeds import digest


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did, in services. `kept` were corrected by people and left alone."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    kept: int = 0


def load(session: Session) -> Loaded:
    """Bring the tables to the seed; the caller commits. The tables must exist.

    Loading twice changes nothing. A service with `edited_at` or `confirmed_at` is never touched,
    one that left the seed stays. When the seed is the one loaded last, no row is even looked at.
    """
    seed = digest(FILE)
    edition = session.get(models.Edition, 1)
    if edition is not None and edition.seed_digest == seed:
        return Loaded()
    rows = {row.id: row for row in read_rows()}
    stored = session.execute(
        select(
            models.Service.id,
            models.Service.seed_digest,
            models.Service.edited_at,
            models.Service.confirmed_at,
        )
    ).all()
    kept = {one.id for one in stored if one.edited_at or one.confirmed_at} & rows.keys()
    same = {one.id for one in stored if one.id in rows and one.seed_digest == rows[one.id].digest}
    known = {one.id for one in stored} & rows.keys()
    changed = known - same - kept
    writing.forget(session, changed)
    _write(session, [row for row in rows.values() if row.id not in known or row.id in changed])
    _mark_superseded(session, rows.values(), kept)
    if edition is None:
        session.add(models.Edition(id=1, seed_digest=seed, version=1))
    else:
        edition.seed_digest = seed
        edition.version += 1
    session.flush()
    return Loaded(len(rows) - len(known), len(changed), len(same - kept), len(kept))


def _write(session: Session, rows: list[Row]) -> None:
    """Insert or update services, and insert all their parts."""
    organizations = writing.organizations(session, {row.organization for row in rows})
    now = datetime.now(UTC)  # when it came to this database, which no caller needs to choose
    stored = set(session.scalars(select(models.Service.id)))
    fresh = []
    for row in rows:
        said = {**writing.facts(row, organizations), "seed_digest": row.digest, "status": "active"}
        said["seeded_at"] = now
        if row.id in stored:
            service = session.get_one(models.Service, row.id)
            for name, value in said.items():
                setattr(service, name, value)
        else:
            fresh.append(said)
    session.flush()
    writing.insert_all(session, models.Service, fresh)
    writing.write(session, rows)


def _mark_superseded(session: Session, rows: Iterable[Row], kept: set[str]) -> None:
    """Point each older row at the newer one; not when people corrected the older."""
    newer = {row.supersedes: row.id for row in rows if row.supersedes}
    service = models.Service
    for old, pointed in session.execute(select(service.id, service.superseded_by)).all():
        if old not in kept and newer.get(old, pointed) != pointed:
            points = update(service).where(service.id == old).values(superseded_by=newer[old])
            session.execute(points)
