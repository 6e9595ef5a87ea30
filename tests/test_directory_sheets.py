"""Spreadsheets as people and their programs make them: read whole, or refused with one sentence."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from directory_loaded import directory
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from directory import cells, sheet, spreadsheet
from directory.columns import all_columns, column_of
from directory.comparison import Change, Difference, compare
from directory.errors import CellRefused, SheetRefused
from directory.listing import Listing, Phone
from directory.reading import Records
from directory.workbook import Formula

LIBREOFFICE = Path(__file__).parent / "spreadsheets" / "libreoffice.xlsx"
LISTINGS = directory().listings


def one(code: str) -> Listing:
    found = directory().row(code)
    assert found is not None
    return found


def records(*listings: Listing) -> Records:
    return Records(1, listings or LISTINGS, {"LIN-100": "LIN-100X"})


def xlsx(*rows: Sequence[Any], merge: str = "") -> bytes:
    """A workbook with these rows in its first sheet."""
    book = Workbook()
    page = book.worksheets[0]
    for row in rows:
        page.append(list(row))
    if merge:
        page.merge_cells(merge)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def changes(content: bytes, *listings: Listing) -> list[Difference]:
    return compare(sheet.read(content), records(*listings))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_went_out_comes_back_without_a_change(form: str) -> None:
    """Every service of the directory, in both forms."""
    read = sheet.read(spreadsheet.written(LISTINGS, form))
    assert len(read.lines) == len(LISTINGS)
    assert compare(read, records()) == []


def test_a_workbook_is_text_with_its_heading_in_sight() -> None:
    """No number, no formula; the heading frozen, columns as wide as what stands in them."""
    tricky = replace(one("LIN-1884"), name="=1+1", phones=(Phone("+51 014263500"),))
    book = load_workbook(io.BytesIO(spreadsheet.written([tricky], "xlsx")))
    page = book.worksheets[0]
    assert page.freeze_panes == "A2"
    assert [cell.value for cell in page[1]] == list(spreadsheet.row(tricky))
    assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"s", "inlineStr", "n"}
    assert all(
        cell.value is None for row in page.iter_rows() for cell in row if cell.data_type == "n"
    )
    assert {cell.number_format for cell in page[2]} == {"@"}
    assert page["B2"].value == "'=1+1"
    assert page["G2"].value == "+51 014263500"
    assert page.column_dimensions["A"].width < page.column_dimensions["F"].width
    assert changes(spreadsheet.written([tricky], "xlsx"), tricky) == []


def test_every_column_has_its_names() -> None:
    """The columns of the file and those that are described are the same, in the same order."""
    assert set(spreadsheet.row(one("LIN-1884"))) <= set(all_columns())
    order = [name for name in all_columns() if name in spreadsheet.row(one("LIN-1884"))]
    assert order == list(spreadsheet.row(one("LIN-1884")))
    assert column_of("código") == "id"
    assert column_of(" TELEFONOS ") == "phones"
    assert column_of("source_date") == column_of("Fecha de la fuente") == "source_date"
    assert column_of("color") is None


PEN = "ñandú; «Línea» …"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_any_encoding_any_separator(encoding: str, separator: str, ending: str) -> None:
    """Windows, Unicode with and without its mark; commas, semicolons, tabulators."""
    text = ending.join(
        (separator.join(("Código", "Nombre")), separator.join(("LIN-1884", f'"{PEN}"')), "")
    )
    read = sheet.read(text.encode(encoding))
    assert read.columns == ("id", "name")
    assert [(line.number, dict(line.cells)) for line in read.lines] == [
        (2, {"id": "LIN-1884", "name": PEN})
    ]


def test_excel_s_hint_and_empty_rows_keep_the_numbers() -> None:
    """`sep=;`, rows with nothing in them: a row is called as the program shows it."""
    read = sheet.read(b'sep=;\r\nid;name\r\n;\r\nLIN-1884;"a\r\nb"\r\n\r\nEMG-105;c\r\n;\r\n')
    assert [line.number for line in read.lines] == [4, 6]
    book = xlsx(
        ("id", "name", None), (None, None), ("LIN-1884", "a", None), (" ", ""), ("EMG-105", "c")
    )
    assert [line.number for line in sheet.read(book).lines] == [3, 5]


def test_a_sheet_formatted_to_its_end_is_no_wider() -> None:
    """A program may spread a format over 16,384 columns and any number of rows."""
    book = Workbook()
    page = book.worksheets[0]
    for row in (("id", "name"), ("LIN-1884", "b")):
        page.append(row)
    page.cell(200_000, 16_384).value = " "
    file = io.BytesIO()
    book.save(file)
    assert [line.number for line in sheet.read(file.getvalue()).lines] == [2]


HEADING = ",".join(spreadsheet.row(one("LIN-1884")))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "vacío"),
        (b"\n\n  \n", "vacío"),
        (b"id,name\n", "ninguna fila"),
        (b"id,name\n,\n", "ninguna fila"),
        (b"nombre,telefono\nA,1\n", "Falta la columna «id»"),
        (b"id,name,color\nA,b,c\n", "No se conoce la columna «color»"),
        (b"id,,name\nA,b,c\n", "una sin nombre"),
        (b"id,phones,Celular\nA,1,2\n", "La columna «Teléfonos» (phones) está dos veces"),
        (b"id,name\nA,b,c\n", "La fila 2 tiene más celdas"),
        (b'id,name\nA,"b\n', "está roto"),
        (b'id,name\nA,"' + b"x" * 200_000 + b'"\n', "está roto"),
        (b"id,name\n" + b"A,b\n" * 20_001, "más de 20 000 filas"),
        (b"id,name\n" + b"\n" * 500_000, "demasiadas filas o columnas"),
        (b"id" + b",x" * 50_000, "demasiadas filas o columnas"),
        (b"x" * (10 * 2**20 + 1), "pesa 10 MB"),
        (b"x" * (50 * 2**20), "pesa 50 MB"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Excel antiguo"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n\x00\x81", "no es una hoja de cálculo"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "no es una hoja de cálculo"),
        (b"PK\x03\x04 not a zip at all", "está dañado"),
        (b"\xff\xfei", "no es una hoja"),
        (xlsx(("id", "name"), ("A", "b"))[:-200], "está dañado"),
        (xlsx(("id", "name"), ("A", "b"), merge="A1:B1"), "celdas combinadas (A1:B1)"),
        (xlsx(), "vacío"),
        (xlsx(("id", "name")), "ninguna fila"),
        (xlsx(("nombre",), ("A",)), "Falta la columna"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(content: bytes, said: str) -> None:
    """In Spanish, for whoever sent it."""
    with pytest.raises(SheetRefused) as refused:
        sheet.read(content)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def packed(**parts: bytes) -> bytes:
    """A zip of these parts; `__` stands for `/`, `_` for a dot."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return file.getvalue()


