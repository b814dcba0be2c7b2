"""The laboratory: what the page computes is what torch computes; a GAN is trained, collapsed, drawn for, exploded."""

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from demos.gan import laboratory
from models import gan2d
from tests.gestures import DESK, PHONE, expect_done, questions

QUERY = "tab=gan&view=laboratory"
LAB = "#laboratory .lab"
# Ten steps from the page's own start, with all that was drawn for them.
TEN = """(lab, [knobs, steps]) => {
  const plain = (a) => a && Array.from(a);
  lab.show(knobs, "");
  const game = lab.game();
  const nets = () => [game.G, game.D].map(({ layers }) => layers.map(({ w, b }) => [plain(w), plain(b)]));
  const start = nets(), taken = [];
  for (let i = 0; i < steps; i++) {
    const [z, x, u] = [game.noise(), game.data(), game.between()];
    const D = game.updateD(x, z, u);
    const [z2, x2] = [game.noise(), game.beside()];
    const G = game.updateG(z2, x2);
    taken.push({ z: plain(z), x: plain(x), u: plain(u), D, z2: plain(z2), x2: plain(x2), G });
  }
  return { start, end: nets(), taken };
}"""


def stopped(open_page, query: str = QUERY, width: int = DESK) -> Page:
    page = open_page(width, reduced_motion=True, query=query)
    page.locator(f"{LAB}[data-steps]").wait_for(state="attached")
    return page


