"""A class in real browsers: one projector and three phones play on the real app's server."""

import re
import threading

import httpx
import pytest
import uvicorn
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.routing import Mount

from demos import quiz
from demos.quiz.rooms import Rooms
from demos.quiz.routes import Class
from tests.class_server import deal
from tests.gestures import DESK, expect_done


@pytest.fixture
def patterns(tmp_path, monkeypatch):
    """The app's rooms, with drawn patterns for faces and a database of the test's own."""
    monkeypatch.setattr("demos.quiz.rooms.PAUSE", 0.0)
    rooms = Rooms(deal, f"sqlite:///{tmp_path}/class.sqlite3")
    (owner,) = {
        route.endpoint.__self__ for route in quiz.ROUTES if hasattr(route.endpoint, "__self__")
    }
    monkeypatch.setattr(owner, "rooms", lambda: rooms)
    return rooms


def phone(open_page, app_url, room: str, name: str):
    page = open_page(390, 844, query="tab=autoregressive")
    page.goto(f"{app_url}{room}")
    page.get_by_label("A nickname").fill(name)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text("You are in.")).to_be_visible()
    return page


def answer(page, faces: list[int]) -> None:
    expect(page.locator(".face img")).to_have_count(3)
    expect(page.locator(".vote")).to_be_visible()
    for k in faces:
        page.locator(".face").nth(k).click()
    page.locator(".vote").click()
    if not faces:
        page.get_by_role("button", name="Yes, all three are made").click()
    expect(page.locator(".question")).to_contain_text("Counted")


@pytest.mark.slow
def test_three_phones_play_three_rounds_and_one_leaves_and_returns(open_page, app_url, patterns):
    desk = open_page(DESK, query="tab=quiz&view=room&game=play")
    with desk.context.expect_page() as opened:
        desk.locator("#open-room").click()
    expect_done(desk, "open")
    projector = opened.value
    projector.wait_for_url(re.compile(r"/class/[A-Z]{4}/teacher#"))
    expect(projector.locator(".qr svg")).to_be_visible()
    expect(
        projector.get_by_text("Phones cannot reach this address").locator("visible=true")
    ).to_have_count(1)
    room = "/class/" + projector.locator(".entry .code").inner_text()
    names = ["Ada", "<b>Zoë</b>", "عمر"]
    phones = [phone(open_page, app_url, room, name) for name in names]
    expect(projector.locator(".ranking li")).to_have_count(3)
    expect(projector.locator(".ranking")).to_contain_text("<b>Zoë</b>")  # text, no markup
    chosen = [[0], [0, 2], []]
    for number in (1, 2, 3):
        projector.locator(".next").click()
        for k, page in enumerate(phones):
            expect(page.locator("h1")).to_have_text(f"Round {number}")
            assert "photos" not in page.content() and "patterns" not in page.content()
            answer(page, chosen[k])
        expect(projector.locator(".voted")).to_contain_text("3 of 3 have voted")
        said = [projector.locator(".bar span").nth(k).inner_text() for k in range(3)]
        assert said == ["2 say real", "0 say real", "1 say real"], "the bars are the votes"
        if number == 2:  # a phone is closed, and comes back with the same name and vote
            phones[0].goto("about:blank")
            phones[0].goto(f"{app_url}{room}")
            expect(phones[0].locator(".question")).to_contain_text("Counted")
        projector.locator(".next").click()
        expect(phones[0].locator(".question")).to_contain_text("of 3 right")
        expect(projector.locator(".face.real, .face.made")).to_have_count(3)
    points = [int(text) for text in projector.locator(".ranking .points").all_inner_texts()]
    truth = ["".join("01"[r] for r in patterns.dealt(room[-4:], n).real) for n in (1, 2, 3)]
    wanted = [
        sum((str(k) in map(str, mine)) == (real[k] == "1") for real in truth for k in range(3))
        for mine in chosen
    ]
    assert points == sorted(wanted, reverse=True)
    projector.once("dialog", lambda dialog: dialog.dismiss())
    projector.locator(".finish").click()  # it asks first
    assert patterns.seen_by_students(room[-4:])["phase"] == "revealed"
    projector.once("dialog", lambda dialog: dialog.accept())
    projector.locator(".finish").click()
    expect(projector.get_by_text("What the class can tell apart")).to_be_visible()
    expect(projector.locator(".end th").nth(2)).to_have_text("called made")
    rank = 1 + sum(points > wanted[0] for points in wanted)
    told = f"{wanted[0]} of 9 faces right. Rank {rank} of 3."
    expect(phones[0].locator(".question")).to_have_text(told)
    with projector.expect_download() as saved:
        projector.get_by_role("button", name="Results as CSV").click()
    assert len(saved.value.path().read_text().splitlines()) == 1 + 3 * 3 * 3


def test_a_double_click_is_one_press_and_the_end_stands_apart(open_page, app_url, patterns):
    code, key = patterns.open()
    patterns.join(code, "Ada")
    page = open_page(DESK, query="tab=autoregressive")
    page.goto(f"{app_url}/class/{code}/teacher#{key}")
    expect(page.locator(".next")).to_be_enabled()  # it has heard how things stand
    # Both halves come before the page has heard of anything.
    page.evaluate("(() => { const b = document.querySelector('.next'); b.click(); b.click(); })()")
    expect(page.locator(".next")).to_have_text("Reveal")
    page.evaluate("(() => { const b = document.querySelector('.next'); b.click(); b.click(); })()")
    expect(page.locator(".next")).to_have_text("Next round")
    expect(page.locator(".face.real, .face.made")).to_have_count(3)
    begin, end = (page.locator(name).bounding_box() for name in (".next", ".finish"))
    assert abs(begin["y"] - end["y"]) > 100, "nobody ends the game who means the next round"