def test_a_zip_bomb_is_not_unpacked() -> None:
    """100 kB that would become 100 MB are refused by what they declare, and no more is read."""
    bomb = packed(xl__workbook_xml=b"<a/>", xl__worksheets__sheet1_xml=b"0" * (100 * 2**20))
    assert len(bomb) < 2**20
    with pytest.raises(SheetRefused, match="demasiado grande por dentro"):
        sheet.read(bomb)


def test_a_bomb_of_entities_does_not_grow() -> None:
    """Names that stand for a thousand others are stopped by the XML parser."""
    whole = xlsx(("id", "name"), ("LIN-1884", "b"))
    entities = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 100 if n else "ha" * 50}">' for n in range(6)
    )
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as before, zipfile.ZipFile(file, "w") as after:
        for name in before.namelist():
            content = before.read(name).decode()
            if name.endswith("sheet1.xml"):
                assert "<t>b</t>" in content
                content = f"<!DOCTYPE worksheet [{entities}]>" + content
                content = content.replace("<t>b</t>", "<t>&e5;</t>")
            after.writestr(name, content)
    with pytest.raises(SheetRefused, match="está dañado"):
        sheet.read(file.getvalue())


def test_other_archives_are_named() -> None:
    """An ODS file, a document: what to do is said."""
    with pytest.raises(SheetRefused, match=r"otro programa \(\.ods\)"):
        sheet.read(packed(content_xml=b"<a/>", mimetype=b"x"))
    with pytest.raises(SheetRefused, match="no es una hoja de cálculo"):
        sheet.read(packed(word__document_xml=b"<a/>"))