def net_of(layers: list) -> gan2d.Net:
    sizes = [len(w) // len(b) for w, b in layers] + [len(layers[-1][1])]
    net = gan2d.Net(tuple(sizes), [torch.Generator()]).double()
    with torch.no_grad():
        for k, (w, b) in enumerate(layers):
            net.weights[k].copy_(torch.tensor(w, dtype=torch.float64).view(len(b), -1).T)
            net.biases[k].copy_(torch.tensor(b, dtype=torch.float64))
    return net


def points(flat: list[float]) -> torch.Tensor:
    return torch.tensor(flat, dtype=torch.float64).view(1, -1, 2)


@pytest.mark.parametrize("gamma", [0.0, 0.3])
def test_ten_steps_of_every_loss_are_torch_s(open_page, gamma):
    page = stopped(open_page)
    for seed, kind in enumerate(gan2d.LOSSES):
        knobs = laboratory.START | dict(loss=kind, gamma=gamma, seed=seed, batch=32)
        ran = page.locator(LAB).evaluate(TEN, [knobs, 10])
        G, D = (net_of(layers) for layers in ran["start"])
        rate = 10 ** knobs["rateD"]
        adams = [torch.optim.Adam(net.parameters(), rate, betas=gan2d.BETAS) for net in (D, G)]
        for took in ran["taken"]:
            x, made = points(took["x"]), G(points(took["z"]))
            u = None if took["u"] is None else torch.tensor(took["u"]).double().view(1, -1, 1)
            loss = gan2d.loss_d(D, kind, x, made, gamma, u).sum()
            beside = None if took["x2"] is None else points(took["x2"])
            for net, adam, said in ((D, adams[0], took["D"]), (G, adams[1], took["G"])):
                if net is G:
                    loss = gan2d.loss_g(D, kind, G(points(took["z2"])), beside).sum()
                adam.zero_grad()
                loss.backward()
                norm = torch.cat([p.grad.flatten() for p in net.parameters()]).norm()
                adam.step()
                assert said["loss"] == pytest.approx(loss.item(), abs=1e-6), kind
                assert said["norm"] == pytest.approx(norm.item(), rel=1e-6), kind
        for net, layers in zip((G, D), ran["end"], strict=True):
            for ours, theirs in zip(net.parameters(), net_of(layers).parameters(), strict=True):
                assert torch.allclose(ours, theirs, atol=1e-6), kind


def test_what_the_page_counts_is_what_python_counts(open_page):
    """Modes and quality by models/gan2d.py; the distance by a sum over the same cells of scipy's normals."""
    page = stopped(open_page)
    page.get_by_role("button", name="One step").click()
    found = page.locator(LAB).evaluate(
        """(lab) => {
          const game = lab.game(), { modes, quality, JSD } = game.measure();
          const [truth, made, points] = [game.truth, game.made, game.sample()].map((a) => Array.from(a));
          return { modes, quality, JSD, truth, made, points };
        }"""
    )
    centres, deviation = laboratory.DATA["Ring of 8"]
    made = torch.tensor(found["points"]).view(1, -1, 2)
    counted = gan2d.counted(made, centres, deviation)
    assert found["modes"] == counted["modes"].item()
    assert found["quality"] == pytest.approx(counted["quality"].item(), abs=1e-3)
    line = (np.arange(64) + 0.5) * 6 / 64 - 3

    def shares(at: np.ndarray, sigma: float) -> np.ndarray:
        across, down = (
            np.exp(-0.5 * ((line[:, None] - at[None, :, k]) / sigma) ** 2) for k in (0, 1)
        )
        return (down @ across.T / len(at) / (2 * np.pi * sigma**2) * (6 / 64) ** 2).ravel()

    p, q = shares(centres.numpy(), np.hypot(deviation, 0.12)), shares(made[0].numpy(), 0.12)
    assert np.abs(p - found["truth"]).max() < 1e-5 and np.abs(q - found["made"]).max() < 1e-5
    p, q = np.append(p, max(0, 1 - p.sum())), np.append(q, max(0, 1 - q.sum()))
    kl = lambda a, b: np.sum(np.where(a > 0, a * np.log(np.where(a > 0, a, 1) / b), 0))  # noqa: E731
    m = (p + q) / 2 + 1e-300
    assert found["JSD"] == pytest.approx((kl(p, m) + kl(q, m)) / 2, abs=1e-3)


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_ring_is_covered_and_nothing_is_asked(open_page, width):
    page = stopped(open_page, width=width)
    asked = questions(page)
    page.locator("#laboratory .play").click()
    expect(page.locator("#laboratory [data-value=modes]")).to_have_text("8 of 8", timeout=60_000)
    expect_done(page, "cover")
    assert asked == [], "it trains in the page"


def test_the_preset_collapses_and_the_cure_covers(open_page):
    page = stopped(open_page)
    page.get_by_role("button", name="Collapse it").click()
    expect(page.locator("#gan-rate-g input[type=number]")).to_have_value("-2")
    page.locator("[data-step=collapse].done").wait_for(timeout=90_000)
    assert int(page.locator("#laboratory [data-value=modes]").inner_text().split()[0]) <= 4
    page.get_by_role("button", name="Cure it").click()
    expect(page.locator("#laboratory [data-value=modes]")).to_have_text("8 of 8", timeout=90_000)


def test_d_alone_and_g_alone(open_page):
    page = stopped(open_page)
    weights = "(lab) => { const g = lab.game(); return [g.D, g.G].map((n) => n.layers[0].w[0] + n.steps); }"
    before = page.locator(LAB).evaluate(weights)
    page.get_by_role("button", name="D only").click()
    after = page.locator(LAB).evaluate(weights)
    assert after[0] != before[0] and after[1] == before[1]
    expect_done(page, "D")
    page.get_by_role("button", name="G only").click()
    last = page.locator(LAB).evaluate(weights)
    assert last[0] == after[0] and last[1] != after[1]


def test_the_same_link_trains_the_same_way(open_page):
    query = QUERY + "&points=Two+moons&loss=hinge&rate-d=-2.5&k=2&neurons=16&batch=64&chance=11"
    made = []
    for _ in range(2):
        page = stopped(open_page, query)
        page.locator(f"{LAB}[data-data='Two moons']").wait_for(state="attached")
        for _ in range(3):
            page.get_by_role("button", name="One step").click()
        made.append(page.locator(LAB).evaluate("(lab) => Array.from(lab.game().sample())"))
        knobs = page.locator(LAB).evaluate(
            "({ game }) => { const k = game().knobs; return [k.loss, k.k, k.width, k.batch, k.seed]; }"
        )
        assert knobs == ["hinge", 2, 16, 64, 11]
    assert made[0] == made[1]


def test_rates_that_explode_are_caught(open_page):
    page = stopped(open_page, QUERY + "&rate-d=0&rate-g=0&loss=Wasserstein")
    page.locator(f"{LAB}[data-loss=Wasserstein]").wait_for(state="attached")
    page.locator("#laboratory .play").click()
    trouble = page.locator("#laboratory .trouble")
    expect(trouble).to_contain_text("a learning rate is too high", timeout=60_000)
    for knob in ("rate-d", "rate-g"):
        page.locator(f"#gan-{knob} input[type=number]").fill("-2.7")
    page.get_by_role("button", name="Start again").click()
    expect(trouble).to_be_hidden()
    page.get_by_role("button", name="One step").click()
    expect(page.locator("#laboratory [data-value=steps]")).to_have_text("1")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_drawing_of_one_s_own_is_learned_and_linked(open_page, width):
    page = stopped(open_page, QUERY + "&points=My+drawing", width)
    expect(page.locator("#laboratory .trouble")).to_contain_text("Draw something here")
    plane = page.locator("#laboratory .plane")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    at = lambda u, v: (box["x"] + u * box["width"], box["y"] + v * box["height"])  # noqa: E731
    page.mouse.move(*at(0.2, 0.3))
    page.mouse.down()
    page.mouse.move(*at(0.8, 0.6), steps=40)
    page.mouse.up()
    expect_done(page, "draw")
    expect(page.locator("#laboratory .trouble")).to_be_hidden()
    page.wait_for_function("new URLSearchParams(location.search).get('drawing')?.length > 60")
    count = "(lab) => lab.game()?.knobs.data.centres.length"
    drawn = page.locator(LAB).evaluate(count)
    other = stopped(open_page, page.url.partition("?")[2])
    other.wait_for_function(f"(n) => ({count})(document.querySelector('{LAB}')) === n", arg=drawn)
    other.get_by_role("button", name="Clear", exact=True).click()
    expect(other.locator("#laboratory .trouble")).to_contain_text("Draw something here")
    other.get_by_role("button", name="One step").click()
    expect(other.locator("#laboratory .trouble")).to_be_visible()


def test_one_point_is_drawn_by_keys_and_what_is_no_drawing_is_empty(open_page):
    page = stopped(open_page, QUERY + "&points=My+drawing")
    page.locator("#laboratory .plane").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="One step").click()
    expect(page.locator("#laboratory [data-value=modes]")).to_contain_text("of 1")
    for drawing in ("9999", "303", "30 30", 10_000 * "3030", "<b>"):
        page = stopped(open_page, QUERY + f"&points=My+drawing&drawing={drawing}")
        expect(page.locator("#laboratory .trouble")).to_contain_text("Draw something here")


