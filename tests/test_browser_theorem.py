"""The theorem: what the page computes while one drags, against quadrature of torch's densities."""

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from demos.gan import theorem
from tests.gestures import DESK, PHONE, expect_done, questions

KNOBS = ("data", "place", "stretch", "mean", "width", "gap", "sure", "bias")


def by_quadrature(
    data: str,
    place: float,
    stretch: float,
    mean: float,
    width: float,
    gap: float,
    sure: float,
    bias: float,
):
    """What the page must say, by torch's own densities on another grid."""
    x = torch.linspace(-21, 21, 42_001, dtype=torch.float64)

    def log_density(middle, gap, width):
        means = torch.tensor([middle - gap / 2, middle + gap / 2], dtype=torch.float64)
        halves = torch.distributions.Categorical(torch.ones(2, dtype=torch.float64))
        normals = torch.distributions.Normal(means, width)
        return torch.distributions.MixtureSameFamily(halves, normals).log_prob(x)

    apart, sigma = theorem.DATA[data]
    lp, lq = log_density(place, apart, stretch * sigma), log_density(mean, gap, width)
    p, q, lm = lp.exp(), lq.exp(), torch.logaddexp(lp, lq) - np.log(2)
    area = lambda f: torch.trapezoid(f, x).item()  # noqa: E731
    D = sure * (lp - lq) + bias
    W1 = (torch.cumulative_trapezoid(p, x) - torch.cumulative_trapezoid(q, x)).abs()
    jsd = area(p * (lp - lm) + q * (lq - lm)) / 2
    return dict(
        V=area(p * torch.nn.functional.logsigmoid(D) + q * torch.nn.functional.logsigmoid(-D)),
        best=2 * jsd - 2 * np.log(2),
        JSD=jsd,
        forward=area(p * (lp - lq)),
        reverse=area(q * (lq - lp)),
        W1=W1.sum().item() * (x[1] - x[0]).item(),
    )


def values(page: Page) -> dict[str, float]:
    cells = page.locator("#theorem [data-value]").evaluate_all(
        "(cells) => cells.map((cell) => [cell.dataset.value, cell.textContent])"
    )
    return {name: float(text.replace("\u2212", "-").replace(",", "")) for name, text in cells}


def open_linked(open_page, *knobs, **options) -> Page:
    query = "&".join(f"{name}={value}" for name, value in zip(KNOBS, knobs, strict=True))
    page = open_page(query=f"tab=gan&view=theorem&{query}", **options)
    page.locator(f"#theorem [data-mean='{knobs[3]}']").wait_for(state="attached")
    return page


@pytest.mark.parametrize(
    "knobs",
    [
        ("One bump", 0, 1, 2.5, 1, 0, 1, 0),
        ("Two bumps", 0, 1, -1, 0.6, 4, 0.4, 1.5),
        ("Two bumps", -2.5, 2, 1, 0.3, 1.5, 1, 0),
        ("A needle", 0, 1, 5, 0.1, 0, 1, 0),
        ("One bump", 0, 1, 1.5, 2, 2.5, 3, -3),
        ("One bump", -6, 2, 6, 2, 6, 1, 0),  # as far out as it goes
    ],
    ids=str,
)
def test_the_theorem_s_numbers_are_those_of_quadrature(open_page, knobs):
    page = open_linked(open_page, *knobs)
    wanted = by_quadrature(*knobs)
    for name, value in values(page).items():
        assert value == pytest.approx(wanted[name], abs=6e-4 if name != "V" else 1e-4, rel=1e-3)


@pytest.mark.parametrize(
    ("knobs", "jsd", "V"),
    [
        (("One bump", 1.5, 0.8, 1.5, 0.8, 0, 1, 0), "0.0000", "−1.3863"),  # equal
        (("Two bumps", -2, 1, -2, 0.6, 4, 1, 0), "0.0000", "−1.3863"),
        (("A needle", -6, 1, 6, 0.1, 0, 1, 0), "0.6931", "0.0000"),  # nothing in common
        (("One bump", -6, 0.5, 6, 0.5, 0, 1, 0), "0.6931", "0.0000"),
    ],
    ids=str,
)
def test_equal_and_disjoint_densities_are_exact_to_four_digits(open_page, knobs, jsd, V):
    page = open_linked(open_page, *knobs)
    for name, text in dict(JSD=jsd, best=V, V=V).items():
        expect(page.locator(f"#theorem [data-value={name}]")).to_have_text(text)


def test_the_curves_of_distances_are_those_of_quadrature(open_page):
    """Each goes through what it is worth with G at -6, 0 and 6; that of JSD is flat far away and that of W1 is not."""
    page = open_linked(open_page, "A needle", 1, 2, 0, 0.3, 0, 1, 0)
    at = [by_quadrature("A needle", 1, 2, mean, 0.3, 0, 1, 0) for mean in (-6, -4, 0, 6)]
    for name in ("JSD", "W1", "forward"):
        points = page.locator(f"#theorem [data-curve={name}]").get_attribute("points").split()
        xy = np.array([point.split(",") for point in points], dtype=float)
        places = np.interp([320 * (1 + mean / 7) for mean in (-6, -4, 0, 6)], *xy.T)
        wanted = np.array([one[name] for one in at])
        assert (122 - places) / 108 == pytest.approx(wanted / wanted.max(), abs=0.01)
    share = {name: at[1][name] / at[0][name] for name in ("JSD", "W1")}
    assert share["JSD"] > 0.999 and share["W1"] < 0.75


@pytest.mark.parametrize(
    ("part", "knob", "by"),
    [
        ("place", "place", -1),
        ("mean", "mean", 1),
        ("width", "width", 0.5),
        ("stretch", "stretch", 0.5),
    ],
)
def test_what_is_dragged_turns_its_own_knob(open_page, part, knob, by):
    page = open_linked(open_page, "One bump", -2, 1, 2, 1, 0, 1, 0)
    box = page.locator(f"#theorem [data-part={part}]").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    of_one = page.locator("#theorem .densities").bounding_box()["width"] / 14
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by * of_one, y, steps=6)
    page.mouse.up()
    before = dict(place=-2, mean=2, width=1, stretch=1)
    for name, value in before.items():
        value += by * (name == knob)
        expect(page.locator(f"#gan-{name} input[type=number]")).to_have_value(f"{value:g}")
    page.locator(f"#theorem [data-part={part}]").press("ArrowRight")
    value = before[knob] + by + 0.1
    expect(page.locator(f"#gan-{knob} input[type=number]")).to_have_value(f"{value:g}")


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_dragging_g_onto_the_data_brings_v_to_its_least(open_page, width):
    page = open_page(width, query="tab=gan&view=theorem")
    page.locator("#theorem .line.best[points]").wait_for(state="attached")
    asked = questions(page)
    plot = page.locator("#theorem .densities")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    x, y = box["x"] + box["width"] / 2 * (1 + 2.5 / 7), box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, y, steps=5)
    page.mouse.up()
    expect_done(page, "match")
    expect(page.locator("#gan-mean input[type=number]")).not_to_have_value("2.5")
    assert values(page)["best"] == pytest.approx(-2 * np.log(2), abs=2e-3)
    page.locator("#gan-bias input[type=number]").fill("2")
    expect_done(page, "match", "bend")
    page.get_by_role("button", name="The best D").click()
    expect(page.locator("#gan-bias input[type=number]")).to_have_value("0")
    assert asked == [], "all of it is computed in the page"
