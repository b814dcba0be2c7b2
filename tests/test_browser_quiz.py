"""The quiz in a real browser: by mouse, by keys alone, with a teacher's photos; what was sent before the answer."""

import base64
import csv
import io
import json
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demos.quiz import hints, report
from tests import quiz_pack
from tests.gestures import DESK, HALL, PHONE, expect_done, go_to
from tests.portrait import portrait
from tests.test_quiz_tab import layers


def open_tab(open_page, url: str, width: int = DESK, height: int = 800, **options) -> Page:
    page = open_page(
        width, height, reduced_motion=True, query="tab=quiz&view=play", url=url, **options
    )
    ready(page)
    return page


def ready(page: Page, number: int = 1, state: str = "asking") -> None:
    page.locator(f".table[data-state={state}]").wait_for()
    if state == "asking":
        expect(page.locator(".ask")).to_contain_text(f"Round {number}.")


def real_ones(page: Page) -> str:
    is_real = page.locator(".face").evaluate_all("(all) => all.map((b) => b.dataset.is === 'real')")
    return "".join(str(k) for k, real in enumerate(is_real, 1) if real)


@pytest.mark.parametrize(("width", "touch"), [(PHONE, True), (DESK, False)])
def test_a_round_by_mouse_or_finger(open_page, quiz_url, width, touch):
    page = open_tab(open_page, quiz_url, width, touch=touch)
    act = "tap" if touch else "click"
    face = page.get_by_role("button", name="Face 2: take it for real")
    getattr(face, act)()
    expect(face).to_have_attribute("aria-pressed", "true")
    getattr(face, act)()
    expect(face).to_have_attribute("aria-pressed", "false")
    getattr(face, act)()
    expect(page.locator(".ask")).to_contain_text("One is real?")
    page.get_by_label("How sure of each face").fill("90")
    expect(page.locator(".sure output")).to_have_text("90\u00a0%")
    getattr(page.get_by_role("button", name="Reveal"), act)()
    ready(page, state="told")
    expect(page.locator(".verdict-chip:visible")).to_have_count(3)
    expect(page.locator(".told:visible .enlarged")).to_have_count(3)
    real = real_ones(page)
    right = sum((str(k) in real) == (k == 2) for k in (1, 2, 3))
    expect(page.locator(".score")).to_have_text(f"{right} of 3 faces right")
    expect(page.locator("[data-step=reveal].done")).to_have_count(1)
    expect(page.locator("[data-step=keys].done")).to_have_count(0)
    getattr(page.get_by_role("button", name="Next round"), act)()
    ready(page, 2)
    expect(page.locator(".face[aria-pressed=true]")).to_have_count(0)
    expect(page.locator(".verdict-chip:visible")).to_have_count(0)
    go_to(page, "Your record")
    expect(page.locator("#quiz-record")).to_contain_text(f"{right} of 3")
    expect(page.locator("#quiz-record svg").first).to_be_visible()
    go_to(page, "Real or made?")
    expect(page.locator(".ask")).to_contain_text("Round 2.")  # as it was left


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_game_by_keys_alone(open_page, quiz_url, width):
    """Two rounds with no pointer, and the record that can be taken home says what was pressed."""
    page = open_tab(open_page, quiz_url, width)
    played = []
    for number, keys in ((1, "13"), (2, "2")):
        ready(page, number)
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.press("ArrowRight" if number == 1 else "ArrowLeft")
        page.keyboard.press("Enter")
        ready(page, state="told")
        played.append((keys, 80 if number == 1 else 75, real_ones(page)))
        expect(page.locator(".score")).to_contain_text(f"of {3 * number} faces")
        page.keyboard.press("Enter")
    ready(page, 3)
    steps = {"reveal", "keys"} | ({"none"} if any(not real for _, _, real in played) else set())
    expect_done(page, *steps)
    go_to(page, "Your record")
    expect(page.locator("#quiz-record")).to_contain_text("of 6")
    expect_done(page, *(["streak"] if all(keys == real for keys, _, real in played) else []))
    files = {}
    for kind in ("JSON", "CSV"):
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Results ({kind})").click()
        files[kind] = download.value.path().read_text("utf-8")
    record = json.loads(files["JSON"])["record"]
    assert [(one["picked"], one["sure"], one["real"]) for one in record] == played
    assert files["CSV"].startswith("\ufeff"), "or a spreadsheet takes UTF-8 for something else"
    rows = list(csv.DictReader(files["CSV"].removeprefix("\ufeff").splitlines()))
    assert len(rows) == 6
    for k, row in enumerate(rows):
        keys, sure, real = played[k // 3]
        face = str(k % 3 + 1)
        assert row["face"] == face and row["sure_percent"] == str(sure)
        assert (row["real"], row["said_real"]) == (str(int(face in real)), str(int(face in keys)))
        assert row["source"] == (quiz_pack.REAL if face in real else quiz_pack.MADE)


def test_the_own_table_is_written_as_that_of_a_class(open_page, quiz_url):
    """Sources that a spreadsheet would compute, in every disguise, and names in other letters: the same cells."""
    sources = [
        *("=1+1", "+1", "-1", "@a", "＝1", "\u200b=1", "\u2800＝1", " =1", "a;=cmd", "a; =cmd"),
        *("a,=1", "a|−1", '=1"', "\u115f@x", "Zoë", "Jean-Luc", "a=b", "x + y"),
    ]
    played = [
        dict(number=k + 1, picked="1", sure=80, real="13", **{"from": sources[3 * k : 3 * k + 3]})
        for k in range(6)
    ]
    page = open_tab(open_page, quiz_url)
    page.evaluate("(record) => { gml.quiz.record = record; }", played)
    go_to(page, "Your record")
    with page.expect_download() as download:
        page.get_by_role("button", name="Results (CSV)").click()
    votes = [
        dict(round=one["number"], player="Ada", hidden=False, picks="100", real="101", sure=80)
        | dict(sources=one["from"])
        for one in played
    ]
    own, of_class = (
        list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
        for text in (download.value.path().read_bytes().decode(), report.table(votes))
    )
    assert own == [{k: v for k, v in row.items() if k != "player"} for row in of_class]
    assert len(own) == 18 and sum(row["source"] in sources for row in own) == 4


def test_tab_and_space_work_too(open_page, quiz_url):
    """With the focus on a face, Space chooses it and Enter reveals, once each."""
    page = open_tab(open_page, quiz_url)
    face = page.get_by_role("button", name="Face 3: take it for real")
    face.focus()
    page.keyboard.press("Space")
    expect(face).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    ready(page, state="told")
    page.get_by_role("button", name="Next round").focus()
    page.keyboard.press("Enter")
    ready(page, 2)


def test_no_answer_travels_before_the_reveal(open_page, quiz_url):
    """Everything that the browser asked and was sent, addresses and the page as drawn: no source, no verdict."""
    page = open_page(query="tab=autoregressive", url=quiz_url)
    sent, bodies = [], []

    def record(route) -> None:
        """The body of a stream is gone once the page has read it, so everything passes through here."""
        request = route.request
        sent.append((request.url, (request.post_data or "").encode()))
        if "/heartbeat/" in request.url:  # never ends, and says nothing
            return route.continue_()
        response = route.fetch()
        bodies.append(response.body())
        route.fulfill(response=response)

    page.route("**/*", record)
    page.goto(f"{quiz_url}/?tab=quiz&view=play")
    ready(page)
    page.keyboard.press("1")
    words = (quiz_pack.REAL.encode(), quiz_pack.MADE.encode())

    def told() -> bool:
        everything = [*(layer for b in bodies for layer in layers(b)), page.content().encode()]
        everything += [part for url, body in sent for part in (url.encode(), body)]
        everything += [json.dumps(page.evaluate("({...localStorage, ...sessionStorage})")).encode()]
        assert len(everything) > 10
        return any(word in one for word in words for one in everything)

    page.wait_for_load_state("networkidle")
    assert not told()
    # The rest of what can be seen of a picture: its size on the wire.
    sources = page.locator(".face img").evaluate_all("(all) => all.map((i) => i.src)")
    assert len({len(src) for src in sources}) == 1 and len(set(sources)) == 3
    assert all(re.match("data:image/webp;base64,", src) for src in sources)
    page.keyboard.press("Enter")
    ready(page, state="told")
    page.wait_for_load_state("networkidle")
    assert told(), "the search finds what is there"


def test_a_teachers_own_photos(open_page, quiz_url, tmp_path):
    page = open_tab(open_page, quiz_url)
    folder, exif = [], Image.Exif()
    exif[0x010F] = "quince camera"
    for k in range(4):
        folder.append(tmp_path / f"holiday-{k}.jpg")
        portrait(4 * k - 6).resize((1280, 1040)).save(folder[-1], exif=exif)
    asked = []
    page.on("request", lambda r: asked.append((r.url, r.post_data or "")))
    field = page.locator(".canvas-quiz input[type=file]")
    field.set_input_files(folder[:2])
    expect(page.locator(".ask")).to_contain_text("Choose 3 to 40 photos")
    field.set_input_files(folder)
    expect(page.locator(".deck-note")).to_contain_text("4 photos of yours")
    ready(page, 2)
    assert not any("/upload" in url or "holiday" in url + body for url, body in asked)
    photos = next(body for _, body in asked if "data:image/jpeg" in body)
    small = base64.b64decode(re.search(r"data:image/jpeg;base64,([\w+/=]+)", photos)[1])
    assert b"quince" not in small and max(Image.open(io.BytesIO(small)).size) == 480
    page.keyboard.press("Enter")
    ready(page, state="told")
    assert set(page.locator(".verdict-chip").all_inner_texts()) <= {
        "Real \u00b7 your photo",
        f"Made \u00b7 {quiz_pack.MADE}",
    }
    page.get_by_role("button", name="Back to the quiz's faces").click()
    expect(page.locator(".deck-note")).to_contain_text("made faces, 96 by 96")


def test_a_refused_answer_does_not_stop_the_game(open_page, quiz_url, monkeypatch):
    from demos.quiz import rounds

    page = open_tab(open_page, quiz_url)
    with monkeypatch.context() as later:
        later.setattr(rounds, "KEY", b"the server was started anew")
        page.keyboard.press("Enter")
        ready(page, state="lost")
        expect(page.get_by_text("not one that this server dealt")).to_be_visible()
    page.get_by_role("button", name="Next round").click()
    ready(page, 2)
    page.keyboard.press("Enter")
    ready(page, state="told")


def seven_rounds() -> list[dict]:
    """Two without a mistake in a row, then some with."""
    rounds = [dict(picked="13", real="13"), dict(picked="2", real="2")]
    rounds += [dict(picked="1", real="2"), dict(picked="", real="123")] * 2
    rounds += [dict(picked="3", real="3")]
    sources = {True: "CelebA", False: "StyleGAN2"}
    return [
        dict(
            one, number=k, sure=80, **{"from": [sources[str(f) in one["real"]] for f in (1, 2, 3)]}
        )
        for k, one in enumerate(rounds, 1)
    ]


def test_the_record_outlives_a_reload_and_is_forgotten_when_asked(open_page, quiz_url):
    page = open_page(query="tab=quiz&view=record", url=quiz_url)
    plots = page.locator("#quiz-record")
    expect(plots).to_contain_text("your record begins here")
    expect(page.get_by_role("button", name="Results (JSON)")).to_be_disabled()
    plots.get_by_role("link", name="Play a round").click()
    ready(page)
    page.keyboard.press("Enter")
    ready(page, state="told")
    page.reload()
    go_to(page, "Your record")
    expect(plots).to_contain_text("of 3 faces judged correctly")
    page.evaluate(
        "(rounds) => sessionStorage.setItem('gml-quiz', JSON.stringify(rounds))", seven_rounds()
    )
    page.reload()
    expect(plots).to_contain_text("11 of 21")
    expect(plots.locator("svg")).to_have_count(3)
    expect_done(page, "streak")
    go_to(page, "Real or made?")
    ready(page)
    expect(page.locator(".score")).to_have_text("11 of 21 faces right")
    expect(page.locator(".streak")).to_have_text("streak 1, longest 2")
    go_to(page, "Your record")
    page.get_by_role("button", name="start again").click()
    expect(plots).to_contain_text("your record begins here")
    page.reload()
    expect(plots).to_contain_text("your record begins here")


def test_where_storing_is_forbidden_the_record_lasts_until_the_page_is_left(open_page, quiz_url):
    page = open_page(query="tab=autoregressive", url=quiz_url)
    page.add_init_script(
        "Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('forbidden') } })"
    )
    page.goto(f"{quiz_url}/?tab=quiz&view=play")
    ready(page)
    page.keyboard.press("Enter")
    ready(page, state="told")
    page.keyboard.press("p")
    page.keyboard.press("PageDown")  # a slide shows it too
    expect(page.locator("#quiz-record")).to_contain_text("of 3 faces judged correctly")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="start again").click()
    expect(page.locator("#quiz-record")).to_contain_text("your record begins here")


