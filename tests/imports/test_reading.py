"""Reading CSV files that nobody prepared: encodings, delimiters, headings, and what is wrong, by line."""

import codecs
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.imports import reading
from webapp.imports.reading import Unreadable


def chunks(data: bytes, size: int = 7) -> reading.Chunks:
    """The file in small pieces, so that every border between pieces is met."""
    return lambda: (data[i : i + size] for i in range(0, len(data), size))


def inspect(data: bytes) -> reading.Inspected:
    return reading.inspect(chunks(data))


def read(data: bytes, width: int = 2, encoding: str = "utf-8", delimiter: str = ",") -> list[reading.Row]:
    return list(reading.rows(chunks(data)(), encoding, delimiter, width))


PLAIN = "name,city\nZoë,Zürich\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (PLAIN.encode(), "utf-8"),
        (codecs.BOM_UTF8 + PLAIN.encode(), "utf-8-sig"),
        (PLAIN.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + PLAIN.encode("utf-16-be"), "utf-16"),
        (PLAIN.encode("utf-16-le"), "utf-16-le"),
        (PLAIN.encode("utf-16-be"), "utf-16-be"),
        (PLAIN.encode("cp1252"), "cp1252"),
        (b"name,city\nJohn,Tampa\n", "utf-8"),
    ],
)
def test_the_encoding_is_found_and_the_words_come_out_right(data: bytes, encoding: str) -> None:
    seen = inspect(data)
    assert seen.encoding == encoding
    assert seen.header == ["name", "city"]
    assert seen.sample in ([["Zoë", "Zürich"]], [["John", "Tampa"]])


def test_a_file_in_two_encodings_is_refused_and_the_line_named() -> None:
    data = b"name\n" + "Zoë\n".encode() * 3 + "Müller\n".encode("cp1252") + "Zoë\n".encode()
    with pytest.raises(Unreadable, match=r"Line 5 is written in another encoding"):
        inspect(data)


def test_an_unknown_encoding_is_refused_and_the_line_named() -> None:
    with pytest.raises(Unreadable, match=r"Line 3 holds characters in an unknown encoding"):
        inspect(b"name\nJohn\n\x81\x8d\n")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\n\n  \n", "The file is empty."),
        (b",,\n,,\n", "The file is empty."),
        (b"name,city\n", "The file has a header but no rows below it."),
        (b"name,city\n\n,\n", "The file has a header but no rows below it."),
        (b"PK\x03\x04rest", "This is an Excel workbook or a ZIP archive"),
        (b"%PDF-1.7", "This is a PDF"),
        (b"name\nJo\x00hn\n", "Line 2 holds a NUL character"),
        (b"name\nZo\xc3\xab\x00\n", "Line 2 holds a NUL character"),
        (b'name,city\n"John,Tampa\nMary,Miami\n', "A quotation mark that opens in line 2 is never closed"),
        (b'na"me,"ci"ty\nJohn,Tampa\n', "The header cannot be read"),
        (b"name\n" + b"x" * 5_000_000, "Line 2 is longer than a million characters"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable) as refused:
        reading.inspect(chunks(data, 65536))
        list(reading.rows(chunks(data, 65536)(), "utf-8", ",", 2))
    assert sentence in str(refused.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = "\n".join(
        delimiter.join(row) for row in (["name", "a;b" if delimiter != ";" else "a,b"], ["1", "2"])
    )
    assert inspect(text.encode()).delimiter == delimiter


def test_commas_inside_amounts_do_not_deceive() -> None:
    assert inspect(b"name;price\nA;1,50\nB;2,50\nC;10\n").delimiter == ";"


def test_one_column_is_a_table_too() -> None:
    assert inspect(b"name\nJohn\n").header == ["name"]


def test_headings_are_named_and_numbered() -> None:
    header, repeated = reading.headings([" Name ", "Phone", "", "phone", "Pho\nne", "", ""])
    assert header == ["Name", "Phone", "Column C", "phone (2)", "Pho ne"]
    assert repeated == ["phone"]


@pytest.mark.parametrize(("position", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_named_as_in_a_spreadsheet(position: int, name: str) -> None:
    assert reading.letters(position) == name


def test_rows_are_numbered_as_a_spreadsheet_counts_them() -> None:
    data = b'name,note\r\n\r\nJohn,"two\r\nlines"\r\n,\r\nMary,x\r\n'
    assert [(r.number, r.cells) for r in read(data)] == [(3, ["John", "two\nlines"]), (5, ["Mary", "x"])]


def test_short_rows_are_filled_and_long_ones_are_wrong() -> None:
    rows = read(b"a,b\n1\n1,2,,\n1,2,3\n")
    assert [r.cells[:2] for r in rows] == [["1", ""], ["1", "2"], ["1", "2"]]
    assert [r.problem for r in rows] == ["", "", "This row has 3 cells, but the header has 2."]


def test_a_quotation_mark_inside_a_cell_spoils_its_row_only() -> None:
    rows = read(b'a,b\n"5" pipe,2\nok,3\n')
    assert "quotation mark stands in the middle" in rows[0].problem
    assert rows[1] == reading.Row(3, ["ok", "3"])


def test_a_quotation_mark_that_is_never_closed_is_found_by_its_line() -> None:
    data = b"a,b\nx,y\n" + b'"open,1\n' + b"z,2\n" * 600
    with pytest.raises(Unreadable, match="opens in line 3 is never closed"):
        read(data)


def test_a_huge_cell_is_refused() -> None:
    with pytest.raises(Unreadable, match="in line 2"):
        read(b"a,b\n" + b"x" * 200_000 + b",1\n")


def test_what_our_exports_guard_comes_back_without_the_apostrophe() -> None:
    assert read(b"a,b\n'=1+1,'tis\n")[0].cells == ["=1+1", "'tis"]


def test_old_line_ends_are_understood() -> None:
    assert [r.cells for r in read(b"a,b\r1,2\r3,4\r")] == [["1", "2"], ["3", "4"]]


CELLS = st.text("abZé ,;\"'=\n\u4e2d\U0001f6e0", max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=8), st.sampled_from([1, 3, 64]))
def test_whatever_is_written_as_csv_is_read_back(table: list[list[str]], size: int) -> None:
    import csv
    import io

    out = io.StringIO()
    csv.writer(out).writerows([["a", "b"], *table])
    data = out.getvalue().encode()

    def pieces() -> Iterator[bytes]:
        return (data[i : i + size] for i in range(0, len(data), size))

    def bare(cell: str) -> str:
        cell = cell.strip()
        return cell[1:] if cell.startswith("'") and cell[1:2] in reading.FORMULA and len(cell) > 1 else cell

    wanted = [[bare(c) for c in row] for row in table]
    found = [r.cells for r in reading.rows(pieces(), "utf-8", ",", 2)]
    assert found == [row for row in wanted if any(row)]
