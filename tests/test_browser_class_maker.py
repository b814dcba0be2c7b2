"""Name the maker with a class in real browsers: a teacher chooses it, phones name makers, the projector reveals."""

import re

import pytest
from playwright.sync_api import expect

from tests.gestures import DESK, HALL, PHONE
from tests.test_browser_class import patterns, phone  # noqa: F401 (patterns: a fixture)
from tests.test_browser_class_pages import COLOUR, OUT, press, student
from tests.test_browser_odd import odd  # noqa: F401 (a fixture: pages that begin without the app's)

NAMES = ["VAE", "DCGAN", "StyleGAN2"]


def name(page, said: list[str]) -> None:
    for k, maker in enumerate(said, 1):
        page.get_by_role("group", name=f"Face {k}: its maker").get_by_text(maker).click()


@pytest.mark.slow
def test_a_class_names_makers_from_the_choice_of_the_game_to_the_table(
    open_page,
    app_url,
    patterns,  # noqa: F811
):
    desk = open_page(DESK, query="tab=quiz&view=room")
    expect(desk.get_by_label("Name the maker")).to_be_checked()  # where there is no pack
    expect(desk.locator(".room-scene .of-maker").first).to_be_visible()
    desk.get_by_label("Which face is real?").check()
    expect(desk.locator(".room-scene .of-maker").first).to_be_hidden()
    expect(desk.locator(".room-scene .of-play").first).to_be_visible()
    desk.get_by_label("Name the maker").check()
    with desk.context.expect_page() as opened:
        desk.locator("#open-room").click()
    projector = opened.value
    projector.wait_for_url(re.compile(r"/class/[A-Z]{4}/teacher#"))
    projector.set_viewport_size(dict(width=HALL, height=1080))
    expect(projector.locator("h1")).to_have_text("Who made which face?")
    room = "/class/" + projector.locator(".entry .code").inner_text()
    phones = [phone(open_page, app_url, room, who) for who in ("Ada", "<b>Zoë</b>")]
    expect(phones[0].locator("h1")).to_have_text("Who made which face?")
    expect(projector.locator(".ranking li")).to_have_count(2)
    said = [["VAE", "VAE", "DCGAN"], ["VAE", "StyleGAN2", "StyleGAN2"]]
    right, rows = [0, 0], projector.locator(".row")
    for number in (1, 2):
        projector.locator(".next").click()
        for page, mine in zip(phones, said, strict=True):
            expect(page.locator("h1")).to_have_text(f"Round {number}")
            name(page, mine)
            page.get_by_role("button", name="Vote: " + ", ".join(mine)).click()
            expect(page.locator(".question")).to_contain_text("Counted")
        expect(projector.locator(".voted")).to_have_text("2 of 2 have voted")
        expect(projector.locator(".row b")).to_have_text(
            [""] * 9
        )  # no vote is shown before the reveal
        expect(projector.locator(".row.right")).to_have_count(0)
        made = [NAMES[m] for m in patterns.dealt(room[-4:], number).by]
        projector.locator(".next").click()
        expect(projector.locator(".tag")).to_have_text(made)
        counts = [str(sum(mine[k] == one for mine in said)) for k in range(3) for one in NAMES]
        expect(projector.locator(".row b")).to_have_text(counts)
        widths = rows.locator("i").evaluate_all("(all) => all.map((i) => i.style.width)")
        assert widths == [f"{50 * int(count)}%" for count in counts]
        marked = [f"✓ {one}" if one == made[k] else one for k in range(3) for one in NAMES]
        expect(rows.locator("span")).to_have_text(marked)  # marked with more than a colour
        expect(projector.locator(".hint")).to_have_count(3)
        for k, (page, mine) in enumerate(zip(phones, said, strict=True)):
            score = sum(a == b for a, b in zip(mine, made, strict=True))
            right[k] += score
            expect(page.locator(".question")).to_have_text(f"{score} of 3 right.")
    projector.once("dialog", lambda dialog: dialog.accept())
    projector.locator(".finish").click()
    expect(projector.locator(".matrix td.same")).to_have_count(3)
    expect(projector.get_by_text(f"{sum(right)} of 12 faces given to their maker")).to_be_visible()
    expect(projector.get_by_role("cell", name="VAE and StyleGAN2")).to_be_visible()
    for k, page in enumerate(phones):
        told = f"{right[k]} of 6 faces right. Rank {1 + (right[k] < max(right))} of 2."
        expect(page.locator(".question")).to_have_text(told)
    with projector.expect_download() as saved:
        projector.get_by_role("button", name="Results as CSV").click()
    assert saved.value.suggested_filename == f"name-the-maker-{room[-4:]}.csv"
    assert len(saved.value.path().read_text().splitlines()) == 1 + 2 * 2 * 3


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_from_the_first_name_to_the_reveal(odd, app_url, patterns, dark):  # noqa: F811
    code, key = patterns.open("makers")
    token = patterns.join(code, "Ada")
    press(patterns, code, key)
    scheme = "dark" if dark else "light"
    page = student(odd("", PHONE, color_scheme=scheme), app_url, code, token)
    vote, says = page.locator(".vote"), page.locator(".question")
    expect(page.locator(".face img")).to_have_count(3)
    expect(page.locator(".sure")).to_be_hidden()  # how sure is not asked, as in the game for one
    choices = page.locator(".choices button")
    expect(choices).to_have_text(NAMES * 3)
    boxes = [box.bounding_box() for box in choices.all()]
    assert all(box["height"] >= 44 and box["width"] >= 120 for box in boxes), "for a thumb"
    sides = [image.bounding_box() for image in page.locator(".face img").all()]
    assert {(round(side["width"]), round(side["height"])) for side in sides} == {(146, 146)}
    bottom = vote.bounding_box()
    assert bottom["y"] + bottom["height"] <= 664, "above a phone's own bars, without scrolling"
    name(page, ["VAE", "VAE"])
    expect(vote).to_have_text("2 of 3 named")
    expect(vote).to_be_disabled()
    name(page, ["DCGAN", "VAE", "VAE"])
    vote.click()
    expect(says).to_have_text("Counted. You can change it until the reveal.")
    said = ["DCGAN", "StyleGAN2", "VAE"]
    name(page, said)
    expect(says).to_contain_text("Not sent yet")
    page.reload()  # what was not sent is not kept, what was is
    expect(vote).to_have_text("Counted: DCGAN, VAE, VAE")
    name(page, said)
    vote.click()
    expect(vote).to_have_text("Counted: DCGAN, StyleGAN2, VAE")
    assert patterns.seen_by_students(code, token)["you"]["picks"] == "231"
    chosen = page.locator("[aria-pressed=true]").first.evaluate(COLOUR)
    name(page, ["VAE"])  # changed, and not sent before the reveal
    assert not any(word in page.content() for word in ("made it", "you said"))
    press(patterns, code, key)
    made = [NAMES[m] for m in patterns.dealt(code, 1).by]
    expect(says).to_have_text(f"{sum(a == b for a, b in zip(said, made, strict=True))} of 3 right.")
    for k in range(3):
        cell = page.locator(".suspect").nth(k)
        mine = "✓ you said" if said[k] == made[k] else "made it"
        expect(cell.locator(".right")).to_have_text(f"{made[k]}{mine}")
        expect(cell.locator(".wrong")).to_have_text([f"{said[k]}✗ you said"] * (said[k] != made[k]))
        assert cell.locator(".right").evaluate(COLOUR) == chosen, "one meaning for each colour"
        expect(cell.locator(".hint")).not_to_be_empty()
    expect(choices.first).to_be_disabled()
    for width, height in ((320, 568), (844, 390)):
        page.set_viewport_size(dict(width=width, height=height))
        assert page.evaluate(OUT) == [0]


def test_who_did_not_vote_has_said_nothing(odd, app_url, patterns):  # noqa: F811
    code, key = patterns.open("makers")
    token = patterns.join(code, "Ada")
    press(patterns, code, key)
    page = student(odd("", PHONE), app_url, code, token)
    name(page, NAMES)  # and not sent
    press(patterns, code, key)
    expect(page.locator(".question")).to_have_text("You did not vote.")
    expect(page.locator(".right span")).to_have_text(["made it"] * 3)
    expect(page.locator(".wrong, .choices [aria-pressed=true]")).to_have_count(0)
