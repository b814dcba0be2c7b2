"""Links with knobs in them: what they bring back, and hostile ones."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from demos.autoregressive import play, see

PICTURE = "document.querySelector('#pixel-player .picture')"
INK = f"""(bits) => {PICTURE} && [...{PICTURE}.getContext("2d").getImageData(0, 0, 28, 28).data]
  .filter((_, k) => k % 4 === 0).every((red, i) => red === (bits[i] === "1" ? 26 : 255))"""


def wait_for_picture(page: Page, *given) -> None:
    bits = play.draw(*given)[0]["bits"]
    page.wait_for_function(INK, arg=bits, timeout=20_000)


def knob(page: Page, name: str):
    return page.locator(
        f"#autoregressive-{name} :is(input[type=number], textarea, input[type=text])"
    )


def test_a_copied_link_brings_everything_back(open_page):
    """Knobs, and the very picture."""
    page = open_page(reduced_motion=True)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for name, value in dict(seed="12", temperature="0.8").items():
        knob(page, name).fill(value)
    wait_for_picture(page, 12, 0.8, "")
    page.locator("#pixel-player .picture").press("Enter")  # flips the pixel in the middle
    expect(knob(page, "flips")).to_have_value("406")
    wait_for_picture(page, 12, 0.8, "406")
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status").filter(has_text="Link copied")).to_have_count(1)
    link = urlsplit(page.evaluate("navigator.clipboard.readText()"))
    query = {name: value for name, (value,) in parse_qs(link.query).items()}
    wanted = dict(seed="12", temperature="0.8", flips="406")
    assert query == wanted | dict(tab="autoregressive", view="play", model="PixelCNN")

    again = open_page(reduced_motion=True, query=link.query)
    wait_for_picture(again, 12, 0.8, "406")
    for name, value in wanted.items():
        expect(knob(again, name)).to_have_value(value)
    assert again.evaluate(f"{PICTURE}.toDataURL()") == page.evaluate(f"{PICTURE}.toDataURL()")


def test_an_old_link_restores_the_field(open_page):
    """Copied when the tab was one long page, with the knobs of all its parts in one address."""
    page = open_page(reduced_motion=True, query="tab=autoregressive&row=20&col=9&depth=5")
    for name, value in dict(row="20", col="9", depth="5").items():
        expect(knob(page, name)).to_have_value(value)
    field = see.look(20, 9, 5)
    expect(page.locator("#field .tip")).to_contain_text(f"{field['seen']} of the {field['past']}")


def test_a_link_restores_the_endings(open_page):
    page = open_page(query="tab=autoregressive&view=complete&endings=77&warmth=0.5")
    for name, value in dict(endings="77", warmth="0.5").items():
        expect(knob(page, name)).to_have_value(value)
    expect(
        page.get_by_role("group", name="Four endings by PixelCNN, seeds 77 to 80")
    ).to_be_visible()


def test_a_link_restores_the_race(open_page):
    page = open_page(query="tab=autoregressive&view=race&race=31")
    expect(knob(page, "race")).to_have_value("31")


@pytest.mark.parametrize(
    ("query", "seed", "temperature"),
    [
        ("tab=autoregressive&seed=-5", 0, 1),
        ("tab=autoregressive&seed=1e99", 9999, 1),
        ("tab=autoregressive&seed=3.4&temperature=0.449", 3, 0.45),
        ("tab=autoregressive&seed=NaN&temperature=Infinity", 7, 1),
        ("tab=autoregressive&seed=%00&temperature=abc", 7, 1),
        ("tab=autoregressive&seed=%E0%A4%A&temperature=%ff", 7, 1),
        ("tab=autoregressive&seed=5&seed=6&__proto__=1&constructor=1", 5, 1),
        ("tab=autoregressive&flips=" + quote("<img src=x onerror=window.pwned=1>"), 7, 1),
        ("tab=autoregressive&flips=" + "1," * 5000, 7, 1),
        ("tab=autoregressive&seed=" + "9" * 10_000, 7, 1),
        ("tab=" + quote("<script>window.pwned=1</script>") + "&seed=5", 7, 1),
        ("tab=nope&seed=5", 7, 1),
        ("tab=", 7, 1),
    ],
    ids=lambda value: value[:48] if isinstance(value, str) else "",
)
def test_a_hostile_link_leaves_the_page_whole(open_page, query, seed, temperature):
    page = open_page(reduced_motion=True, query=query)
    if not query.startswith(
        "tab=autoregressive"
    ):  # a tab that is none: the page opens with its first
        page.locator(".tabs [data-tab=autoregressive]").click()
    wait_for_picture(page, seed, temperature, "")
    expect(knob(page, "seed")).to_have_value(str(seed))
    expect(knob(page, "temperature")).to_have_value(str(temperature))
    expect(knob(page, "flips")).to_have_value("")
    assert page.evaluate("window.pwned") is None
    knob(page, "seed").fill("2")
    wait_for_picture(page, 2, temperature, "")


@pytest.mark.parametrize("flips", ["400, 300", "784", ", ".join(map(str, range(17)))])
def test_a_link_with_impossible_flips_says_what_is_possible(open_page, flips):
    page = open_page(reduced_motion=True, query=f"tab=autoregressive&flips={quote(flips)}")
    expect(page.get_by_text("up to 16 rising numbers")).to_be_visible()
    page.get_by_role("button", name="Undo flips").click()
    wait_for_picture(page, 7, 1, "")
