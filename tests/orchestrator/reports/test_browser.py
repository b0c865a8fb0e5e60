"""The page as a reader meets it: in a browser, on a desk and on a phone, light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.reports import html
from tests.needs import missing
from tests.orchestrator.reports import browser
from tests.orchestrator.reports.browser import Page
from tests.orchestrator.reports.samples import FAILED, SCRIPT, case, full, report

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DESK, PHONE = 1280, 390
# Every text against what is behind it, by the formula of WCAG 2; below 4.5 is too faint.
FAINTEST = """
(() => {
  const part = (c) => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) =>
    .2126 * part(r / 255) + .7152 * part(g / 255) + .0722 * part(b / 255);
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = parse(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const says = (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim();
  return Math.min(...[...document.querySelectorAll("body *")]
    .filter((element) => [...element.childNodes].some(says) && element.checkVisibility())
    .map((element) => {
      const style = getComputedStyle(element);
      const text = light(parse(element.ownerSVGElement ? style.fill : style.color));
      const ground = light(behind(element));
      return (Math.max(text, ground) + .05) / (Math.min(text, ground) + .05);
    }));
})()
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    program = browser.find()
    if not program:
        missing("no Chromium on this machine")
    with browser.started(program) as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with everything that a page can have, and texts that are hard to lay out."""
    found = tmp_path_factory.mktemp("page") / "report.html"
    hostile = case("x" * 150, "failed", message=f"{SCRIPT} {'y' * 3000}", stdout=["z" * 3000])
    cases = [*(case(f"check-{number}") for number in range(20)), FAILED, hostile]
    found.write_text(html.render(report(*cases, cluster="replay", serverVersion="v1.36.2")))
    return found


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [DESK, PHONE, 320])
def test_it_never_scrolls_sideways_and_nothing_is_wrong(
    page: Page, place: Path, width: int, dark: bool
) -> None:
    page.show(place, width, dark=dark)
    page.value("document.querySelectorAll('details').forEach((each) => { each.open = true; })")

    assert page.value("document.documentElement.scrollWidth <= innerWidth")
    assert page.trouble == []
    assert page.requests == [place.resolve().as_uri()]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(page: Page, place: Path, dark: bool) -> None:
    page.show(place, DESK, dark=dark)

    assert page.value(FAINTEST) >= 4.5


def test_it_follows_the_readers_choice_of_light_and_dark(page: Page, place: Path) -> None:
    colours = set()
    for dark in (False, True):
        page.show(place, DESK, dark=dark)
        colours.add(page.value("getComputedStyle(document.body).backgroundColor"))

    assert len(colours) == 2


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_failures_stand_above_everything_else(page: Page, place: Path, width: int) -> None:
    page.show(place, width)
    tops = page.value(
        "[...document.querySelectorAll('article')].map((each) => "
        "[each.className, each.getBoundingClientRect().top])"
    )

    assert [status for status, _ in sorted(tops, key=lambda item: item[1])[:3]] == [
        "failed",
        "failed",
        "passed",
    ]


def test_evidence_opens_and_closes_by_keyboard_and_by_mouse(page: Page, place: Path) -> None:
    page.show(place, DESK)
    first = "document.querySelector('article details')"

    assert page.value(f"{first}.open") is False
    page.value(f"{first}.querySelector('summary').focus()")
    page.press("Enter")
    assert page.value(f"{first}.open") is True
    page.value(f"{first}.querySelector('summary').click()")
    assert page.value(f"{first}.open") is False


def test_a_word_narrows_table_and_details_to_the_checks_that_have_it(
    page: Page, place: Path
) -> None:
    page.show(place, DESK)
    page.value(
        "(() => { const box = document.getElementById('filter'); box.value = 'failed band';"
        "box.dispatchEvent(new Event('input')); })()"
    )

    shown = "[...document.querySelectorAll('{}')].filter((each) => each.checkVisibility()).length"
    assert page.value(shown.format("article")) == 1
    assert page.value(shown.format(".overview tbody tr")) == 1
    assert page.value("document.getElementById('found').textContent") == "1 of 22"


def test_all_evidence_opens_at_once_and_for_paper(page: Page, place: Path) -> None:
    opened = "document.querySelectorAll('article details[open]').length"
    page.show(place, DESK)

    page.value("document.getElementById('expand').click()")
    assert page.value(opened) == page.value("document.querySelectorAll('article details').length")
    page.value("document.getElementById('collapse').click()")
    assert page.value(opened) == 0
    page.value("dispatchEvent(new Event('beforeprint'))")
    assert page.value(opened) > 0
    page.value("dispatchEvent(new Event('afterprint'))")
    assert page.value(opened) == 0


def test_the_first_words_are_that_it_is_a_replay(page: Page, place: Path) -> None:
    page.show(place, PHONE)

    assert page.value("document.body.innerText").lstrip().lower().startswith("replay")


def test_what_a_check_said_is_text_and_does_nothing(page: Page, place: Path) -> None:
    page.show(place, DESK)

    assert page.value("document.scripts.length") == 1
    assert page.value("document.body.innerText.includes('<script>alert(1)')") is True


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_lanes_lie_inside_the_picture_and_in_time(page: Page, tmp_path: Path, width: int) -> None:
    file = tmp_path / "r.html"
    file.write_text(html.render(full()))
    page.show(file, width)
    boxes = page.value(
        "[...document.querySelectorAll('.lanes li')].map((lane) => {"
        "const all = lane.querySelector('svg').getBoundingClientRect();"
        "const run = lane.querySelector('rect.run').getBoundingClientRect();"
        "return [run.left - all.left, all.right - run.right, run.width]; })"
    )

    assert len(boxes) == 4
    assert min(min(box) for box in boxes) >= 0
    assert boxes[-1][0] > boxes[0][0]  # by their beginning
