"""Reading a CSV file that nobody prepared: its encoding, delimiter and header; then its rows, one at a time.

Pure: bytes come in as an iterator, nothing larger than a row is held. Rows are numbered as a spreadsheet counts, the
header being 1.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

Chunks = Callable[[], Iterator[bytes]]  # begins the file anew with each call

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
LINE_CHARS = 1_000_000
CELL_CHARS = 100_000  # below the csv module's own limit, so that the sentence is ours
CELL_LINES = 500
SAMPLE_ROWS = 5
PEEK_ROWS = 30
FORMULA = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Unreadable(Exception):  # says of the whole file that it cannot be imported
    """The file cannot be read; the sentence names the line and what to do."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What the first look at a file found."""

    encoding: str
    delimiter: str
    header: list[str]
    sample: list[list[str]]
    lines: int  # an upper bound of the rows: a cell may hold several lines
    repeated: list[str] = field(default_factory=list)  # headings that stand over several columns


@dataclass(frozen=True, slots=True)
class Row:
    """One row below the header. `problem` says why it cannot be read; then `cells` is what there was."""

    number: int
    cells: list[str]
    problem: str = ""


# The first look -----------------------------------------------------------------------------------


def inspect(chunks: Chunks) -> Inspected:
    """Read a file once through. Raises Unreadable for what no mapping could help."""
    encoding, lines = detect_encoding(chunks)
    delimiter = detect_delimiter(list(islice(_lines(chunks(), encoding), PEEK_ROWS * 4)))
    rows = _records(chunks(), encoding, delimiter)
    first = next((r for r in rows if r.problem or any(c.strip() for c in r.cells)), None)
    if first is None:
        raise Unreadable("The file is empty.")
    if first.problem:
        raise Unreadable(f"The header cannot be read: {first.problem}")
    header, repeated = headings(first.cells)
    sample = [r.cells for r in islice((r for r in rows if not r.problem and any(r.cells)), SAMPLE_ROWS)]
    if not sample:
        raise Unreadable("The file has a header but no rows below it.")
    return Inspected(encoding, delimiter, header, sample, lines, repeated)


def headings(cells: list[str]) -> tuple[list[str], list[str]]:
    """The header with every column named and no name twice, and the names that stood there twice."""
    counted: Counter[str] = Counter()
    found, repeated = [], []
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    for position, cell in enumerate(cells):
        name = " ".join(cell.split())[:100] or f"Column {letters(position)}"
        counted[name.casefold()] += 1
        if counted[name.casefold()] == 2:
            repeated.append(name)
        found.append(f"{name} ({counted[name.casefold()]})" if counted[name.casefold()] > 1 else name)
    return found, repeated