def test_the_door_and_who_came_just_now(open_page, app_url, patterns):
    code, key = patterns.open()
    patterns.join(code, "Ada")
    page = open_page(DESK, query="tab=autoregressive")
    page.goto(f"{app_url}/class/{code}/teacher#{key}")
    page.get_by_text("Manage the room").click()
    page.get_by_role("button", name="Close the door").click()
    expect(page.get_by_role("button", name="Open the door")).to_be_visible()
    student = open_page(390, 844, query="tab=autoregressive")
    student.goto(f"{app_url}/class/{code}")
    student.get_by_label("A nickname").fill("Late")
    student.get_by_role("button", name="Join").click()
    expect(student.locator(".problem")).to_contain_text("The door of this room is closed")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove them").click()
    expect(page.locator(".ranking li")).to_have_count(0)
    open_page.errors[:] = [line for line in open_page.errors if "409" not in line]


def test_a_code_that_is_wrong_is_said_and_asked_for_again(open_page, app_url, patterns):
    page = open_page(390, 844, query="tab=autoregressive")
    page.goto(f"{app_url}/class")
    page.get_by_label("Code").fill("bbbb")
    page.get_by_label("A nickname").fill("Ada")
    page.get_by_role("button", name="Join").click()
    expect(page.locator(".problem")).to_contain_text("no room with this code")
    code, _ = patterns.open()
    page.get_by_label("Code").fill(code.lower())
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text("You are in.")).to_be_visible()
    open_page.errors[:] = [line for line in open_page.errors if "404" not in line]


@pytest.fixture
def below_a_path(patterns):
    """The class behind a proxy that serves it below /demo and tells it nothing of that."""
    app = Starlette(routes=[Mount("/demo", Starlette(routes=Class(lambda: patterns).routes()))])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/demo"
    server.should_exit = server.force_exit = True  # pages that still listen are not waited for
    thread.join()


def test_a_class_plays_below_a_path(open_page, patterns, below_a_path):
    opened = httpx.post(f"{below_a_path}/class").json()
    projector, student = open_page(DESK), open_page(390, 844)
    projector.goto(f"{below_a_path}/{opened['teacher']}")
    expect(projector.locator(".qr svg")).to_be_visible()
    expect(projector.locator(".link")).to_have_text(f"{below_a_path}/class")
    link = projector.locator(".link").get_attribute("href")
    assert link == f"{below_a_path}/class/{opened['code']}"
    student.goto(f"{below_a_path}/class")
    student.get_by_label("Code").fill(opened["code"])
    student.get_by_label("A nickname").fill("Ada")
    student.get_by_role("button", name="Join").click()
    expect(student.get_by_text("You are in.")).to_be_visible()
    assert student.url == f"{below_a_path}/class/{opened['code']}"
    projector.locator(".next").click()
    answer(student, [1])
    expect(projector.locator(".voted")).to_contain_text("1 of 1 have voted")
    projector.locator(".next").click()
    expect(student.locator(".question")).to_contain_text("of 3 right")
    for page in (projector, student):
        widths = page.locator(".face img").evaluate_all("(all) => all.map((i) => i.naturalWidth)")
        assert widths == [32] * 3
        page.goto("about:blank")
    # Outside of the path nobody serves anything, not even the small picture that browsers ask for.
    open_page.errors[:] = [line for line in open_page.errors if "favicon" not in line]


def test_the_button_opens_a_room_below_a_path(open_page, app_url, patterns):
    """The page asks beside its own address, and not at the server's root."""
    page = open_page(DESK, query="tab=quiz&view=room")
    page.evaluate("history.replaceState(null, '', '/demo/?tab=quiz&view=room')")
    page.context.route(
        "**/demo/class**", lambda route: route.fulfill(json=dict(error="below"), status=503)
    )
    with page.expect_popup() as opened:
        page.locator("#open-room").click()
    expect(page.locator(".told-room")).to_have_text("below")
    if not opened.value.is_closed():
        opened.value.wait_for_event("close")  # nothing is left of what was not opened
    open_page.errors[:] = [line for line in open_page.errors if "503" not in line]


@pytest.mark.parametrize("deck", ["standard", "makers"])
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_serious_on_phone_and_projector(
    open_page, app_url, axe_source, patterns, dark, deck
):
    code, key = patterns.open(deck)
    token = patterns.join(code, "Ada")
    patterns.advance(code, key, "lobby", 0)
    for width, path in ((390, f"/class/{code}"), (1280, f"/class/{code}/teacher#{key}")):
        page = open_page(width, dark=dark, query="tab=autoregressive")
        page.goto(f"{app_url}/class")
        page.evaluate(
            "([room, token]) => localStorage.setItem(room, token)", [f"class-{code}", token]
        )
        page.goto(f"{app_url}{path}")
        expect(page.locator(".face img")).to_have_count(3)
        if width == 390 and deck == "standard":
            page.locator(".vote").click()  # it asks whether none is real
        elif width == 390:
            page.get_by_role("button", name="VAE").first.click()
        else:
            page.get_by_text("Manage the room").click()
        page.evaluate(axe_source)
        found = page.evaluate(
            "axe.run().then((r) => r.violations.filter((v) => ['serious', 'critical'].includes(v.impact)))"
        )
        assert not [(v["id"], [n["html"][:100] for n in v["nodes"]]) for v in found]
