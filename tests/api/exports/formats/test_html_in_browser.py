"""The view as somebody sees it who was handed the file: opened in a real browser, offline."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Page

from api.exports.formats.html import write
from api.exports.portion import ListedPortion, Node
from api.text import visible
from graph.records import Ref
from tests.api.exports.view.portions import HEADING, HOSTILE, hostile, hostile_heading, many, several
from tests.browser.opened import Opened

DRAWN = "#picture[data-drawn]"


def show(opened: Opened, portion: ListedPortion, folder: Path) -> Page:
    [path] = write(portion, folder, HEADING)
    page = opened.file(path)
    page.wait_for_selector(DRAWN)
    return page


def names(page: Page) -> list[str]:
    return page.locator("#things tbody tr td:first-child").all_inner_texts()


def chosen(page: Page, table: str = "things") -> list[str]:
    return page.locator(f"#{table} tr.chosen .pick").all_inner_texts()


@pytest.fixture
def shown(opened: Opened, tmp_path: Path) -> Page:
    return show(opened, several(), tmp_path)


def test_nothing_is_asked_for_but_the_file(opened: Opened, tmp_path: Path) -> None:
    page = show(opened, many(200), tmp_path)
    page.mouse.move(400, 600)
    page.mouse.wheel(0, -300)
    page.get_by_role("button", name="Show all").click()
    page.wait_for_timeout(300)
    assert opened.requests == [(tmp_path / "network.html").as_uri()]
    assert opened.complaints == []
    assert page.evaluate("document.querySelectorAll('[src], link, iframe, object, base').length") == 0


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_heading_runs(opened: Opened, tmp_path: Path, text: str) -> None:
    [path] = write(several(), tmp_path, hostile_heading(text))
    page = opened.file(path)
    page.wait_for_selector(DRAWN)
    assert opened.requests == [path.as_uri()]
    assert opened.complaints == []
    assert page.text_content("h1") == visible(text)
    assert visible(text) in (page.text_content(".caveat") or "")


def test_no_name_runs_and_each_is_shown(opened: Opened, tmp_path: Path) -> None:
    page = show(opened, hostile(), tmp_path)
    page.get_by_label("Search").fill("alert")
    for button in page.locator("#things .pick, #links .pick").all():
        button.click()
    box = page.locator("#picture").bounding_box()
    assert box is not None
    for across in range(12):
        page.mouse.move(box["x"] + box["width"] * across / 12, box["y"] + box["height"] / 2)
    page.wait_for_timeout(300)
    assert opened.requests == [(tmp_path / "network.html").as_uri()]
    assert opened.complaints == []
    seen = page.evaluate("[...document.querySelectorAll('#things .pick')].map(button => button.textContent)")
    assert sorted(seen) == sorted(map(visible, HOSTILE))
    assert page.locator("body a, body img").count() == 0


def test_a_tooltip_is_text(opened: Opened, tmp_path: Path) -> None:
    page = show(
        opened, ListedPortion([Node(Ref("Trader", "native/1"), "<b id='bold'>href</b>", risk=0.3)], []), tmp_path
    )
    box = page.locator("#picture").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2 + 2, box["y"] + box["height"] / 2 + 2)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("div.vis-tooltip", state="visible")
    assert page.inner_text("div.vis-tooltip") == "<b id='bold'>href</b>\nTrader\ntrader:native/1\n0.300"
    assert page.locator("#bold").count() == 0


def test_a_script_that_was_put_in_does_not_run(opened: Opened, tmp_path: Path) -> None:
    [path] = write(several(), tmp_path, HEADING)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("<main>", "<main><script>alert(1)</script><img src='x.png'>"), encoding="utf-8")
    page = opened.file(path)
    page.wait_for_selector(DRAWN)
    assert not any(complaint.startswith("dialog") for complaint in opened.complaints)
    assert [complaint for complaint in opened.complaints if "Content Security Policy" in complaint]


def test_what_stands_above_and_beside(shown: Page) -> None:
    assert shown.locator(".label").all_inner_texts() == ["TLP:AMBER", "TLP:AMBER"]
    assert shown.inner_text("h1") == HEADING.title
    header = shown.inner_text("header")
    for said in (HEADING.caveat, HEADING.query, HEADING.published or "", "2024-04-01", "2024-04-02 10:05+00:00"):
        assert said in header
    assert "7 of 7 things" in header
    assert "8 of 2,320 links" in header
    assert "AT_ADDRESS 2, IMPORTED_BY 2,310" in header
    legend = shown.locator(".kind").all_inner_texts()
    assert [" ".join(line.split()) for line in legend] == ["T trader 5", "A address 1", "L list entry 1"]
    assert "0.1 to 0.25" in shown.inner_text("aside")


def test_a_column_is_sorted_by_numbers_and_by_names(shown: Page) -> None:
    head = shown.locator("#things").get_by_role("button", name="name", exact=True)
    head.click()
    assert names(shown) == ["1 Quay Street", "alpha", "Beta 9", "Beta 10", "Beta Nine", "Émile & Søn", "Zeta Ltd"]
    assert shown.locator("#things th[aria-sort=ascending]").inner_text().strip().startswith("name")
    head.click()
    assert names(shown)[0] == "Zeta Ltd"
    risk = shown.locator("#things").get_by_role("button", name="risk", exact=True)
    risk.click()
    assert names(shown)[:3] == ["Zeta Ltd", "Beta 10", "Émile & Søn"]
    risk.click()
    assert names(shown)[:3] == ["Émile & Søn", "Beta 10", "Zeta Ltd"], "what has no risk comes last either way"
    assert shown.locator("#things th[aria-sort]").count() == 1
    link = shown.locator("#links").get_by_role("button", name="link", exact=True)
    link.click()
    kinds = shown.locator("#links .pick").all_inner_texts()
    assert kinds == sorted(kinds)


def test_the_search_selects_without_accents_and_case(shown: Page) -> None:
    shown.get_by_label("Search").fill("BETA")
    assert sorted(chosen(shown)) == ["Beta 10", "Beta 9", "Beta Nine"]
    assert shown.inner_text("#said") == "Found: 3 of 7 things"
    shown.get_by_label("Search").press("Enter")
    assert len(chosen(shown)) == 1
    assert shown.inner_text("#said").startswith("1 of 3 found: ")
    shown.get_by_label("Search").fill("emile gb")
    assert chosen(shown) == ["Émile & Søn"]
    shown.get_by_label("Search").press("Escape")
    assert chosen(shown) == []
    shown.get_by_label("Search").fill("nobody")
    assert shown.inner_text("#said") == "Found: 0 of 7 things"


def test_selections_of_table_legend_and_picture_are_one(shown: Page) -> None:
    shown.get_by_role("button", name="Zeta Ltd").click()
    assert chosen(shown) == ["Zeta Ltd"]
    assert shown.locator("#things tr[aria-current]").count() == 1
    shown.locator("#links .pick").first.click()
    assert (chosen(shown), len(chosen(shown, "links"))) == ([], 1)
    shown.locator(".kind[data-kind=Address]").click()
    assert chosen(shown) == ["1 Quay Street"]
    shown.get_by_role("button", name="alpha").click()
    shown.get_by_role("button", name="Clear selection").click()
    assert chosen(shown) == []
    shown.get_by_role("button", name="alpha").click()
    shown.wait_for_timeout(100)
    shown.get_by_role("button", name="Clear selection").click()
    shown.locator("#picture").scroll_into_view_if_needed()
    box = shown.locator("#picture").bounding_box()
    assert box is not None
    shown.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown.wait_for_selector("#things tr.chosen")
    assert chosen(shown) == ["alpha"], "the last that was looked at is in the middle"


def test_everything_is_reached_by_keyboard_and_the_focus_is_seen(shown: Page) -> None:
    reached = []
    for _ in range(30):
        shown.keyboard.press("Tab")
        reached.append(
            shown.evaluate(
                "(() => { const it = document.activeElement; "
                " return [it.id || it.className, getComputedStyle(it).outlineStyle]; })()"
            )
        )
    assert [name for name, _ in reached[:2]] == ["text", ""]
    for name in ("picture", "nearer", "whole", "clear", "kind", "table", "sort", "pick"):
        assert name in {each for each, _ in reached}
    assert {style for _, style in reached} == {"solid"}


def test_the_picture_moves_by_keys_and_leaves_the_focus_where_it_is(shown: Page) -> None:
    def picture() -> bytes:
        shown.wait_for_timeout(200)
        return shown.locator("#picture").screenshot()

    shown.locator("#picture").focus()
    seen = [picture()]
    for key in ("ArrowLeft", "ArrowDown", "+"):
        shown.keyboard.press(key)
        seen.append(picture())
    assert len(set(seen)) == 4
    shown.get_by_label("Search").focus()
    shown.mouse.move(400, 600)
    shown.mouse.move(410, 610)
    assert shown.evaluate("document.activeElement.id") == "text"


def test_without_scripts_the_tables_are_there(opened: Opened, tmp_path: Path) -> None:
    [path] = write(several(), tmp_path, HEADING)
    browser = opened.page.context.browser
    assert browser is not None
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        assert page.locator("#things tbody tr").count() == 7
        assert page.locator("#links tbody tr").count() == 8


def cells(page: Page) -> int:
    """Return how many cells a program that reads the page aloud finds."""
    told = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    return sum(each.get("role", {}).get("value") in ("cell", "gridcell") for each in told)


def test_all_rows_are_laid_out_in_the_end_and_told_as_a_table(opened: Opened, tmp_path: Path) -> None:
    portion = many(300)
    page = show(opened, portion, tmp_path)
    page.wait_for_selector("tbody tr:not(.ready)", state="detached")
    assert cells(page) == 11 * portion.node_count + 8 * portion.edge_count
    places = page.evaluate(
        "[...document.querySelectorAll('#things tr')].map(row => [...row.cells].map(cell => cell.offsetLeft).join())"
    )
    assert len(set(places)) == 1, "the cells stand below their heads"
    assert page.evaluate("[...document.querySelectorAll('#things th')].every((head) => head.clientWidth >= 50)")


def test_without_scripts_all_rows_are_laid_out(opened: Opened, tmp_path: Path) -> None:
    portion = many(300)
    [path] = write(portion, tmp_path, HEADING)
    browser = opened.page.context.browser
    assert browser is not None
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        assert cells(page) == 11 * portion.node_count + 8 * portion.edge_count


def test_two_thousand_things_open_soon(opened: Opened, tmp_path: Path) -> None:
    [path] = write(many(2000), tmp_path, HEADING)
    start = time.perf_counter()
    page = opened.file(path)
    page.wait_for_selector(DRAWN)
    assert time.perf_counter() - start < 20
    assert path.stat().st_size < 4_000_000
    assert page.locator("#things tbody tr").count() == 2000
    page.get_by_label("Search").fill("Nr. 1999")
    assert page.inner_text("#said") == "Found: 1 of 2,000 things"
    assert opened.complaints == []
