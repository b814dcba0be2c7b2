"""The theorem: what the page computes while one drags, against quadrature of torch's densities."""

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from demos.gan import theorem
from tests.gestures import DESK, PHONE, expect_done, questions


def by_quadrature(data: str, mean: float, width: float, gap: float, sure: float, bias: float):
    """What the page must say, by torch's own densities on another grid."""
    x = torch.linspace(-15, 15, 30_001, dtype=torch.float64)

    def log_density(middle, gap, width):
        means = torch.tensor([middle - gap / 2, middle + gap / 2], dtype=torch.float64)
        halves = torch.distributions.Categorical(torch.ones(2, dtype=torch.float64))
        normals = torch.distributions.Normal(means, width)
        return torch.distributions.MixtureSameFamily(halves, normals).log_prob(x)

    lp, lq = log_density(0.0, *theorem.DATA[data]), log_density(mean, gap, width)
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


@pytest.mark.parametrize(
    "knobs",
    [
        ("One bump", 2.5, 1, 0, 1, 0),
        ("One bump", 0, 1, 0, 1, 0),  # equal: V = -2 log 2, and every distance 0
        ("Two bumps", -1, 0.6, 4, 0.4, 1.5),
        ("A needle", 5, 0.1, 0, 1, 0),  # nothing in common: V = 0
        ("One bump", 1.5, 2, 2.5, 3, -3),
    ],
    ids=str,
)
def test_the_theorem_s_numbers_are_those_of_quadrature(open_page, knobs):
    names = ("data", "mean", "width", "gap", "sure", "bias")
    query = "&".join(f"{name}={value}" for name, value in zip(names, knobs, strict=True))
    page = open_page(query=f"tab=gan&view=theorem&{query}")
    page.locator(f"#theorem [data-mean='{knobs[1]}']").wait_for(state="attached")
    wanted = by_quadrature(*knobs)
    for name, value in values(page).items():
        assert value == pytest.approx(wanted[name], abs=6e-4 if name != "V" else 1e-4, rel=1e-3)


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
