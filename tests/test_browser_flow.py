"""The tab Flow: the page computes what torch computes; noise goes to shapes, is scrubbed, reflowed, drawn for."""

import json

import pytest
import torch
from playwright.sync_api import Page, expect
from torch import Tensor

from demos.canvas import mixtures
from demos.flow import shape
from models import flow2d
from tests.gestures import DESK, PHONE, expect_done, questions

QUERY = "tab=flow&view=shape"
FLOW = "#shape .flowing"


def stopped(open_page, query: str = "", width: int = DESK, **state) -> Page:
    """The view at rest, with these knobs: steps=3 is data-steps."""
    page = open_page(width, reduced_motion=True, query=QUERY + query)
    wanted = "".join(f"[data-{name}='{value}']" for name, value in state.items())
    page.locator(f"{FLOW}[data-errors]{wanted}").wait_for(state="attached")
    return page


def points(flat: list[float]) -> Tensor:
    return torch.tensor(flat, dtype=torch.float64).view(-1, 2)


def knob(page: Page, name: str):
    return page.locator(f"#flow-{name} input[type=number]")


def errors(page: Page) -> list[float]:
    return json.loads(page.locator(FLOW).get_attribute("data-errors"))


@pytest.mark.parametrize("path", flow2d.PATHS)
@pytest.mark.parametrize("name", shape.DATA)
def test_velocities_and_solvers_are_torch_s(open_page, path, name):
    page = stopped(open_page)
    centres, s = shape.DATA[name]
    given = dict(centres=mixtures(shape.DATA)[name]["centres"], s=s, path=path, h=shape.WIDTH)
    given |= dict(solvers=[*flow2d.SOLVERS], times=[0, 0.3, 0.75, 1])
    found = page.locator(FLOW).evaluate(
        """(flowing, { centres, s, path, h, solvers, times }) => {
          const { ofData, reflow, flow } = gml.flow2d, plain = (a) => Array.from(a);
          const normals = (n, { normal }) => Float64Array.from({ length: 2 * n }, normal);
          const x = normals(20, gml.gan2d.dice(1)), starts = normals(40, gml.gan2d.dice(2));
          const v = ofData(Float64Array.from(centres), s, path), w = reflow(v, starts, h, 10);
          return {
            x: plain(x), starts: plain(starts),
            v: times.map((t) => plain(v(x, t))), w: times.map((t) => plain(w(x, t))),
            ends: solvers.map((solver) => plain(flow(v, x, solver, 7).at(-1))),
          };
        }""",
        given,
    )
    x = points(found["x"])
    v = flow2d.of_data(points(given["centres"]), s, path)
    w = flow2d.reflow(v, points(found["starts"]), shape.WIDTH, 10)
    assert (points(given["centres"]) - centres).abs().max() < 1e-4
    for k, t in enumerate(given["times"]):
        assert torch.allclose(points(found["v"][k]), v(x, t), atol=1e-8)
        assert torch.allclose(points(found["w"][k]), w(x, t), atol=1e-8)
    for k, solver in enumerate(flow2d.SOLVERS):
        *_, end = flow2d.flow(v, x, solver, 7)
        assert torch.allclose(points(found["ends"][k]), end, atol=1e-8)


def test_the_errors_shown_are_those_of_the_solvers(open_page):
    page = stopped(open_page, "&points=Ring+of+8&steps=12&solver=Heun", data="Ring of 8", steps=12)
    noise = page.locator(FLOW).evaluate("(f) => Array.from(f.job().noise)")
    x, v = (
        points(noise)[:100],
        flow2d.of_data(points(mixtures(shape.DATA)["Ring of 8"]["centres"]), 0.1),
    )
    *_, fine = flow2d.flow(v, x, "Runge-Kutta", 400)  # as good as the page's

    def error(solver: str, steps: int) -> float:
        *_, end = flow2d.flow(v, x, solver, steps)
        return (end - fine).norm(dim=1).mean().item()

    assert errors(page) == pytest.approx([error(solver, 12) for solver in shape.SOLVERS], abs=1e-6)
    shown = page.locator("#shape [data-value=error]").inner_text()
    assert float(shown) == pytest.approx(error("Heun", 12), abs=5e-4)
    for k, solver in enumerate(shape.SOLVERS):
        slope = torch.tensor(error(solver, 25) / error(solver, 50)).log2().item()
        assert float(page.locator(f"[data-slope='{k}']").inner_text()) == pytest.approx(
            slope, abs=6e-3
        )
        assert slope == pytest.approx(1 if solver == "Euler" else 2, abs=0.3)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_it_is_played_and_scrubbed_and_nothing_is_asked(open_page, width):
    page = stopped(open_page, width=width)
    asked = questions(page)
    picture = "document.querySelector('#shape .plane')?.toDataURL()"
    seen = set()
    for t in (0, 40, 100):
        page.locator("#shape .scrub").fill(f"{t}")
        expect(page.locator("#shape .moment")).to_have_text(f"t = {t / 100:.2f}")
        seen.add(page.evaluate(picture))
    assert len(seen) == 3
    expect_done(page)
    page.locator("#shape .play").click()
    expect_done(page, "play")
    expect(page.locator("#shape .play")).to_have_text("Play")
    assert asked == [], "it is computed in the page"


