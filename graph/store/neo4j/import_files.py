"""The CSV files of an import, and the arguments by which `neo4j-admin database import` reads them."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

ARGUMENTS = "import.args"
_SMALLEST_BUFFER = 4 << 20
"""Bytes of a buffer of the import tool unless it is told otherwise; it must hold the longest line."""


class Files:
    """Files that are being written, one for each kind of node or link."""

    def __init__(self, folder: Path) -> None:
        """Write into a folder, which is there."""
        self._folder = folder
        self._open: dict[str, pyarrow.csv.CSVWriter] = {}
        self._arguments: list[str] = []
        self._several_lines: set[str] = set()
        self._longest = 0

    def nodes(self, label: str, header: Sequence[str], table: pa.Table) -> None:
        """Add nodes of one label; the columns of the table are those of the header, which gives their types."""
        self._add(label, f"--nodes={label}=", header, table)

    def links(self, start: str, link: str, end: str, header: Sequence[str], table: pa.Table) -> None:
        """Add links of one type between two types of nodes."""
        self._add(f"{start}-{link}-{end}", f"--relationships={link}=", header, table)

    def _add(self, name: str, argument: str, header: Sequence[str], table: pa.Table) -> None:
        path = self._folder / f"{name}.csv"
        if name not in self._open:
            file = pa.OSFile(str(path), "wb")
            file.write((",".join(header) + "\n").encode())
            options = pyarrow.csv.WriteOptions(include_header=False)
            self._open[name] = pyarrow.csv.CSVWriter(file, table.schema, write_options=options)
            self._arguments.append(f"{argument}{path.absolute()}")
        line = 0
        for column in table.itercolumns():
            if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
                line += pc.max(pc.binary_length(column)).as_py() or 0
                if pc.any(pc.match_substring_regex(column, "[\r\n]")).as_py():
                    self._several_lines.add(str(path.absolute()))
        self._longest = max(self._longest, line)
        self._open[name].write_table(table)

    def close(self) -> None:
        """Finish the files, and write the arguments beside them."""
        for writer in self._open.values():
            writer.close()
        lines = [*self._arguments, f"--read-buffer-size={max(_SMALLEST_BUFFER, 2 * self._longest)}"]
        if self._several_lines:
            lines += ["--multiline-fields-format=v2", f"--multiline-fields={','.join(sorted(self._several_lines))}"]
        (self._folder / ARGUMENTS).write_text("".join(f'"{line}"\n' for line in lines), "utf-8")
