"""A spreadsheet taken in: every changed row or none, and all of it taken back again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from directory_loaded import MONDAY_MORNING, changeable, directory
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from storeroom import Room

from bot.cli import main
from directory import (
    imports,
    proposals,
    publishing,
    reading,
    reverting,
    seeding,
    sheet,
    spreadsheet,
)
from directory.comparison import Difference, compare
from directory.errors import EditRefused, SheetRefused
from directory.imports import Report
from directory.proposals import Editor

NOW = MONDAY_MORNING
ROSA = Editor(1, "Rosa", is_reviewer=True)
FIRST, SECOND = [one.id for one in directory().listings if one.kind == "women_center" and one.lat][
    :2
]


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A transaction on a directory of its own."""
    with changeable() as opened:
        yield opened


def differences(connection: Connection, text: str) -> list[Difference]:
    with Session(connection) as session:
        return compare(sheet.read(text.encode()), reading.read(session))


def taken(
    connection: Connection, text: str, by: Editor = ROSA, *, skips_refused: bool = False
) -> Report:
    return imports.take_in(
        connection,
        differences(connection, text),
        by=by,
        why="lista.csv",
        now=NOW,
        skips_refused=skips_refused,
    )


def table(connection: Connection) -> list[list[str]]:
    """The whole directory as it is now."""
    with Session(connection) as session:
        return spreadsheet.table(reading.read(session).listings)


def test_what_leads_a_person_somewhere_waits_the_rest_is_in_force(connection: Connection) -> None:
    """As in the form: hours at once, in the notation of the tables; a number is looked at first."""
    report = taken(
        connection, f"id;teléfonos;horario\n{FIRST};981300004;lunes a viernes de 8 a 5\n"
    )
    (row,) = report.rows
    before = directory().row(FIRST)
    assert before is not None
    assert row.at_once == {"hours": (before.hours, "Mo-Fr 08:00-17:00")}
    assert {name: after for name, (_, after) in row.waiting.items()} == {"phones": "981300004"}
    now = publishing.current(connection, FIRST)
    assert now["hours"] == "Mo-Fr 08:00-17:00"
    assert now["phones"] == before.phones[0].text
    assert {one.state for one in proposals.of_batch(connection, report.batch or 0)} == {
        "published",
        "proposed",
    }


WRONG = [
    ("phones", "https://a.pe/x", "Teléfonos: «https://a.pe/x» es un enlace"),
    ("phones", "llamar a Rosa", "Teléfonos: "),
    ("hours", "cuando se pueda", "Horario: "),
    ("lat", "-77.05", "Latitud"),
    ("topics", "pizza", "Temas: «pizza» no vale aquí"),
    ("confirmed_at", "2030-01-01", "Confirmado el: Esa fecha todavía no llega"),
    ("status", "cerrado temporalmente", "Estado: "),
    ("ubigeo", "999999", "Código de distrito: No hay ningún lugar"),
]


def test_one_refused_row_stops_the_whole(connection: Connection) -> None:
    """Nothing of the file is kept, and the row says why in Spanish."""
    before = table(connection)
    for column, cell, said in WRONG:
        kept = current(connection, column)
        text = f'id,alert,{column}\n{FIRST},En obras,"{kept}"\n{SECOND},,"{cell}"\n'
        report = taken(connection, text)
        assert report.batch is None
        (refused,) = report.refused
        assert refused.number == 3
        assert refused.refused[0].startswith(said)
    assert table(connection) == before
    assert proposals.waiting(connection) == []


def current(connection: Connection, column: str) -> str:
    return publishing.current(connection, FIRST)[column]


def test_the_others_can_be_taken_in_without_it(connection: Connection) -> None:
    """Said on purpose only; the refused row is still in the report."""
    text = f"id,alert\n{FIRST},En obras\n{SECOND},Llama al 999 888 777\n"
    report = taken(connection, text, skips_refused=True)
    assert report.batch is not None
    assert [row.service_id for row in report.taken] == [FIRST]
    assert [row.service_id for row in report.refused] == [SECOND]
    assert current(connection, "alert") == "En obras"


