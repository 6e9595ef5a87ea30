"""The second pair of eyes: what waits, whom to call again, and the history of a service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from sqlalchemy import Connection
from starlette.responses import Response

from directory import complaints, editing, proposals, reverting
from directory.complaints import Tally
from directory.desk import HOME, Desk, Visit
from directory.entry import address
from directory.errors import EditRefused
from directory.freshness import to_call
from directory.proposals import Proposal
from directory.publishing import current

CALLED = 30
REVIEW = f"{HOME}/review"


async def show(desk: Desk, visit: Visit) -> Response:
    """`GET /directory/review`: proposals, the oldest first, and services to ask again."""
    today, directory = desk.now().date(), desk.directory()

    def work(connection: Connection) -> tuple[list[Proposal], dict[str, Tally]]:
        return proposals.waiting(connection), complaints.tallies(connection, today)

    waiting, tallies = await desk.read(work)
    imports = Counter(one.batch for one in waiting if one.source == "import")
    return desk.page(
        visit,
        "directory_review.html",
        waiting=[(one, directory.row(one.service_id)) for one in waiting],
        imports={one.batch: one for one in waiting if imports[one.batch] > 1},
        counts=imports,
        stale=to_call(directory.listings, tallies, today)[:CALLED],
        today=today,
        done=visit.request.query_params.get("done", ""),
    )


async def publish(desk: Desk, visit: Visit) -> Response:
    """`POST /directory/review/{number}/publish`."""
    now = desk.now()
    return await _decide(
        desk,
        visit,
        "published",
        lambda connection, number: editing.publish(connection, number, by=visit.editor, now=now),
    )


async def publish_batch(desk: Desk, visit: Visit) -> Response:
    """`POST /directory/review/imports/{number}`: everything of one import that still waits."""
    now, batch = desk.now(), _number(visit)

    def work(connection: Connection) -> tuple[str, ...]:
        desk.record(connection, visit, "directory_published_import", str(batch))
        return editing.publish_batch(connection, batch, by=visit.editor, now=now)[1]

    kept = await desk.write(work)
    return desk.go(f"{REVIEW}?done={'partly' if kept else 'published'}")


async def refuse(desk: Desk, visit: Visit) -> Response:
    """`POST /directory/review/{number}/refuse`; its proposer may withdraw it too."""
    now, why = desk.now(), visit.fields.get("why", "")
    return await _decide(
        desk,
        visit,
        "refused",
        lambda connection, number: editing.refuse(
            connection, number, by=visit.editor, why=why, now=now
        ),
    )


async def history(desk: Desk, visit: Visit) -> Response:
    """`GET /directory/services/{service}/history`: every change, before and after."""
    code = visit.request.path_params["service"]

    def work(connection: Connection) -> tuple[dict[str, str], list[Proposal]]:
        return current(connection, code), proposals.history(connection, code)

    said, made = await desk.read(work)
    return desk.page(
        visit,
        "directory_history.html",
        said=said,
        history=made,
        base=address(code),
        done=visit.request.query_params.get("done", ""),
    )


async def revert(desk: Desk, visit: Visit) -> Response:
    """`POST /directory/review/{number}/revert`: a new revision that goes back."""
    now, why = desk.now(), visit.fields.get("why", "").strip() or "Revertido"
    number = _number(visit)

    def work(connection: Connection) -> Proposal:
        desk.record(connection, visit, "directory_revert", str(number))
        return reverting.revert(connection, number, by=visit.editor, why=why, now=now)

    made = await desk.write(work)
    return desk.go(f"{address(made.service_id)}/history?done={made.state}")


async def _decide(
    desk: Desk, visit: Visit, done: str, deed: Callable[[Connection, int], Proposal]
) -> Response:
    number = _number(visit)

    def work(connection: Connection) -> None:
        deed(connection, number)
        desk.record(connection, visit, f"directory_{done}", str(number))

    await desk.write(work)
    back = visit.fields.get("back", "")
    is_own = back.startswith(f"{HOME}/services/") and "\\" not in back
    return desk.go(f"{back if is_own else REVIEW}?done={done}")


def _number(visit: Visit) -> int:
    written = visit.request.path_params["number"]
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise EditRefused("Esta propuesta ya no existe.")
    return int(written)
