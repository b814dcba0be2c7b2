"""How the class's pages look and what they ask: a projector whatever people are called, and a phone."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from demos.quiz import lineup
from tests.class_server import deal
from tests.gestures import DESK, HALL, PHONE, expect_done
from tests.test_browser_class import patterns  # noqa: F401 (a fixture)
from tests.test_browser_odd import odd  # noqa: F401 (a fixture: pages that begin without the app's)

NAMES = [
    "Maximilian Schröder",
    "W" * 40,  # no blank to break at
    "محمدعبداللهالحسينيالمنصوريالبغداديالكوفي",
    "ﷺ" * 2,  # one letter that NFKC makes many of
    "a" + "\N{COMBINING RING ABOVE}" * 30,
    "\N{GRINNING FACE}" * 40,
]
SIZES = [(HALL, 1080), (DESK, 800), (1024, 768)]
# How far the page can be scrolled to a side, and what sticks out there however it is clipped.
OUT = """() => [
  document.documentElement.scrollWidth - innerWidth,
  ...[...document.querySelectorAll("body *")]
    .map((e) => [e.getBoundingClientRect(), e])
    .filter(([box]) => box.width && (box.right > innerWidth + 1 || box.left < -1))
    .map(([, e]) => `${e.tagName}.${e.className}`)]"""
COLOUR = "(e) => getComputedStyle(e).backgroundColor"


def press(patterns, code: str, key: str, what: str = "advance") -> None:  # noqa: F811
    seen = patterns.seen_by_teacher(code, key)
    getattr(patterns, what)(code, key, seen["phase"], seen["round"])


def projector(page, size: tuple[int, int], app_url: str, code: str, key: str):
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    page.goto(f"{app_url}/class/{code}/teacher#{key}")
    expect(page.locator(".next")).to_be_enabled()
    expect(page.locator(".qr svg")).to_be_attached()
    return page


def student(page, app_url: str, code: str, token: str):
    page.goto(f"{app_url}/class/assets/class.css")  # of the same origin
    page.evaluate("([room, token]) => localStorage.setItem(room, token)", [f"class-{code}", token])
    page.goto(f"{app_url}/class/{code}")
    return page


@pytest.fixture
def named(patterns, monkeypatch, request):  # noqa: F811
    """A room in which people have all kinds of names: rooms, code, key, tokens. param: its deck."""
    monkeypatch.setattr("demos.quiz.names.LONGEST_NAME", 40)
    words = [len(lineup.gives_away(maker.title)) for maker in lineup.makers()]
    most = (words.index(max(words)),) * 3  # the reveal with the most to read below the faces

    def wordy(secret: str, number: int, deck: str):
        dealt = deal(secret, number, deck)
        return replace(dealt, by=most) if deck == "makers" else dealt

    monkeypatch.setattr(patterns, "deal", wordy)
    code, key = patterns.open(getattr(request, "param", "standard"))
    names = NAMES + [f"Student {k}" for k in range(14)]
    return patterns, code, key, [patterns.join(code, name) for name in names]


EITHER = pytest.mark.parametrize("named", ["standard", "makers"], indirect=True)


@EITHER
def test_no_name_pushes_a_page_out_of_its_frame(odd, app_url, named):  # noqa: F811
    rooms, code, key, tokens = named
    desk = projector(odd(), SIZES[0], app_url, code, key)
    phones = [student(odd("", width), app_url, code, tokens[1]) for width in (390, 320)]

    def fits() -> None:
        for width, height in SIZES:
            desk.set_viewport_size(dict(width=width, height=height))
            assert desk.evaluate(OUT) == [0], (width, rooms.seen_by_students(code)["phase"])
            high = desk.evaluate("document.documentElement.scrollHeight - innerHeight")
            assert high <= 0, "the class sees all of it without scrolling"
        for page in phones:
            assert page.evaluate(OUT) == [0]

    expect(desk.locator(".ranking li")).to_have_count(len(tokens))
    fits()
    press(rooms, code, key)
    picks = rooms.seen_by_students(code).get("makers", [0])  # each maker once, or one real face
    for token in tokens[2:6]:
        rooms.vote(code, token, 1, picks, 75)
    expect(desk.locator(".voted")).to_contain_text("4 of 20")
    for page in phones:
        expect(page.locator(".face")).to_have_count(3)
    fits()
    press(rooms, code, key)
    expect(desk.locator(".face.real, .face.made")).to_have_count(3)
    for page in phones:
        expect(page.locator(".question")).to_have_text("You did not vote.")
    fits()
    desk.get_by_text("Manage the room").click()
    expect(desk.locator(".ranking li")).to_have_count(len(tokens))
    assert desk.evaluate(OUT) == [0]
    desk.get_by_text("Manage the room").click()
    press(rooms, code, key, "finish")
    expect(desk.locator(".end table").first).to_be_visible()
    for page in phones:
        expect(page.locator(".question")).to_contain_text("Rank")
    fits()


@EITHER
def test_a_projector_is_read_from_the_back_row(odd, app_url, named):  # noqa: F811
    """Faces fill the height; code and address are shares of it that a hall can read."""
    rooms, code, key, _ = named
    page = projector(odd(), SIZES[0], app_url, code, key)

    def letters(where: str) -> float:
        size = page.locator(where).evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)")
        return size / page.viewport_size["height"]

    for width, height in SIZES:
        page.set_viewport_size(dict(width=width, height=height))
        assert letters(".entry .code") >= 0.18 and letters(".link") >= 0.035
        assert page.locator(".qr").bounding_box()["width"] >= 0.45 * height
    press(rooms, code, key)
    expect(page.locator(".face")).to_have_count(3)
    for width, height in SIZES:
        page.set_viewport_size(dict(width=width, height=height))
        boxes = [page.locator(".face").nth(k).bounding_box() for k in range(3)]
        assert all(abs(box["width"] - box["height"]) < 1 for box in boxes)
        across = sum(box["width"] for box in boxes) / width
        # The votes for each maker and what gives it away stand below a face, in the same height.
        tall = 0.38 if "makers" in rooms.seen_by_students(code) else 0.54
        assert across >= 0.92 or boxes[0]["height"] >= tall * height, "all the width, or the height"
        assert letters(".entry .code") >= 0.08 and letters(".link") >= 0.02
        entry = page.locator(".entry").bounding_box()
        assert entry["y"] + entry["height"] <= height


def test_what_only_the_teacher_does_is_not_shown_until_asked_for(odd, app_url, named):  # noqa: F811
    rooms, code, key, tokens = named
    page = projector(odd(), (DESK, 800), app_url, code, key)
    words = ("hide", "rename", "remove", "Close the door", "Remove them", "Copy link")
    for phase in ("lobby", "open", "revealed"):
        if phase != "lobby":
            press(rooms, code, key)
            next_press = "Reveal" if phase == "open" else "Next round"
            expect(page.locator(".next")).to_have_text(next_press)
        for word in words:
            assert page.get_by_role("button", name=word).count() == 0, (phase, word)
    expect(page.locator(".ranking li")).to_have_count(10)
    page.get_by_text("Manage the room").click()
    # Not only those who lead: everybody can be mended.
    expect(page.get_by_role("button", name="rename")).to_have_count(len(tokens))
    page.get_by_role("button", name="hide W").click()
    expect(page.locator(".ranking")).to_contain_text("(hidden)")
    shown = {p["name"]: p["hidden"] for p in rooms.seen_by_teacher(code, key)["ranking"]}
    assert [name for name, hidden in shown.items() if hidden] == ["W" * 40]
    page.get_by_text("Manage the room").click()
    expect(page.get_by_role("button", name="rename")).to_have_count(0)
    assert "WWWW" not in page.locator("main").evaluate("(e) => e.outerHTML"), "hidden is hidden"


def test_a_teacher_finds_the_way_back(open_page, app_url, patterns):  # noqa: F811
    desk = open_page(DESK, query="tab=quiz&view=room")
    expect(desk.locator(".rooms-open")).to_be_hidden()
    with desk.context.expect_page() as opened:
        desk.locator("#open-room").click()
    expect_done(desk, "open")
    expect(opened.value.locator(".next")).to_be_enabled()
    code = opened.value.locator(".entry .code").inner_text()
    opened.value.close()
    desk.reload()  # and the main page is another one than the room was opened from
    with desk.context.expect_page() as again:
        desk.get_by_role("link", name=f"Room {code}").click()
    back = again.value
    expect(back.locator(".next")).to_be_enabled()
    back.locator(".next").click()
    expect(back.locator(".next")).to_have_text("Reveal")  # it is the teacher's
    # A room that has ended leads nowhere.
    with patterns.base.write() as session:
        session.delete(patterns._room(session, code))
    back.reload()
    expect(back.locator(".problem")).to_contain_text("no room with this code")
    expect(desk.locator(".rooms-open")).to_be_hidden()
    open_page.errors[:] = [line for line in open_page.errors if "404" not in line]


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_from_pick_to_reveal(odd, app_url, patterns, dark):  # noqa: F811
    code, key = patterns.open()
    token = patterns.join(code, "Ada")
    press(patterns, code, key)
    while len(set(real := patterns.dealt(code, patterns.seen_by_students(code)["round"]).real)) < 2:
        for _ in range(2):  # to a round with a face of each kind
            press(patterns, code, key)
    scheme = "dark" if dark else "light"
    page = student(odd("", PHONE, color_scheme=scheme), app_url, code, token)
    faces, vote, says = page.locator(".face"), page.locator(".vote"), page.locator(".question")
    expect(faces).to_have_count(3)
    assert page.locator(".face img").first.bounding_box()["width"] >= 170
    bottom = vote.bounding_box()
    assert bottom["y"] + bottom["height"] <= 660, "above a phone's own bars, without scrolling"
    expect(page.get_by_text("How sure of each?")).to_be_visible()  # the words of Play
    right, wrong = real.index(True), real.index(False)
    faces.nth(wrong).click()
    expect(vote).to_have_text("Vote: 1 real")
    vote.click()
    expect(says).to_have_text("Counted. You can change it until the reveal.")
    faces.nth(right).click()
    expect(says).to_contain_text("Not sent yet")
    page.reload()  # what was not sent is not kept, what was is
    expect(vote).to_have_text("Counted: 1 real")
    faces.nth(right).click()
    page.locator(".sure").fill("90")
    expect(vote).to_have_text("Change to: 2 real")
    vote.click()
    expect(vote).to_have_text("Counted: 2 real")
    assert patterns.seen_by_students(code, token)["you"]["sure"] == 90
    picked = faces.nth(right).locator(".tag").evaluate(COLOUR)
    faces.nth(right).click()  # changed, and not sent before the reveal
    press(patterns, code, key)
    expect(page.locator(".face.real, .face.made")).to_have_count(3)
    assert not page.get_by_text("Tap every real face").count()
    score = sum((k in (right, wrong)) == real[k] for k in range(3))
    expect(says).to_have_text(f"{score} of 3 right.")
    expect(faces.nth(right).locator(".tag")).to_have_text("real✓ you said real")
    expect(faces.nth(wrong).locator(".tag")).to_have_text("patterns✗ you said real")
    colours = {k: faces.nth(k).locator(".tag").evaluate(COLOUR) for k in range(3)}
    assert all((colours[k] == picked) == real[k] for k in range(3)), "one meaning for each colour"
    assert vote.evaluate(COLOUR) not in {colours[k] for k in range(3) if not real[k]}


def test_an_empty_vote_is_asked_about(odd, app_url, patterns):  # noqa: F811
    code, key = patterns.open()
    token = patterns.join(code, "Ada")
    press(patterns, code, key)
    page = student(odd("", PHONE), app_url, code, token)
    asks = page.get_by_role("dialog", name="None of them is real?")
    for leave in (
        lambda: page.get_by_role("button", name="Go back").click(),
        lambda: page.keyboard.press("Escape"),
    ):
        page.locator(".vote").click()
        expect(asks).to_be_visible()
        leave()
        expect(asks).to_be_hidden()
        expect(page.locator(".vote")).to_have_text("Vote: none is real")
    page.locator(".vote").click()
    page.get_by_role("button", name="Yes, all three are made").click()
    expect(page.locator(".vote")).to_have_text("Counted: none is real")
    assert patterns.seen_by_students(code, token)["you"]["picks"] == "000"
    # The reveal takes a question away that nobody has answered.
    page.locator(".sure").fill("100")
    page.locator(".vote").click()
    expect(asks).to_be_visible()
    press(patterns, code, key)
    expect(asks).to_be_hidden()
    assert patterns.seen_by_students(code, token)["you"]["sure"] == 75
