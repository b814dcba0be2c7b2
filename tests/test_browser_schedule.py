"""The view Schedule: what the page computes while one bends, against numpy and the handler; gestures; links."""

import base64

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from demos.diffusion import schedule
from demos.diffusion.noising import first_drawing
from models.ddpm import times
from models.images import noise
from tests.gestures import DESK, PHONE, expect_done, questions

PLOTS, T = "#schedule .two-plots", schedule.T
INK, CARD = np.array([26, 27, 32]), np.array([255, 255, 255])  # in the light


def open_view(open_page, width: int = DESK, query: str = "", **options) -> Page:
    page = open_page(width, query=f"tab=diffusion&view=schedule{query}", **options)
    page.locator(f"{PLOTS}[data-drawn]").wait_for(state="attached")
    return page


def knob(page: Page, name: str):
    return page.locator(f"#diffusion-{name} input[type=number]")


def said(page: Page, name: str) -> list[str]:
    return page.locator(PLOTS).get_attribute(f"data-{name}").split(",")


def wait_for(page: Page, name: str, value: str) -> None:
    expect(page.locator(PLOTS)).to_have_attribute(f"data-{name}", value)


def row(page: Page, name: str) -> np.ndarray:
    """The pixels of a row of eight. -> (28, 224, 3)."""
    pixels = page.locator(f"#schedule .{name}").evaluate(
        "(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 224, 28).data]"
    )
    return np.array(pixels).reshape(28, 224, 4)[..., :3]


def painted(levels: np.ndarray) -> np.ndarray:
    """Eight pictures in [0, 1] as the page paints them."""
    flat = np.concatenate(levels.clip(0, 1), 1)[..., None]
    return CARD + (INK - CARD) * flat


@pytest.mark.parametrize(
    ("kind", "handles"),
    [
        ("linear", (1.8, 0, -1.8)),
        ("cosine", (1.8, 0, -1.8)),
        ("by hand", (4, 2, -6)),
        ("by hand", (-8, -8.5, -9)),
        ("by hand", (9, 8.5, 8)),
    ],
    ids=str,
)
def test_the_page_drowns_the_drawing_as_numpy_does(open_page, kind, handles):
    query = f"&schedule={kind}" + "".join(f"&snr{k}={v}" for k, v in enumerate(handles, 1))
    page = open_view(open_page, query=query + "&strides=2")
    wait_for(page, "kind", kind)
    if kind == "by hand":
        wait_for(page, "handles", ",".join(f"{v:g}" for v in handles))
    at = times(T, 8)[::-1]
    snr = schedule.curve(kind, *handles).numpy()[at]
    kept = 1 / (1 + np.exp(-snr))
    np.testing.assert_allclose([float(v) for v in said(page, "kept")], kept, rtol=1e-6, atol=1e-12)
    x_0 = 2.0 * np.array([*map(int, first_drawing())]).reshape(28, 28) - 1
    epsilon = noise((784,), [schedule.GRAIN])[0].numpy().reshape(28, 28)
    x_t = [a**0.5 * x_0 + (1 - a) ** 0.5 * epsilon for a in kept]
    assert np.abs(row(page, "drowning") - painted((np.array(x_t) + 1) / 2)).max() <= 1
    # And the lines of both plots, with the dots on them.
    snr = schedule.curve(kind, *handles).numpy()
    for name, height in (
        ("snr", 70 - 5 * snr.clip(-12, 12)),
        ("kept", 130 - 120 / (1 + np.exp(-snr))),
    ):
        points = page.locator(f"#schedule .{name} .line.g0").get_attribute("points").split()
        xy = np.array([point.split(",") for point in points], dtype=float)
        assert (
            np.abs(np.interp(xy[:, 0], 6 + 308 * np.arange(T) / (T - 1), height) - xy[:, 1]).max()
            < 0.6
        )