def test_a_rehearsal_says_the_same_and_keeps_nothing(connection: Connection) -> None:
    """Row by row what taking it in then does."""
    text = f"id,alert,phones\n{FIRST},En obras,981300004\nNUEVA-1,,981300005\n"
    before = table(connection)
    found = differences(connection, text)
    said = imports.rehearse(connection, found, by=ROSA, now=NOW)
    assert said.batch is None
    assert table(connection) == before
    assert proposals.batches(connection) == []
    assert said.rows == taken(connection, text).rows


def test_a_whole_import_is_undone(connection: Connection) -> None:
    """What was published goes back, what waits is withdrawn, and the table is as it was."""
    before = table(connection)
    report = taken(
        connection,
        f"id,alert,phones\n{FIRST},En obras,981300004\n{SECOND},Cerrado por luto,981300005\n",
    )
    assert table(connection) != before
    undone = reverting.undo_batch(connection, report.batch or 0, by=ROSA, now=NOW)
    assert (undone.reverted, undone.withdrawn, undone.kept) == (2, 2, ())
    (batch,) = proposals.batches(connection)
    assert (batch.by, batch.why, batch.published, batch.undone) == ("Rosa", "lista.csv", 2, 2)
    assert table(connection) == before
    assert proposals.waiting(connection) == []


def test_a_list_sent_twice_changes_nothing_the_second_time(connection: Connection) -> None:
    """Nor are its new services added again while the first ones still wait."""
    new = (
        "id,name,organization,kind,topics,phones,district,department\n"
        "CASA-AZUL,Casa Azul,Casa Azul,ngo_legal,legal,981222333,Comas,Lima\n"
    )
    first = taken(connection, new)
    assert first.batch is not None
    assert first.rows[0].is_new
    assert first.rows[0].waiting["ubigeo"] == ("", "150110")
    second = taken(connection, new)
    assert second.batch is None
    assert second.rows[0].refused == ("Código: Ya hay un servicio con el código CASA-AZUL.",)
    text = f"id,alert\n{FIRST},En obras\n"
    assert taken(connection, text).batch is not None
    assert taken(connection, text).rows == ()


def test_a_list_without_codes_sent_twice_adds_nothing(connection: Connection) -> None:
    """Two services of one name have two codes; the same one is known again while it waits."""
    text = (
        "id,name,organization,kind,topics,phones,district,department\n"
        ",Casa Azul,Casa Azul,ngo_legal,legal,981222333,Comas,Lima\n"
        ",Casa Azul,Casa Azul,ngo_legal,legal,981222444,Iquitos,Loreto\n"
    )
    first = taken(connection, text)
    assert [row.service_id for row in first.rows] == ["ED-CASA-AZUL", "ED-CASA-AZUL-2"]
    again = taken(connection, text)
    assert [row.refused for row in again.rows] == [
        (f"Este servicio ya está propuesto con el código {code}.",)
        for code in ("ED-CASA-AZUL", "ED-CASA-AZUL-2")
    ]


def test_hours_are_said_in_words_beside_their_notation(connection: Connection) -> None:
    """Whoever reads the report sees what was understood."""
    found = differences(connection, f"id,hours\n{FIRST},lunes 9-5\n")
    said = list(imports.lines(imports.rehearse(connection, found, by=ROSA, now=NOW)))
    assert said[1].endswith("→ Mo 09:00-17:00  (abierto lunes de 9:00 a 17:00)")


def test_an_editor_changes_rows_of_her_own_organization_only(connection: Connection) -> None:
    """The row of another stops the file."""
    inside = Editor(3, "Ana", organization_id=None)
    report = taken(connection, f"id,alert\n{FIRST},En obras\n", by=inside)
    assert report.batch is None
    assert "no tiene organización" in report.refused[0].refused[0]


def test_national_lines_are_read_only(connection: Connection) -> None:
    """They change with the program."""
    report = taken(connection, "id,alert\nLIN-1818,En obras\n")
    assert report.refused[0].refused[0].startswith("Esta es una línea nacional")