def letters(position: int) -> str:
    """A column's letters as spreadsheets name it: 0 → A, 27 → AB."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(65 + rest) + name
    return name


def detect_encoding(chunks: Chunks) -> tuple[str, int]:
    """The encoding of a whole file and its number of lines. Raises Unreadable, naming the line that does not fit.

    UTF-8 with or without its mark, UTF-16 with its mark or recognisable without, else Windows-1252.
    """
    start = b""
    for piece in chunks():
        start += piece
        if len(start) >= 4096:
            break
    _refuse_foreign(start)
    wide = _utf16(start)
    if wide:
        return wide, _count_wide(chunks, wide)
    seen = _Bytes()
    rest = b""
    for piece in chunks():
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > LINE_CHARS * 4:
            raise Unreadable(
                f"Line {seen.lines + 1} is longer than a million characters; this is not a table."
            )
        for line in whole:
            seen.look(line)
    if rest:
        seen.look(rest)
    encoding = seen.verdict()
    return (
        "utf-8-sig" if encoding == "utf-8" and start.startswith(b"\xef\xbb\xbf") else encoding
    ), seen.lines


@dataclass(slots=True)
class _Bytes:
    """What the lines of a file say of its encoding."""

    lines: int = 0
    utf8: int = 0  # lines with characters that only UTF-8 writes so
    not_utf8: int = 0  # the first line that is no UTF-8
    not_1252: int = 0  # the first line that is no Windows-1252 either

    def look(self, line: bytes) -> None:
        self.lines += 1
        if line.isascii():
            if b"\x00" in line:
                raise Unreadable(
                    f"Line {self.lines} holds a NUL character. Save the file as CSV (UTF-8) and try again."
                )
            return
        try:
            line.decode("utf-8")
            self.utf8 += 0 if line.startswith(b"\xef\xbb\xbf") and line[3:].isascii() else 1
        except UnicodeDecodeError:
            self.not_utf8 = self.not_utf8 or self.lines
            try:
                line.decode("cp1252")
            except UnicodeDecodeError:
                self.not_1252 = self.not_1252 or self.lines
        if b"\x00" in line:
            raise Unreadable(
                f"Line {self.lines} holds a NUL character. Save the file as CSV (UTF-8) and try again."
            )

    def verdict(self) -> str:
        if not self.not_utf8:
            return "utf-8"
        if self.utf8:
            raise Unreadable(f"Line {self.not_utf8} is written in another encoding than the rest of the file. "
                             "Open it in a spreadsheet, check that line, and save it as CSV (UTF-8).")  # fmt: skip
        if self.not_1252:
            raise Unreadable(f"Line {self.not_1252} holds characters in an unknown encoding. "
                             "Save the file as CSV (UTF-8) and try again.")  # fmt: skip
        return "cp1252"


def _refuse_foreign(start: bytes) -> None:
    if not start.strip():
        raise Unreadable("The file is empty.")
    known = {b"PK\x03\x04": "an Excel workbook or a ZIP archive", b"\xd0\xcf\x11\xe0": "an old Excel workbook",
             b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture", b"\x1f\x8b": "a compressed file"}  # fmt: skip
    for magic, what in known.items():
        if start.startswith(magic):
            raise Unreadable(
                f"This is {what}, not a CSV file. Open it in a spreadsheet and save it as CSV (UTF-8)."
            )


def _utf16(start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    even, odd = start[0::2], start[1::2]
    if len(odd) > 4 and odd.count(0) > len(odd) * 0.7 and even.count(0) < len(even) * 0.1:
        return "utf-16-le"
    if len(even) > 4 and even.count(0) > len(even) * 0.7 and odd.count(0) < len(odd) * 0.1:
        return "utf-16-be"
    return ""


def _count_wide(chunks: Chunks, encoding: str) -> int:
    lines = 0
    for line in _lines(chunks(), encoding):
        lines += 1
        if "\x00" in line:
            raise Unreadable(
                f"Line {lines} holds a NUL character. Save the file as CSV (UTF-8) and try again."
            )
    return lines


def detect_delimiter(lines: list[str]) -> str:
    """The delimiter that divides the first lines into the most columns, equally many in each."""
    best, most = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            rows = [r for r in csv.reader(iter(lines), delimiter=delimiter) if r][:PEEK_ROWS]
        except csv.Error:
            continue
        widths = Counter(len(r) for r in rows)
        if not widths or widths.most_common(1)[0][0] < 2:
            continue
        width, times = widths.most_common(1)[0]
        score = (times / len(rows), width)
        if score > most:
            best, most = delimiter, score
    return best


# The rows -----------------------------------------------------------------------------------------


def rows(chunks: Iterable[bytes], encoding: str, delimiter: str, width: int) -> Iterator[Row]:
    """The rows below the header, blank ones left out, each with exactly `width` cells or a problem.

    Cells are stripped; the apostrophe that our own exports put before a formula's sign is taken away again. Raises
    Unreadable where a quotation mark is never closed.
    """
    header_seen = False
    for row in _records(chunks, encoding, delimiter):
        cells = [_clean(c) for c in row.cells]
        if not row.problem and not any(cells):
            continue
        if not header_seen:
            header_seen = True
            continue
        extra = [c for c in cells[width:] if c]
        if extra and not row.problem:
            yield Row(row.number, cells, f"This row has {len(cells)} cells, but the header has {width}.")
        else:
            yield Row(row.number, (cells + [""] * width)[:width], row.problem)


def _clean(cell: str) -> str:
    cell = cell.strip().strip("\u00a0\ufeff")
    return cell[1:] if cell.startswith("'") and cell[1:2] in FORMULA and len(cell) > 1 else cell


def _records(chunks: Iterable[bytes], encoding: str, delimiter: str) -> Iterator[Row]:
    source = _Counted(_lines(chunks, encoding))
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    number = 0
    while True:
        source.begin()
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            if "unexpected end of data" in str(problem) or "field limit" in str(problem):
                raise Unreadable(_open_quote(source.first)) from None
            yield Row(number, [], "A quotation mark stands in the middle of a cell; "
                                  "put the cell in quotation marks and double those inside.")  # fmt: skip
            continue
        yield Row(number, cells)


class _Counted:
    """Lines for the csv reader, which knows where a row began and gives up on one that never ends."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines = lines
        self.line = 0
        self.first = 0
        self.held = 0

    def begin(self) -> None:
        self.first, self.held = self.line + 1, 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        text = next(self.lines)
        self.line += 1
        self.held += len(text)
        if self.line - self.first > CELL_LINES or (self.held > CELL_CHARS and self.line > self.first):
            raise Unreadable(_open_quote(self.first))
        return text


def _open_quote(line: int) -> str:
    return (f"A quotation mark that opens in line {line} is never closed, or a cell there is longer than "
            f"{CELL_CHARS:,} characters.")  # fmt: skip


class _Raw(io.RawIOBase):
    """An iterator of bytes as a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = iter(chunks)
        self.rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # the base's type is any buffer
        if not self.rest:
            self.rest = next(self.chunks, b"")
        size = min(len(buffer), len(self.rest))
        buffer[:size], self.rest = self.rest[:size], self.rest[size:]
        return size


def _lines(chunks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """The lines of a file as text. Raises Unreadable for what does not fit the encoding."""
    text = io.TextIOWrapper(io.BufferedReader(_Raw(chunks), 1 << 16), encoding=encoding, newline=None)
    number = 0
    while True:
        try:
            line = text.readline(LINE_CHARS + 1)
        except UnicodeError:
            raise Unreadable(f"Near line {number + 1} the file does not fit its encoding, {encoding}. "
                             "Save it as CSV (UTF-8) and try again.") from None  # fmt: skip
        if not line:
            return
        number += 1
        if len(line) > LINE_CHARS:
            raise Unreadable(f"Line {number} is longer than a million characters; this is not a table.")
        yield line