def test_a_hidden_view_rests(open_page):
    page = open_page(query=QUERY)
    steps = "() => document.querySelector('#laboratory .lab')?.game()?.steps"
    page.wait_for_function(f"({steps})() > 5")
    page.get_by_role("link", name="The theorem", exact=True).click()
    page.locator("gradio-app[data-ready][data-view=gan-theorem]:not([hidden])").wait_for()
    rested = page.evaluate(
        f"""async () => {{
          const frames = async (n) => {{ while (n--) await new Promise(requestAnimationFrame); }};
          await frames(3);
          const before = ({steps})();
          await frames(20);
          return ({steps})() - before;
        }}"""
    )
    assert rested == 0


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_algorithm_1_goes_line_by_line(open_page, width):
    page = open_page(width, reduced_motion=True, query="tab=gan&view=algorithm&steps-of-d=2")
    lab = page.locator("#algorithm .lab")
    page.locator("#algorithm .lab[data-k='2']").wait_for(state="attached")
    nets = "(lab) => { const g = lab.game(); return [g.D.steps, g.G.steps]; }"
    seen = [int(lab.get_attribute("data-at"))]
    counts = [tuple(lab.evaluate(nets))]
    for _ in range(13):
        page.get_by_role("button", name="Next line").click()
        seen.append(int(lab.get_attribute("data-at")))
        counts.append(tuple(lab.evaluate(nets)))
    assert seen == [0, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 6, 7, 8]
    assert counts == [(0, 0)] * 4 + [(1, 0)] * 5 + [(2, 0)] * 3 + [(2, 1)] * 2
    expect(page.locator("#algorithm [data-now]")).to_have_count(1)
    expect_done(page, "line")
    value = page.locator("#algorithm [data-line='7'] output").inner_text()
    last = lab.evaluate("(lab) => lab.game().last.G.loss")
    assert float(value.split(",")[0].replace("\u2212", "-")) == pytest.approx(last, abs=6e-4)
    page.get_by_role("button", name="200 iterations").click()
    expect(page.locator("#algorithm [data-line='0'] output")).to_have_text("iteration 201")
    expect_done(page, "line", "many")