def test_too_many_changes_at_once_are_refused(connection: Connection) -> None:
    """Nobody else can write meanwhile."""
    lines = [f"{one.id},En obras" for one in directory().listings[:501]]
    with pytest.raises(SheetRefused, match="cambia 501 filas"):
        taken(connection, "\n".join(["id,alert", *lines]))


def test_an_import_that_is_not_there_is_not_undone(connection: Connection) -> None:
    """One sentence."""
    with pytest.raises(EditRefused, match="No hay ninguna importación"):
        reverting.undo_batch(connection, 7, by=ROSA, now=NOW)


def test_the_same_on_postgresql(postgres_room: Room) -> None:
    """Taken in, listed, undone."""

    def load(connection: Connection) -> None:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            seeding.load(session)
            session.commit()

    def take(connection: Connection) -> int:
        report = taken(connection, f"id,alert,phones\n{FIRST},En obras,981300004\n")
        (batch,) = proposals.batches(connection)
        assert (batch.id, batch.published, batch.waiting) == (report.batch, 1, 1)
        return batch.id

    def undo(connection: Connection, batch: int) -> reverting.Undone:
        return reverting.undo_batch(connection, batch, by=ROSA, now=NOW)

    postgres_room.do(load)
    before = postgres_room.do(table)
    number = postgres_room.do(take)
    assert postgres_room.do(table) != before
    undone = postgres_room.do(lambda connection: undo(connection, number))
    assert (undone.reverted, undone.withdrawn, undone.kept) == (1, 1, ())
    assert postgres_room.do(table) == before


def kuska(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "directory", *arguments])


def test_the_command_goes_out_and_comes_back(tmp_path: Path) -> None:
    """Export, change a cell, look, take in, see it, undo it."""
    file = tmp_path / "servicios.csv"
    kuska(tmp_path, "export", "--format", "csv", str(file))
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    same = kuska(tmp_path, "import", str(file), "--dry-run")
    assert same.exit_code == 0
    assert same.output == (
        f"Filas que cambian algo: 0. Que no se pueden importar: 0. Que quedan igual: {len(rows)}.\n"
    )
    row = next(one for one in rows if one["id"] == FIRST)
    row["alert"] = "En obras"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows[0], delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    file.write_text(text.getvalue(), encoding="cp1252", errors="replace", newline="")
    looked = kuska(tmp_path, "import", str(file), "--dry-run")
    assert looked.exit_code == 0
    assert "  Aviso en la tarjeta: (vacío) → En obras" in looked.output.splitlines()
    assert "cambian algo: 1. " in looked.output
    assert not (tmp_path / "var" / "kuska.db").exists()
    done = kuska(tmp_path, "import", str(file))
    assert done.exit_code == 0
    assert "kuska directory undo 1" in done.output
    kuska(tmp_path, "export", "--format", "csv", str(file))
    assert "En obras" in file.read_text(encoding="utf-8-sig")
    undone = kuska(tmp_path, "undo", "1")
    assert (undone.exit_code, undone.output) == (0, "1 taken back\n")
    kuska(tmp_path, "export", "--format", "csv", str(file))
    assert "En obras" not in file.read_text(encoding="utf-8-sig")


def test_the_command_says_in_one_line_what_it_refuses(tmp_path: Path) -> None:
    """A wrong file, a refused row, an import that is not there: exit code 1 and no traceback."""
    file = tmp_path / "a.csv"
    file.write_text("nombre\nA\n")
    wrong = kuska(tmp_path, "import", str(file))
    assert wrong.exit_code == 1
    assert wrong.output.startswith("kuska: Falta la columna «id»")
    file.write_text("id,alert\nLIN-1818,En obras\n")
    refused = kuska(tmp_path, "import", str(file))
    assert refused.exit_code == 1
    assert "No se importó nada" in refused.output
    with file.open("wb") as heavy:
        heavy.truncate(50 * 2**20)
    assert kuska(tmp_path, "import", str(file)).output == (
        "kuska: El archivo pesa 50 MB y el máximo es 10 MB. Divídelo en partes.\n"
    )
    assert kuska(tmp_path, "import", str(tmp_path / "none.csv")).exit_code == 2
    assert kuska(tmp_path, "undo", "9").exit_code == 1