WHOLE = xlsx(("id", "name"), ("LIN-1884", "b"))


@settings(max_examples=150)
@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=40))
def test_a_spoilt_workbook_is_read_or_refused(at: int, noise: bytes) -> None:
    """Whatever happened to it on its way, the answer is rows or a sentence."""
    spoilt = WHOLE[:at] + noise + WHOLE[at + len(noise) :]
    with suppress(SheetRefused):
        assert sheet.read(spoilt).lines


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(content: bytes) -> None:
    """After a heading that is right, too."""
    for whole in (content, b"id,name\n" + content):
        with suppress(SheetRefused):
            assert sheet.read(whole).lines


def test_other_sheets_and_columns_of_the_seed_are_told() -> None:
    """What is not read is not passed over in silence."""
    book = Workbook()
    for row in (("id", "note"), ("LIN-1884", "x")):
        book.worksheets[0].append(row)
    book.create_sheet("Borrador").append(["y"])
    file = io.BytesIO()
    book.save(file)
    assert sheet.read(file.getvalue()).notes == (
        "Solo se leyó la primera hoja, no: Borrador.",
        "No se importan las columnas: note.",
    )


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("phones", 981300003.0, "981300003"),
        ("phones", "981300003.0", "981300003"),
        ("phones", 105, "105"),
        ("phones", "\u202a+51 981 300 003\u202c", "+51 981 300 003"),
        ("phones", "105\n106", "105; 106"),
        ("ubigeo", 10101, "010101"),
        ("ubigeo", "150132", "150132"),
        ("priority", 2.0, "2"),
        ("hours", datetime(2026, 7, 24), "24/7"),
        ("hours", "24/07/2026", "24/7"),
        ("hours", "07/24/26", "24/7"),
        ("hours", "24-jul", "24/7"),
        ("hours", "24/7", "24/7"),
        ("hours", "Mo-Fr 08:00-16:15", "Mo-Fr 08:00-16:15"),
        ("source_date", datetime(2023, 4, 1), "2023-04-01"),
        ("source_date", date(2023, 4, 1), "2023-04-01"),
        ("source_date", "1/4/2023", "2023-04-01"),
        ("source_date", "01.04.23", "2023-04-01"),
        ("source_date", "1-abr-23", "2023-04-01"),
        ("source_date", "1 de Setiembre de 2023", "2023-09-01"),
        ("source_date", "2023-04-01 00:00:00", "2023-04-01"),
        ("source_date", "2023-04", "2023-04-01"),
        ("source_date", 2026, "2026-01-01"),
        ("free", True, "yes"),
        ("free", "SÍ", "yes"),
        ("asks_id", "No", "no"),
        ("asks_id", None, "unknown"),
        ("free", "no se sabe", "unknown"),
        ("languages", "Español, quechua", "es; qu"),
        ("coverage", "todo el Perú", "nacional"),
        ("status", "YA NO EXISTE", "defunct"),
        ("confidence", "ALTA", "high"),
        ("lat", "-12,0464", "-12.0464"),
        ("lat", -12.0464, "-12.0464"),
        ("name", "  Casa\u00a0 de\nla Mujer ", "Casa de la Mujer"),
        ("name", "n\u0303", "ñ"),
        ("name", "'=1+1", "=1+1"),
        ("name", "'Casa'", "'Casa'"),
        ("name", None, ""),
    ],
)
def test_a_cell_is_read_back(column: str, cell: Any, said: str) -> None:
    """Whatever a program made of it, it says what was meant."""
    assert cells.read(column, cell) == said


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("phones", "=A1", "fórmula"),
        ("phones", Formula(), "fórmula"),
        ("name", "#REF!", "error de cálculo"),
        ("phones", "9,81E+08", "cambió el número"),
        ("phones", datetime(2026, 12, 3), "fecha 2026-12-03"),
        ("hours", datetime(2026, 8, 9), "fecha 2026-08-09"),
        ("name", "LÃ­nea", "letras están dañadas"),
        ("source_date", "31/02/2023", "no es una fecha"),
        ("source_date", "ayer", "no es una fecha"),
        ("source_date", "45017", "no es una fecha"),
        ("lat", "norte", "no es una coordenada"),
        ("name", "x" * 4001, "el máximo es 4000"),
    ],
)
def test_a_cell_that_cannot_be_read_back_is_refused(column: str, cell: Any, said: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(CellRefused, match=said):
        cells.read(column, cell)


@pytest.mark.parametrize(
    ("column", "before", "after"),
    [
        ("phones", "014263500", "14263500"),
        ("phones", "+51 981 300 003", "51981300003"),
        ("topics", "trata; violencia", "violencia; trata"),
        ("lat", "-12.0464", "-12.046400000000001"),
        ("source", "001", "1"),
        ("name", "Casa  azul", "Casa azul"),
    ],
)
def test_what_a_program_loses_is_no_change(column: str, before: str, after: str) -> None:
    """Zeros at the beginning, the plus, the order of a list, the last decimals."""
    assert cells.is_same(column, before, after)


@pytest.mark.parametrize(
    ("column", "before", "after"),
    [
        ("phones", "105; 106", "106; 105"),  # the order in which to try them
        ("phones", "981300003", "981300004"),
        ("phones", "113 opción 5", "113"),
        ("phones", "", "105"),
        ("lat", "-12.0464", "-12.0465"),
        ("lat", "-12.0464", ""),
        ("name", "Casa azul", "Casa Azul"),
    ],
)
def test_what_a_person_changed_is_a_change(column: str, before: str, after: str) -> None:
    assert not cells.is_same(column, before, after)


def test_days_in_the_order_of_the_united_states_are_known_by_their_file() -> None:
    """One day after the 12th in second place, and none that contradicts it."""
    listings = tuple(
        replace(one("LIN-1884"), id=code, source_at=day)
        for code, day in (("A", date(2023, 4, 1)), ("B", date(2025, 8, 23)))
    )
    assert changes(b"id,source_date\nA,04/01/2023\nB,08/23/2025\n", *listings) == []
    assert changes(b"id,source_date\nA,01/04/2023\nB,23/08/2025\n", *listings) == []
    (refused,) = changes(b"id,source_date\nA,13/04/2023\nB,08/23/2025\n", *listings)[1:]
    assert refused.refused == (
        "Fecha de la fuente: «08/23/2025» no es una fecha; escríbela así: 2026-11-21",
    )


def test_only_what_was_changed_is_found() -> None:
    """In a sheet with few columns, of which few cells changed; what has no column is kept."""
    found = changes(
        "Código;Teléfonos;Nombre\nLIN-1884;1884; Línea nueva\nEMG-105;105;\n".encode("cp1252")
    )
    assert found == [
        Difference(
            2,
            "LIN-1884",
            False,
            "Línea nueva",
            (Change("name", one("LIN-1884").name, "Línea nueva"),),
        ),
        Difference(
            3, "EMG-105", False, one("EMG-105").name, (Change("name", one("EMG-105").name, ""),)
        ),
    ]


def test_a_new_service_has_a_code_of_its_own_or_none() -> None:
    """Only what is said of it counts; unknown is nothing."""
    for code in ("", "ONG-1"):
        (found,) = changes(f"id,name,free,asks_id,phones\n{code},Casa Azul,yes,,\n".encode())
        assert found.is_new
        assert found.service_id == (code or None)
        assert [change.column for change in found.changes] == ["name", "free"]


def test_a_service_we_have_is_not_added_again() -> None:
    """A row that lost its code, or a list that is sent twice."""
    line = one("LIN-1884")
    text = f"id;name;organization;phones\n;{line.name};{line.organization};1884\n"
    (found,) = changes(text.encode())
    assert found.refused == ("este servicio ya está con el código LIN-1884; escríbelo en su fila",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,name\nLIN-100,a\n", "ya fue reemplazado por LIN-100X"),
        ("id,name\nEMG-105,a\nEMG-105,b\n", "está en más de una fila"),
        ("id,name\nEMG-105\n", "menos celdas que el encabezado"),
        ("id,phones\nEMG-105,=1+1\n", "Teléfonos: hay una fórmula"),
        ("id,ubigeo,district\nCEM26-010101-R1,150132,Comas\n", "es San Juan de Lurigancho"),
    ],
)
def test_a_row_that_cannot_be_taken_in_says_why(content: str, said: str) -> None:
    """It keeps its number, and nothing of it counts."""
    found = changes(content.encode())
    assert all(row.changes == () for row in found)
    assert said in found[0].refused[0]
    assert found[0].number == 2


