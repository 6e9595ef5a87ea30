"""Going back: one revision, or a whole import, by revisions of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from directory import proposals, publishing
from directory.editing import LONGEST_WHY, refuse
from directory.errors import EditRefused, NotAllowed
from directory.proposals import Editor, Proposal
from directory.scrutiny import at_once, refuse_stale, require_own, require_sound
from directory.soundness import refuse_line


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of an import that was undone: revisions taken back or, where she may not do
    that alone, proposed back; proposals withdrawn; services `kept` because they changed since."""

    reverted: int
    proposed: int
    withdrawn: int
    kept: tuple[str, ...]


def revert(
    connection: Connection,
    number: int,
    *,
    by: Editor,
    why: str,
    now: datetime,
    batch: int | None = None,
) -> Proposal:
    """A published revision taken back by a new one; a service that was new is hidden.

    A reviewer's is in force at once: both values were seen by two before. Anybody else's waits
    where it leads a person somewhere. Raises EditRefused when the fields changed again since.
    """
    done = proposals.proposal(connection, number)
    if done.state != "published":
        raise EditRefused("Solo se revierte lo que se publicó.")
    refuse_line(done.service_id)
    before = publishing.current(connection, done.service_id, to_change=True)
    require_own(connection, by, before, "form")
    fields = {"status": "inactive"} if done.is_new else done.before
    if not done.is_new:
        refuse_stale(done.after, before)
    after = {**before, **fields}
    require_sound(before, after, is_new=False)
    changes = {name: (before[name], text) for name, text in fields.items() if before[name] != text}
    if not changes:
        raise EditRefused("Ya está como antes de este cambio.")
    made = proposals.record(
        connection,
        done.service_id,
        changes,
        by=by,
        why=why.strip()[:LONGEST_WHY],
        source="revert",
        now=now,
        batch=batch,
    )
    easy = at_once(before, after, {name: after[name] for name in changes}, "revert")
    if not by.is_reviewer and len(easy) < len(changes):
        return proposals.proposal(connection, made)
    publishing.put_in_force(connection, done.service_id, after, now)
    return proposals.decide(connection, made, "published", by, "", now)


def undo_batch(connection: Connection, batch: int, *, by: Editor, now: datetime) -> Undone:
    """Take back one import, the last change first; what changed since is left and named."""
    imported = [one for one in proposals.of_batch(connection, batch) if one.source == "import"]
    if not imported:
        raise EditRefused("No hay ninguna importación con ese número.")
    if not by.is_reviewer and any(one.by.id != by.id for one in imported):
        raise NotAllowed("Una importación la deshace quien la hizo o quien revisa.")
    why = f"Deshacer la importación {batch}"
    reverted, proposed, withdrawn, kept = 0, 0, 0, []
    for one in reversed(imported):
        if one.state == "proposed":
            refuse(connection, one.id, by=by, why=why, now=now)
            withdrawn += 1
        elif one.state == "published":
            try:
                with connection.begin_nested():
                    made = revert(connection, one.id, by=by, why=why, now=now, batch=batch)
            except EditRefused:
                kept.append(one.service_id)
            else:
                reverted += made.state == "published"
                proposed += made.state == "proposed"
    return Undone(reverted, proposed, withdrawn, tuple(dict.fromkeys(kept)))
