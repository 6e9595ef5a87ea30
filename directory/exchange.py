"""The directory in bulk, as pages: a spreadsheet in, looked at and agreed to, and out again.

Between looking and agreeing nothing is kept here: the page carries what would change. What comes
back is held to the same rules as a form, and to what the directory says by then.
"""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from directory import comparison, hours, imports, proposals, reading, reverting, sheet, spreadsheet
from directory.comparison import Difference
from directory.desk import HOME, Desk, Visit
from directory.errors import EditRefused, SheetRefused
from directory.imports import Report
from directory.models import Organization
from directory.reading import Records
from directory.reverting import Undone

IMPORT, EXPORT = f"{HOME}/import", f"{HOME}/export"
FILES = {
    "servicios.csv": ("csv", "text/csv; charset=utf-8"),
    "servicios.xlsx": (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
}
DONE = ("kept", "undone")


async def show_import(desk: Desk, visit: Visit) -> Response:
    """`GET /directory/import`: a file to send, and the latest imports."""
    return await _import(desk, visit)


async def look(desk: Desk, visit: Visit) -> Response:
    """`POST /directory/import`: what the file would change, row by row; nothing is kept."""
    now = desk.now()
    try:
        read = await asyncio.to_thread(sheet.read, visit.file)
        differences = comparison.compare(read, await desk.read(_records))
        report = await desk.write(
            lambda connection: imports.rehearse(connection, differences, by=visit.editor, now=now)
        )
    except SheetRefused as error:
        return await _import(desk, visit, str(error))
    return _report(desk, visit, differences, report, len(read.lines), read.notes)


async def keep(desk: Desk, visit: Visit) -> Response:
    """`POST /directory/import/keep`: all that was looked at, or nothing."""
    now, why = desk.now(), visit.fields.get("why", "").strip()
    skips_refused = visit.fields.get("skip", "") == "1"

    def work(connection: Connection) -> Report:
        report = imports.take_in(
            connection,
            differences,
            by=visit.editor,
            why=why,
            now=now,
            skips_refused=skips_refused,
        )
        if report.batch is not None:
            desk.record(connection, visit, "directory_import", str(report.batch))
        return report

    try:
        seen = comparison.unpack(visit.file)
        differences = comparison.renew(seen, await desk.read(_records))
        report = await desk.write(work)
    except SheetRefused as error:
        return await _import(desk, visit, str(error))
    if report.batch is None:
        return _report(desk, visit, differences, report, len(differences), ())
    return desk.go(f"{IMPORT}?done=kept")


async def undo(desk: Desk, visit: Visit) -> Response:
    """`POST /directory/import/{batch}/undo`: the whole of it back; what changed since is named."""
    written, now = visit.request.path_params["batch"], desk.now()
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise EditRefused("No hay ninguna importación con ese número.")

    def work(connection: Connection) -> Undone:
        undone = reverting.undo_batch(connection, int(written), by=visit.editor, now=now)
        desk.record(connection, visit, "directory_undo", written)
        return undone

    undone = await desk.write(work)
    if undone.kept:
        return await _import(desk, visit, undone=undone)
    return desk.go(f"{IMPORT}?done=undone")


async def show_export(desk: Desk, visit: Visit) -> Response:
    """`GET /directory/export`: the files, of everything or of her own organization."""
    organization = await desk.read(lambda connection: _organization(connection, visit))
    return desk.page(visit, "directory_export.html", files=FILES, organization=organization)


async def send(desk: Desk, visit: Visit) -> Response:
    """`GET /directory/export/{name}`: a file as it is now; `own=1` leaves out what is others'."""
    form, kind = FILES.get(visit.request.path_params["name"], ("", ""))
    if not form:
        raise EditRefused("No hay ningún archivo con ese nombre.")
    listings = (await desk.read(_records)).listings
    if visit.request.query_params.get("own") == "1":
        own = await desk.read(lambda connection: _organization(connection, visit))
        listings = tuple(one for one in listings if one.organization == own)
    content = await asyncio.to_thread(spreadsheet.written, listings, form)
    name = visit.request.path_params["name"]
    return Response(
        content,
        media_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _import(
    desk: Desk, visit: Visit, wrong: str = "", undone: Undone | None = None
) -> Response:
    done = visit.request.query_params.get("done", "")
    return desk.page(
        visit,
        "directory_import.html",
        422 if wrong else 200,
        batches=await desk.read(proposals.batches),
        done=done if done in DONE else "",
        wrong=wrong,
        undone=undone,
        most_rows=imports.MOST_CHANGED,
        most_megabytes=sheet.MOST_BYTES // 2**20,
    )


def _report(
    desk: Desk,
    visit: Visit,
    differences: list[Difference],
    report: Report,
    rows: int,
    notes: tuple[str, ...],
) -> Response:
    return desk.page(
        visit,
        "directory_report.html",
        report=report,
        packed=comparison.pack(differences),
        equal=rows - len(report.rows),
        notes=notes,
        why=visit.fields.get("why", "").strip(),
        say=hours.say,
    )


def _records(connection: Connection) -> Records:
    with Session(connection) as session:
        return reading.read(session)


def _organization(connection: Connection, visit: Visit) -> str | None:
    name = select(Organization.name).where(Organization.id == visit.editor.organization_id)
    return connection.scalar(name)
