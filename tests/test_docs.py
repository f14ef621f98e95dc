"""Documentation that is held to the code."""

import re
from pathlib import Path

import typer

from api.cli import app
from api.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]


def test_every_command_has_its_line_and_no_other_is_promised() -> None:
    group = typer.main.get_command(app)
    names = set(group.commands)  # type: ignore[attr-defined]
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    listed = {name.split()[0] for name in re.findall(r"^\| `([a-z]+(?:[ -][a-z]+)*)` \|", page, flags=re.MULTILINE)}
    assert listed == names
    for example in re.findall(r"`tidewaiter ([a-z]+(?:-[a-z]+)*)", page):
        assert example in names


def test_every_setting_has_its_line_with_its_default() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    listed = dict(re.findall(rf"^\| `({PREFIX}\w+)` \|.*\| ?`?([^`|]*?)`? \|$", page, flags=re.MULTILINE))
    assert set(listed) == {PREFIX + name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if field.default is not None:
            assert listed[PREFIX + name.upper()] == str(field.default)


def test_pages_link_to_what_there_is() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"