def test_the_server_s_rows_and_bars_are_shown(open_page):
    page = open_view(open_page, query="&strides=3&eight=12")
    wait_for(page, "drawn", "cosine,3,12")
    value = schedule.schedule_samples("cosine", 1.7, 0, -1.8, 3, 12)
    for name in ("ours", "trained"):
        levels = np.frombuffer(base64.b64decode(value[name]), np.uint8).reshape(8, 28, 28)
        assert np.abs(row(page, name) - painted(levels / 255)).max() <= 1
    bars = page.locator("#schedule .worth text").all_text_contents()
    assert [float(text) for text in bars] == pytest.approx(value["changes"][::-1], abs=0.051)


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("plot", ["kept", "snr"])
def test_a_dot_is_dragged_and_the_server_draws_where_it_rests(open_page, width, plot):
    page = open_view(open_page, width, "&strides=2", reduced_motion=True)
    wait_for(page, "drawn", "cosine,2,0")
    page.wait_for_load_state("networkidle")
    asked = questions(page)
    before = row(page, "drowning")
    dot = page.locator(f"#schedule .{plot} [data-part='1'] .dot")
    dot.scroll_into_view_if_needed()
    box, height = dot.bounding_box(), page.locator(f"#schedule .{plot}").bounding_box()["height"]
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 0.04 * height, steps=4)
    wait_for(page, "kind", "by hand")
    assert asked == [] and np.abs(row(page, "drowning") - before).max() > 5, "answered in the page"
    expect(page.locator("#schedule .stale")).to_have_count(1)
    page.mouse.up()
    wait_for(page, "drawn", "by hand,2,0")
    first, second, third = map(float, said(page, "handles"))
    assert (first, third) == (1.7, -1.8) and -1.3 <= second < 0
    expect(knob(page, "snr2")).to_have_value(f"{second:g}")
    expect(page.get_by_label("by hand", exact=True)).to_be_checked()
    expect_done(page, "bend")
    knob(page, "strides").fill("4")
    wait_for(page, "drawn", "by hand,4,0")
    expect(page.locator("#schedule .stale")).to_have_count(0)
    expect_done(page, "bend", "few")


def test_arrow_keys_and_sliders_bend_and_a_dot_stops_before_its_neighbour(open_page):
    page = open_view(open_page, query="&strides=10", reduced_motion=True)
    dot = page.locator("#schedule .snr [data-part='0']")
    dot.press("ArrowUp")
    expect(knob(page, "snr1")).to_have_value("1.9")
    wait_for(page, "drawn", "by hand,10,0")
    expect_done(page, "bend")
    knob(page, "snr2").fill("-1")
    wait_for(page, "handles", "1.9,-1,-1.8")
    expect(page.locator("#schedule .tip")).to_contain_text("is picture")
    knob(page, "snr3").fill("5")  # flat, or rising: it stops, and the knob says where
    expect(page.locator("#schedule .tip")).to_contain_text("Noise only grows")
    wait_for(page, "handles", "1.9,-1,-1.5")
    expect(knob(page, "snr3")).to_have_value("-1.5")
    expect_done(page, "bend", "flat")
    page.get_by_label("linear", exact=True).check()
    wait_for(page, "drawn", "linear,10,0")
    expect(knob(page, "snr2")).to_have_value("-2.5")
    expect_done(page, "bend", "flat", "linear")
    assert np.array_equal(row(page, "ours"), row(page, "trained"))


@pytest.mark.parametrize(
    ("query", "handles"),
    [
        ("schedule=by hand&snr1=4&snr2=2&snr3=-6", "4,2,-6"),
        ("schedule=by hand&snr1=0&snr2=0&snr3=0", "0,-0.5,-1"),
        ("schedule=by hand&snr1=-9&snr2=9&snr3=NaN", "-8,-8.5,-9"),
        ("schedule=by hand&snr1=9&snr2=9&snr3=9", "9,8.5,8"),
    ],
)
def test_a_link_brings_the_curve_back_and_one_that_does_not_fall_is_made_to(
    open_page, query, handles
):
    page = open_view(open_page, query=f"&{query}&strides=4&eight=7")
    wait_for(page, "drawn", "by hand,4,7")
    wait_for(page, "handles", handles)
    for k, value in enumerate(handles.split(","), 1):
        expect(knob(page, f"snr{k}")).to_have_value(value)
    expect(page.get_by_label("by hand", exact=True)).to_be_checked()


def test_the_dark_is_followed(open_page):
    page = open_view(open_page)
    light = row(page, "ours")
    page.evaluate("document.body.classList.toggle('dark')")
    page.wait_for_function(
        "() => document.querySelector('#schedule .ours')?.getContext('2d').getImageData(0, 0, 1, 1).data[0] < 60"
    )
    assert light.mean() > 180


def test_a_finger_on_a_dot_bends_and_does_not_scroll(open_page):
    page = open_view(open_page, PHONE, "&strides=2", height=700, touch=True, reduced_motion=True)
    dot = page.locator("#schedule .snr [data-part='2'] .dot")
    dot.scroll_into_view_if_needed()
    top, box = page.evaluate("scrollY"), dot.bounding_box()
    at = [{"x": box["x"] + 4, "y": box["y"] + 4 + 5 * k} for k in range(5)]
    touch = page.context.new_cdp_session(page)
    for kind, points in [("Start", at[:1]), *(("Move", [p]) for p in at[1:]), ("End", [])]:
        touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
    wait_for(page, "drawn", "by hand,2,0")
    first, second, third = map(float, said(page, "handles"))
    assert (first, second) == (1.7, 0) and third < -4 and page.evaluate("scrollY") == top
