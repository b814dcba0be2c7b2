"""Why -log D, and Oscillation: what the page computes while one drags, against closed forms and numpy's own steps."""

import json

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from scipy.special import expit, log_expit, logit

from demos.gan import loss, oscillation
from tests.gestures import DESK, PHONE, expect_done, questions


def number(text: str) -> float:
    return float(text.replace("\u2212", "-").replace(",", ""))


def knob(page: Page, name: str):
    return page.locator(f"#gan-{name} input[type=number]")


def middle(page: Page, part: str, right: float = 0.5, down: float = 0.5) -> tuple[float, float]:
    page.locator(part).scroll_into_view_if_needed()
    box = page.locator(part).bounding_box()
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


# Two losses for G.


def steps_to_half(d: float, slope) -> int:
    v, n = logit(d), 0
    while v < 0:
        v, n = v + loss.RATE * slope(expit(v)), n + 1
    return n


@pytest.mark.parametrize("d", [0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_losses_and_slopes_are_the_closed_forms(open_page, d):
    page = open_page(reduced_motion=True, query=f"tab=gan&view=loss&fooled={d}")
    page.locator(f"#loss [data-d='{d}']").wait_for(state="attached")
    said = {
        cell.get_attribute("data-value"): cell.text_content()
        for cell in page.locator("#loss [data-value]").all()
    }
    v = logit(d)
    numbers = {name: number(text) for name, text in said.items() if text}
    assert numbers["minimax"] == pytest.approx(log_expit(-v), abs=5.1e-5)
    assert numbers["other"] == pytest.approx(-log_expit(v), abs=5.1e-5)
    slope = lambda f: (f(v + 1e-5) - f(v - 1e-5)) / 2e-5  # noqa: E731
    assert numbers["minimax-slope"] == pytest.approx(slope(lambda v: log_expit(-v)), abs=5.1e-5)
    assert numbers["other-slope"] == pytest.approx(slope(lambda v: -log_expit(v)), abs=5.1e-5)
    assert numbers["ratio"] == pytest.approx((1 - d) / d, rel=5e-3)
    minimax, other = steps_to_half(d, lambda D: D), steps_to_half(d, lambda D: 1 - D)
    assert [numbers["minimax-steps"], numbers["other-steps"]] == [minimax, other]
    if d < 0.5:  # and hardly another number than without steps
        assert minimax * loss.RATE == pytest.approx(np.exp(-v) - 1 - v, abs=1)
        assert other * loss.RATE == pytest.approx(1 - np.exp(v) - v, abs=1)
    else:
        assert minimax == other == 0


def test_the_curves_are_the_steps(open_page):
    """The drawing at its end: D after each of the steps it shows, for both losses."""
    page = open_page(reduced_motion=True, query="tab=gan&view=loss&fooled=0.2")
    page.locator("#loss [data-d='0.2']").wait_for(state="attached")
    end = int(page.locator("#loss .two-plots").get_attribute("data-step"))
    for name, slope in {"g1": lambda D: D, "g0": lambda D: 1 - D}.items():
        points = page.locator(f"#loss .climb .line.{name}").get_attribute("points").split()
        drawn = np.array([point.split(",") for point in points], dtype=float)
        v, wanted = logit(0.2), []
        for _ in range(end + 1):
            wanted.append(expit(v))
            v += loss.RATE * slope(wanted[-1])
        at = np.round(drawn[:, 0] * end / 640).astype(int)
        assert (136 - drawn[:, 1]) / 128 == pytest.approx(np.array(wanted)[at], abs=1e-3)
        assert at[-1] == end


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_early_on_one_climbs_and_the_other_crawls(open_page, width):
    page = open_page(width, reduced_motion=True, query="tab=gan&view=loss")
    page.locator("#loss [data-d]").wait_for(state="attached")
    asked = questions(page)
    expect_done(page)
    page.get_by_role("button", name=f"D at {loss.EARLY}").click()
    expect(page.locator("#loss [data-value=ratio]")).to_have_text("99.0")
    expect(knob(page, "fooled")).to_have_value(f"{loss.EARLY}")
    expect_done(page, "sure")
    plot = "#loss .losses"
    page.mouse.move(*middle(page, plot, 0.3))
    page.mouse.down()
    page.mouse.move(*middle(page, plot, 0.5), steps=5)
    expect_done(page, "sure", "equal")
    page.mouse.move(*middle(page, plot, 0.9), steps=5)
    page.mouse.up()
    expect_done(page, "sure", "equal", "fooled")
    page.locator("#loss .losses").press("ArrowLeft")
    expect(knob(page, "fooled")).not_to_have_value(f"{loss.EARLY}")
    expect(page.locator("#loss [data-value=longer]")).to_be_empty()
    assert asked == [], "all of it is computed in the page"


def test_it_plays_by_itself_and_ticks_only_what_was_asked_for(open_page):
    page = open_page(query="tab=gan&view=loss&fooled=0.01")
    page.wait_for_function(
        """() => {
          const { d, step } = document.querySelector("#loss .two-plots")?.dataset ?? {};
          return d === "0.01" && step > 0 && step < 1100;
        }""",
        timeout=20_000,
    )
    page.locator("#loss .scrub").fill("230")
    expect_done(page)
    page.get_by_role("button", name="Play", exact=True).click()
    expect_done(page, "wait")


# The smallest game.


def maps(eta: float, damping: float) -> list[np.ndarray]:
    """The step of each of the three ways, as a matrix."""
    A, one = np.array([[0, -1], [1, -damping]]), np.eye(2)
    G, D = np.array([[1, -eta], [0, 1]]), np.array([[1, 0], [eta, 1 - eta * damping]])
    return [one + eta * A, D @ G, one + eta * A @ (one + eta * A)]


def at(page: Page) -> np.ndarray:
    return np.array(json.loads(page.locator("#oscillation .orbits").get_attribute("data-at")))


def open_game(open_page, eta: float, damping: float, x: float, y: float, **options) -> Page:
    query = f"tab=gan&view=oscillation&eta={eta}&damping={damping}&x={x}&y={y}"
    page = open_page(reduced_motion=True, query=query, **options)
    for name, value in dict(eta=eta, damping=damping, x=x, y=y).items():
        expect(knob(page, name)).to_have_value(f"{value}")
    page.locator(f"#oscillation .orbits[data-k='{oscillation.STEPS}']").wait_for(state="attached")
    page.locator("#oscillation .reset").click()
    page.wait_for_function(
        "(start) => document.querySelector('#oscillation .orbits')?.dataset.at === start",
        arg=json.dumps([[x, y]] * 3, separators=(",", ":")),
        timeout=20_000,
    )
    return page


@pytest.mark.parametrize(
    "game",
    [(0.2, 0, 1, 0), (0.01, 0, -1.5, 0.75), (1, 0, 0.5, 2), (2.1, 0, 1, 1), (0.3, 0.45, 1, -2)],
    ids=str,
)
def test_the_three_ways_are_powers_of_a_matrix(open_page, game):
    eta, damping, *start = game
    page = open_game(open_page, *game)
    for k in range(1, 13):
        page.locator("#oscillation .step").click()
        expect(page.locator("#oscillation .orbits")).to_have_attribute("data-k", f"{k}")
        for found, step in zip(at(page), maps(eta, damping), strict=True):
            assert found == pytest.approx(
                np.linalg.matrix_power(step, k) @ start, rel=1e-9, abs=1e-12
            )
    page.locator("#oscillation .scrub").fill(f"{oscillation.STEPS}")
    expect(page.locator("#oscillation .orbits")).to_have_attribute("data-k", f"{oscillation.STEPS}")
    for way, (found, step) in enumerate(zip(at(page), maps(eta, damping), strict=True)):
        wanted = np.linalg.matrix_power(step, oscillation.STEPS) @ start
        assert np.linalg.norm(found - wanted) <= 1e-9 * np.linalg.norm(wanted)
        largest = max(abs(np.linalg.eigvals(step)))
        factor = page.locator(f"#oscillation [data-factor='{way}']").text_content()
        assert number(factor) == pytest.approx(largest, abs=5.1e-5)
    if not damping:
        r = np.linalg.norm(at(page), axis=1) / np.linalg.norm(start)
        n = oscillation.STEPS / 2
        assert r[0] == pytest.approx((1 + eta**2) ** n, rel=1e-9)
        assert r[2] == pytest.approx((1 - eta**2 + eta**4) ** n, rel=1e-9)
        assert eta > 2 or 0.5 < r[1] < 2


def test_in_turn_stays_on_an_ellipse(open_page):
    """x^2 - eta x y + y^2 is what a step in turn leaves as it is."""
    eta = 0.6
    page = open_game(open_page, eta, 0, 1, 0.5)
    kept = lambda x, y: x * x - eta * x * y + y * y  # noqa: E731
    for k in (1, 7, 50, 200):
        page.locator("#oscillation .scrub").fill(f"{k}")
        expect(page.locator("#oscillation .orbits")).to_have_attribute("data-k", f"{k}")
        assert kept(*at(page)[1]) == pytest.approx(kept(1, 0.5), rel=1e-9)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_start_is_dragged_and_every_step_can_be_done(open_page, width):
    page = open_page(width, reduced_motion=True, query="tab=gan&view=oscillation")
    page.locator("#oscillation .orbits[data-at]").wait_for(state="attached")
    asked = questions(page)
    expect_done(page)
    page.mouse.move(*middle(page, "#oscillation .game", 0.7, 0.5))
    page.mouse.down()
    page.mouse.move(*middle(page, "#oscillation .game", 0.5, 0.3), steps=4)
    page.mouse.up()
    expect(knob(page, "x")).to_have_value("0")
    expect(knob(page, "y")).to_have_value("1")
    expect_done(page, "drag")
    page.locator("#oscillation .game").press("ArrowUp")
    expect(knob(page, "y")).not_to_have_value("1")
    knob(page, "eta").fill("0.02")
    expect_done(page, "drag", "small")
    knob(page, "eta").fill("2.1")
    expect_done(page, "drag", "small", "large")
    knob(page, "eta").fill("0.2")
    knob(page, "damping").fill("0.3")
    expect_done(page, "drag", "small", "large", "damp")
    far = (
        np.sqrt(1 - 0.2 * 0.3 + 0.2**2) ** oscillation.STEPS
    )  # on the way home, where it ran off before
    assert np.linalg.norm(at(page)[0]) == pytest.approx(far, rel=0.3)
    assert asked == [], "all of it is computed in the page"


def test_the_game_plays_by_itself_but_not_where_motion_is_not_wanted(open_page):
    page = open_page(query="tab=gan&view=oscillation")
    page.wait_for_function(
        "Number(document.querySelector('#oscillation .orbits')?.dataset.k) > 2", timeout=20_000
    )
    expect(page.locator("#oscillation .play")).to_have_text("Pause")
    calm = open_page(query="tab=gan&view=oscillation", reduced_motion=True)
    expect(calm.locator("#oscillation .orbits")).to_have_attribute("data-k", f"{oscillation.STEPS}")
    expect(calm.locator("#oscillation .play")).to_have_text("Play")