def test_a_place_is_one_change_whatever_names_it() -> None:
    """By its name or by its code; names that were left as they were contradict nothing."""
    named = changes(b"id,district,province,department\nCEM26-010101-R1,COMAS,LIMA,\n")
    assert [{change.column for change in row.changes} for row in named] == [
        {"district", "province", "department"}
    ]
    assert changes(b"id,district,department\nCEM26-010101-R1,chachapoyas,AMAZONAS\n") == []
    coded = changes(b"id,ubigeo\nCEM26-010101-R1,150110\n")
    both = changes(b"id,ubigeo,district\nCEM26-010101-R1,150110,Chachapoyas\n")
    again = changes(b"id,ubigeo,district\nCEM26-010101-R1,150110,Comas\n")
    for found in (coded, both, again):
        assert [one.changes for one in found] == [(Change("ubigeo", "010101", "150110"),)]


def test_a_file_of_libreoffice_changes_what_was_changed_in_it() -> None:
    """Our CSV opened by LibreOffice in Spanish, which turned cells into numbers and dates; one
    number corrected, empty rows added, saved as XLSX."""
    code = "A-1"
    listings = tricky()
    assert listings[0].id == code
    found = changes(LIBREOFFICE.read_bytes(), *listings)
    assert [(row.service_id, row.changes) for row in found] == [
        (code, (Change("phones", "981300003", "981300004"),))
    ]


def tricky() -> tuple[Listing, ...]:
    """Services of whose cells spreadsheet programs make something else."""
    base = replace(one("CEM26-010101-R1"), phones=(), source="001", source_at=date(2023, 4, 1))
    return (
        replace(base, id="A-1", phones=(Phone("981300003"),), hours="24/7"),
        replace(base, id="A-2", phones=(Phone("014263500"),), hours="Mo-Fr 08:00-16:15"),
        replace(base, id="A-3", phones=(Phone("+51981300003"), Phone("113", None, "opción 5"))),
        replace(base, id="A-4", name="=2+2", confirmed_at=date(2026, 11, 2), alert="Cierra 1/12"),
        replace(base, id="A-5", name="-1", address="Jr. 2 de Mayo 1-2", url="https://a.pe/?b=1"),
    )