def test_one_euler_step_puts_all_in_the_middle(open_page):
    page = stopped(open_page)
    knob(page, "steps").fill("1")
    page.locator(f"{FLOW}[data-steps='1']").wait_for(state="attached")
    expect_done(page, "one")
    ends = points(page.locator(FLOW).evaluate("(f) => Array.from(f.job().states.at(-1))"))
    assert (ends - ends.mean(0)).abs().max() < 1e-9
    assert (
        ends.mean(0) - points(mixtures(shape.DATA)["Two moons"]["centres"]).mean(0)
    ).abs().max() < 1e-9


@pytest.mark.parametrize("reflows", [0, 1])
def test_a_place_tells_where_what_passes_it_ends(open_page, reflows):
    """The shares are the softmax, and in straight lines between points the arrow goes to their mean."""
    page = stopped(open_page, f"&reflows={reflows}&t=0.5", reflows=reflows)
    plane = page.locator("#shape .plane")
    before = plane.evaluate("(c) => c.toDataURL()")
    plane.hover(position={"x": 100, "y": 200})
    expect_done(page, "point")
    assert plane.evaluate("(c) => c.toDataURL()") != before
    page.mouse.move(1, 1)
    expect(page.locator(FLOW)).to_have_attribute("data-spot", "")
    assert plane.evaluate("(c) => c.toDataURL()") == before
    plane.press("ArrowLeft")
    expect(page.locator(FLOW)).to_have_attribute("data-spot", "-0.2,0")
    found = page.locator(FLOW).evaluate(
        """(f) => {
          const { v } = f.job(), { ends, w } = v.goal([-0.2, 0.5], 0.5);
          return { ends: Array.from(ends), w, v: Array.from(v(Float64Array.of(-0.2, 0.5), 0.5)) };
        }"""
    )
    ends, w = points(found["ends"]), torch.tensor(found["w"], dtype=torch.float64)
    assert w.sum().item() == pytest.approx(1)
    if not reflows:
        x = torch.tensor([-0.2, 0.5], dtype=torch.float64)
        V = 0.25 + 0.25 * 0.1**2
        assert torch.allclose(w, (-(x - ends / 2).square().sum(1) / (2 * V)).softmax(0))
        to_mean = w @ ends + (0.5 * 0.1**2 - 0.5) / V * (x - w @ ends / 2)
        assert torch.allclose(points(found["v"])[0], to_mean)


def test_pairs_have_the_same_cloud_on_other_paths(open_page):
    """Of random pairs and of the flow: mean and spread are alike at t = 1, though no point ends at the same place."""
    page = stopped(open_page, "&solver=Midpoint&steps=50", steps=50)
    box = page.locator("#flow-paths input")
    box.click()
    page.get_by_role("option", name="of the pairs").click()
    page.locator(f"{FLOW}[data-ways='of the pairs']").wait_for(state="attached")
    expect_done(page, "pairs")
    ends, states = page.locator(FLOW).evaluate(
        "(f) => [f.job().ends, f.job().states.at(-1)].map((a) => Array.from(a))"
    )
    pairs, flowed = points(ends), points(states)
    assert (pairs.mean(0) - flowed.mean(0)).abs().max() < 0.25
    assert (pairs.std(0) - flowed.std(0)).abs().max() < 0.15
    assert (pairs - flowed).norm(dim=1).mean() > 0.5


def test_a_point_is_on_its_way_at_every_moment(open_page):
    """Between two steps of a solver straight on; of a pair on its path, which is straight once reflowed."""
    where = """(f) => { const { noise, states, ends } = f.job();
      return [f.at(0.35), noise, ends ?? [], ...states].map((a) => Array.from(a)); }"""

    def ask(query: str, **state) -> list[Tensor]:
        page = stopped(open_page, f"&schedule=variance+preserving&steps=4{query}", steps=4, **state)
        return [points(flat) for flat in page.locator(FLOW).evaluate(where)]

    at, noise, _, *states = ask("", path=flow2d.PATHS[1])
    assert torch.equal(states[0], noise) and len(states) == 5
    assert torch.allclose(at, states[1] + 0.4 * (states[2] - states[1]))
    at, noise, ends, *_ = ask("&paths=of+the+pairs", ways=shape.WAYS[1])
    a, b, *_ = flow2d.schedule("variance preserving", 0.35)
    assert torch.allclose(at, a * ends + b * noise)
    at, noise, ends, *_ = ask("&paths=of+the+pairs&reflows=1", ways=shape.WAYS[1], reflows=1)
    assert torch.allclose(at, 0.35 * ends + 0.65 * noise)
    v = flow2d.of_data(
        points(mixtures(shape.DATA)["Two moons"]["centres"]), 0.1, "variance preserving"
    )
    *_, own = flow2d.flow(v, noise, "Runge-Kutta", 40)
    assert torch.allclose(ends, own), "each is paired with its own end"


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_reflow_makes_one_step_enough(open_page, width):
    page = stopped(open_page, "&steps=1&points=Ring+of+8", width, data="Ring of 8", steps=1)
    before = errors(page)[0]
    page.get_by_role("button", name="Reflow").click()
    page.locator(f"{FLOW}[data-reflows='1']").wait_for(state="attached")
    expect_done(page, "reflow")
    expect(knob(page, "reflows")).to_have_value("1")
    assert errors(page)[0] < before / 10
    expect(page.locator("#shape [data-value=one]")).to_have_text(
        f"{before:.3f} → {errors(page)[0]:.3f}"
    )
    assert float(page.locator("#shape [data-value=detour]").inner_text()) < 1.05
    page.wait_for_function("new URLSearchParams(location.search).get('reflows') === '1'")
    page.get_by_role("button", name="Reflow").click()
    expect(page.get_by_role("button", name="Reflow")).to_be_disabled()


