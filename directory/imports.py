"""A spreadsheet taken in: all of its changed rows in one transaction, or none.

    differences = comparison.compare(sheet.read(content), reading.read(session))
    report = imports.rehearse(connection, differences, by=editor, now=now)
    report = imports.take_in(connection, differences, by=editor, why="lista.xlsx", now=now)
    reverting.undo_batch(connection, report.batch, by=editor, now=now)

A row is proposed like a form (`editing.propose`): what leads a person somewhere waits for a second
pair of eyes, the rest is published at once. One refused row stops the whole, unless the caller
says that the others are to be taken in without it. A rehearsal does the same and takes it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from directory import editing, hours, proposals
from directory.columns import all_columns, title
from directory.comparison import Difference, signs
from directory.errors import EditRefused, SheetRefused
from directory.proposals import Editor

MOST_CHANGED = 500
"""Rows in one import: some seconds, in which nobody else can write."""

Changes = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one row: fields in force `at_once`, fields that are `waiting` for a second
    pair of eyes, each before and after, or why it was `refused`."""

    number: int
    service_id: str
    name: str
    is_new: bool
    at_once: Changes = field(default_factory=dict)
    waiting: Changes = field(default_factory=dict)
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What became of every row that says something; `batch` is None when nothing was kept."""

    rows: tuple[Row, ...]
    batch: int | None = None

    @property
    def taken(self) -> tuple[Row, ...]:
        """The rows that change something."""
        return tuple(row for row in self.rows if not row.refused)

    @property
    def refused(self) -> tuple[Row, ...]:
        """The rows that cannot be taken in."""
        return tuple(row for row in self.rows if row.refused)


def rehearse(
    connection: Connection, differences: list[Difference], *, by: Editor, now: datetime
) -> Report:
    """What taking them in would do; nothing is kept."""
    trial = connection.begin_nested()
    try:
        return Report(_propose(connection, differences, None, by, "", now))
    finally:
        trial.rollback()


def take_in(
    connection: Connection,
    differences: list[Difference],
    *,
    by: Editor,
    why: str,
    now: datetime,
    skips_refused: bool = False,
) -> Report:
    """Propose every row; with a refused one nothing is kept, unless it is to be skipped."""
    whole = connection.begin_nested()
    batch = proposals.next_batch(connection)
    try:
        report = Report(_propose(connection, differences, batch, by, why, now), batch)
    except BaseException:
        whole.rollback()
        raise
    if not report.taken or (report.refused and not skips_refused):
        whole.rollback()
        return Report(report.rows)
    whole.commit()
    return report


def lines(report: Report) -> Iterator[str]:
    """The report as text, row by row, for the terminal."""
    for row in report.rows:
        mark = " (servicio nuevo)" if row.is_new else ""
        yield f"Fila {row.number} · {row.service_id or 'sin código'} · {row.name}{mark}"
        yield from (f"  No se importa. {said}" for said in row.refused)
        for changes, when in ((row.at_once, ""), (row.waiting, "  [espera revisión]")):
            for name, (before, after) in changes.items():
                spoken = f"  ({hours.say(after)})" if name == "hours" and after else ""
                change = f"{before or '(vacío)'} → {after or '(vacío)'}"
                yield f"  {title(name)}: {change}{spoken}{when}"


def _propose(
    connection: Connection,
    differences: list[Difference],
    batch: int | None,
    by: Editor,
    why: str,
    now: datetime,
) -> tuple[Row, ...]:
    if len(differences) > MOST_CHANGED:
        raise SheetRefused(
            f"El archivo cambia {len(differences)} filas y de una vez se pueden {MOST_CHANGED}. "
            "Divídelo en partes."
        )
    nameless = [one for one in differences if one.is_new and not one.service_id]
    promised = _promised(connection) if nameless else {}
    rows = (_row(connection, one, batch, by, why, now, promised) for one in differences)
    return tuple(row for row in rows if row.at_once or row.waiting or row.refused)


def _promised(connection: Connection) -> dict[tuple[str, ...], str]:
    """The new services that wait already, so that a list sent twice does not add them again."""
    waiting = proposals.waiting(connection)
    return {signs(one.after): one.service_id for one in waiting if one.is_new}


def _row(
    connection: Connection,
    one: Difference,
    batch: int | None,
    by: Editor,
    why: str,
    now: datetime,
    promised: dict[tuple[str, ...], str],
) -> Row:
    code = one.service_id or ""
    if one.refused:
        return Row(one.number, code, one.name, one.is_new, refused=one.refused)
    fields = {change.column: change.after for change in one.changes}
    if one.is_new and code:
        fields["id"] = code
    elif one.is_new and (same := promised.get(signs(fields))):
        said = f"Este servicio ya está propuesto con el código {same}."
        return Row(one.number, code, one.name, one.is_new, refused=(said,))
    try:
        with connection.begin_nested():
            made = editing.propose(
                connection,
                None if one.is_new else code,
                fields,
                by=by,
                why=why,
                source="import",
                now=now,
                batch=batch,
            )
    except EditRefused as error:
        return Row(one.number, code, one.name, one.is_new, refused=tuple(_sentences(error)))
    changes: dict[str, Changes] = {"published": {}, "proposed": {}}
    for proposal in made:
        code = proposal.service_id
        if one.is_new:
            promised[signs(proposal.after)] = code
        changes[proposal.state] = {
            name: each for name, each in proposal.changes.items() if any(each)
        }
    return Row(one.number, code, one.name, one.is_new, changes["published"], changes["proposed"])


def _sentences(error: EditRefused) -> Iterator[str]:
    """Each sentence after the name of its column, where it is one's."""
    for name, said in error.wrong.items():
        yield f"{title(name)}: {said}" if name in all_columns() else said