@pytest.mark.parametrize(("width", "height"), [(DESK, 800), (HALL, 1080)])
def test_a_whole_round_stands_on_the_screen_also_after_the_reveal(
    open_page, quiz_url, width, height
):
    page = open_page(width, height, reduced_motion=True, query="tab=quiz&view=play", url=quiz_url)
    ready(page)
    page.keyboard.press("Enter")
    ready(page, state="told")
    # Whatever the round has drawn: the longest word there is, under each of its faces.
    said = [*hints.GIVES_AWAY.values(), hints.OTHERWISE, hints.REAL, *hints.SMALL.values()]
    longest = max([*said, hints.SMALL_OTHERWISE, hints.SMALL_REAL], key=len)
    page.locator(".told p").evaluate_all(
        "(all, words) => all.forEach((p) => (p.lastChild.textContent = ` ${words}`))", longest
    )
    bottoms = page.locator(".headline, .face, .told, .bar, .from, .words").evaluate_all(
        "(all) => all.map((part) => part.getBoundingClientRect().bottom)"
    )
    assert len(bottoms) >= 9 and max(bottoms) <= height and page.evaluate("scrollY") == 0


SCREENS = {PHONE: (844, 160), DESK: (800, 360), HALL: (1080, 540)}  # heights; half of a hall's


@pytest.mark.parametrize("width", SCREENS)
def test_the_faces_fill_the_screen(open_page, quiz_url, width):
    height, least = SCREENS[width]
    page = open_tab(open_page, quiz_url, width, height)
    boxes = [page.locator(".face").nth(k).bounding_box() for k in range(3)]
    assert len({(round(b["width"]), round(b["height"])) for b in boxes}) == 1
    assert boxes[0]["width"] >= least
    go = page.get_by_role("button", name="Reveal").bounding_box()
    assert go["y"] + go["height"] <= height, "no scrolling to play"
    assert go["height"] >= 44