def test_a_link_restores_every_knob(open_page):
    query = "&points=A+letter&schedule=variance+preserving&solver=Heun&steps=17"
    query += "&paths=of+the+pairs&reflows=1&seed=11&t=0.35"
    wanted = dict(data="A letter", path="variance preserving", solver="Heun", steps=17)
    wanted |= dict(ways="of the pairs", reflows=1, seed=11, t=0.35)
    found = []
    for _ in range(2):
        page = stopped(open_page, query, **wanted)
        expect(page.locator("#shape .moment")).to_have_text("t = 0.35")
        found.append((errors(page), page.locator("#shape .plane").evaluate("(c) => c.toDataURL()")))
    assert found[0] == found[1]
    page.locator("#shape .scrub").fill("60")
    page.locator("#shape .scrub").dispatch_event("change")
    page.wait_for_function("new URLSearchParams(location.search).get('t') === '0.6'")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_shape_of_one_s_own_is_drawn_and_linked(open_page, width):
    page = stopped(open_page, "&points=My+drawing", width, data=shape.DRAWN)
    trouble = page.locator("#shape .trouble")
    expect(trouble).to_contain_text("Draw something here")
    plane = page.locator("#shape .plane")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    at = lambda u, v: (box["x"] + u * box["width"], box["y"] + v * box["height"])  # noqa: E731
    page.mouse.move(*at(0.2, 0.3))
    page.mouse.down()
    page.mouse.move(*at(0.8, 0.6), steps=40)
    page.mouse.up()
    expect_done(page, "draw")
    expect(trouble).to_be_hidden()
    page.wait_for_function("new URLSearchParams(location.search).get('drawing')?.length > 60")
    drawing = page.locator(FLOW).get_attribute("data-drawing")
    other = stopped(open_page, "&" + page.url.partition("&")[2], drawing=drawing)
    other.wait_for_function(f"document.querySelector('{FLOW}')?.job()?.detour > 1")
    other.get_by_role("button", name="Clear", exact=True).click()
    expect(other.locator("#shape .trouble")).to_contain_text("Draw something here")
    assert other.locator("#shape [data-value=error]").inner_text() == ""
    other.locator("#shape .play").click()
    expect(other.locator("#shape .trouble")).to_be_visible()


def test_one_point_is_drawn_by_keys_and_what_is_no_drawing_is_empty(open_page):
    page = stopped(open_page, "&points=My+drawing", data=shape.DRAWN)
    page.locator("#shape .plane").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#shape .trouble")).to_be_hidden()
    page.locator("#shape .plane").press("ArrowUp")
    # One Gaussian: x_1 = c + s x_0.
    gap = page.locator(FLOW).evaluate(
        """(f) => {
          const { noise, v } = f.job(), end = gml.flow2d.flow(v, noise, "Runge-Kutta", 200).at(-1);
          return gml.flow2d.apart(end, noise.map((x, i) => (i % 2 ? 0 : 0.24) + 0.12 * x));
        }"""
    )
    assert gap < 1e-6
    for drawing in ("9999", "303", "30 30", 10_000 * "3030", "<b>"):
        page = stopped(open_page, f"&points=My+drawing&drawing={drawing}", data=shape.DRAWN)
        expect(page.locator("#shape .trouble")).to_contain_text("Draw something here")


def test_it_plays_by_itself_and_rests_where_motion_is_not_wanted(open_page):
    page = open_page(query=QUERY)
    page.wait_for_function(f"Number(document.querySelector('{FLOW}')?.dataset.t) > 0.05")
    expect_done(page)
    calm = stopped(open_page)
    expect(calm.locator("#shape .moment")).to_have_text("t = 1.00")
    expect(calm.locator("#shape .play")).to_have_text("Play")
