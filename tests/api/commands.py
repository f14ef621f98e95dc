"""Running commands in a test, and files to run them on."""

import csv
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from api.cli import app

MARKUP = '[red]x[/red] :smile: "quoted" O\'Neil'
ESCAPES = "\x1b[31mACME\x1b[0m \x9b2J \u202egpj"
LONG = "Überaus langer Name " * 15
HANGUL = "삼성물산 주식회사 👩‍👩‍👧"

HEADER = (
    *("declaration_id", "line_no", "accepted_on", "office", "importer_id", "importer_name", "importer_address"),
    *("importer_country", "exporter_name", "exporter_country", "declarant_id", "origin_country", "hs_code"),
    *("customs_value", "currency", "selected_by", "inspected_on", "outcome_known_on", "outcome", "infraction_type"),
)
IMPORTERS = {"I1": MARKUP, "I2": ESCAPES, "I3": LONG, "I4": HANGUL}


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def run(*words: object, store: Path | None = None) -> Ran:
    """Run a command in this process; an error that it did not expect is raised."""
    arguments = [*map(str, words), *(["--store", address(store)] if store is not None else [])]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False, prog_name="tidewaiter")
    return Ran(result.exit_code, result.stdout, result.stderr)


@dataclass(frozen=True)
class Invented:
    """A small invented world with its published set in a folder of the demo; not to be changed, but copied."""

    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "tidewaiter.db"

    def copy(self, folder: Path) -> Path:
        """Copy the store and its models to another folder, and return where the store is."""
        store = folder / self.store.name
        shutil.copy(self.store, store)
        shutil.copytree(f"{self.store}.models", f"{store}.models")
        return store


def address(store: Path) -> str:
    return f"sqlite:///{store}"


def declaration(number: int, importer: str = "I1", **fields: object) -> dict[str, object]:
    """Return a row of `declarations.csv`."""
    day = f"2024-{1 + number // 28 % 12:02}-{1 + number % 28:02}"
    row: dict[str, object] = dict.fromkeys(HEADER, "")
    row |= {"declaration_id": f"D{number}", "line_no": 1, "accepted_on": day, "office": "GB1"}
    row |= {"importer_id": importer, "importer_name": IMPORTERS[importer], "importer_address": "1 Quay Street"}
    row |= {"importer_country": "GB", "exporter_name": "Seller", "exporter_country": "CN", "declarant_id": "B1"}
    row |= {"origin_country": "CN", "hs_code": "847130", "customs_value": 100 + number, "currency": "GBP"}
    return row | fields


def write(path: Path, rows: list[dict[str, object]], header: tuple[str, ...] = HEADER) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def small(folder: Path) -> Path:
    """Write a file of forty declarations by importers with difficult names, some with an outcome, and one bad row."""
    rows = []
    for number in range(40):
        outcome: dict[str, object] = {}
        if number % 4 == 0:
            outcome = {"selected_by": "random", "outcome": "infraction" if number % 8 == 0 else "clean"}
        rows.append(declaration(number, f"I{1 + number % 4}", **outcome))
    rows.append(declaration(40, hs_code="84", importer_name=ESCAPES))
    rows.append(rows[0])
    return write(folder / "declarations.csv", rows)
