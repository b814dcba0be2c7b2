"""The bound, its gap and the two gradients without a page: what the handlers say of a drawing."""

import json
import math
import re

import numpy as np
import pytest
import torch

import checkpoints
from demos.vae import bound, dials, gap, gradients
from demos.vae.latent import EDGE, MODELS, exactly, own_digit, weighed
from models import vae
from models.images import noise
from tests.answers import pictures
from tests.test_vae_tab import DRAWING, DRAWINGS, PIXELS, SKETCH


def numbers(html: str) -> dict[str, list[float]]:
    """{name: the numbers beside it} of what stands under the figures."""
    cells = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html)
    return {
        name: [float(v.replace(",", "")) for v in re.findall(r"-?[\d.,]+", value.replace("−", "-"))]
        for name, value in cells
    }


def test_six_lines_are_equalities_and_jensen_s_is_not():
    for digit in (0, 1, 3, 9):
        lines = bound.encode(own_digit(digit), "2-D")[1]["lines"]
        assert len(lines) == bound.LINES
        value, error = ([line[key] for line in lines] for key in ("value", "error"))
        exact = exactly(own_digit(digit)).log_p
        assert value[0] == value[1] == exact
        assert value[2] == pytest.approx(exact, abs=4 * error[2])
        assert value[2] - value[3] > 4 * (error[2] + error[3]), "Jensen loses something"
        assert value[3] == value[4] == value[5]
        assert value[6] == pytest.approx(value[5], abs=4 * (error[5] + error[6]))
        assert value[6] != value[5], "the KL is no mean over draws"


def test_the_lines_are_those_of_the_model():
    """Each number again, from the model's own parts."""
    lines = bound.encode(DRAWING, "16-D")[1]["lines"]
    assert [line["text"] for line in lines[:2]] == ["unknown"] * 2 and lines[0]["value"] is None
    model = checkpoints.load("vae-mnist-16d")
    x = torch.from_numpy(SKETCH.astype(np.float32))[None, None]
    with torch.inference_mode():
        mu, log_var = model.encode(x)
        z = vae.reparameterize(mu, log_var, noise((5000, 16), [0])[0])
        fit = vae.log_p_x_given_z(model.decode(z), x.expand(5000, -1, -1, -1)).double()
        cost = vae.kl(mu, log_var).sum().item()
        normal = torch.distributions.Normal
        p = normal(0.0, 1.0).log_prob(z).sum(1)
        q = normal(mu, (log_var / 2).exp()).log_prob(z).sum(1)
    log_w = fit + p - q
    assert lines[2]["value"] == pytest.approx(log_w.logsumexp(0).item() - math.log(5000), abs=1e-2)
    for k in (3, 4, 5):
        assert lines[k]["value"] == pytest.approx(log_w.mean().item(), abs=1e-2)
        assert lines[k]["error"] == pytest.approx(log_w.std().item() / 5000**0.5, rel=1e-2)
    assert lines[6]["value"] == pytest.approx(fit.mean().item() - cost, abs=1e-2)
    assert lines[6]["error"] == pytest.approx(fit.std().item() / 5000**0.5, rel=1e-2)
    assert f"{cost:.2f} nats" in lines[6]["note"]


def test_the_notes_and_the_equations_have_the_drawing_s_numbers():
    _, value, equations = bound.encode(DRAWING, "16-D")
    elbo = value["lines"][6]["value"]
    assert f"{elbo:.2f}" in equations and "d=1}^{16}" in equations
    assert re.search(r"cross\s+entropy, here [\d.]+ nats", equations)
    assert "10³²" in value["lines"][0]["note"]
    assert "squares" in bound.encode(DRAWING, "2-D")[1]["lines"][0]["note"]


def test_encoding_gives_the_knobs_of_other_views():
    z, value, _ = bound.encode(DRAWING, "16-D")
    z = [float(v) for v in z.split(",")]
    assert len(z) == 16 and all(-EDGE <= v <= EDGE for v in z)
    (shown,), (there,) = pictures(value["picture"]), pictures(dials.decode_16d(*z))
    assert np.abs(shown - there).mean() < 1, "to two decimals the same z"
    assert ((shown < 128) == SKETCH.astype(bool)).mean() > 0.95, "a one is decoded as a one"
    assert len(bound.encode(DRAWING, "2-D")[0].split(",")) == 2


@pytest.mark.parametrize("drawing", DRAWINGS, ids=["empty", "full", "one"])
def test_every_number_is_finite(drawing):
    for model in MODELS:
        _, value, equations = bound.encode(drawing, model)
        json.dumps(value, allow_nan=False)
        texts = [equations, gap.close_gap(drawing, model, 1), gap.close_gap(drawing, model, 5000)]
        texts.append(gradients.measure_gradients(drawing, model, 10))
        for text in texts:
            without_pictures = re.sub(r"data:image[^\"']+", "", text)
            assert not re.search(r"\b(nan|inf)\b", without_pictures, re.IGNORECASE)


def test_the_gap_is_the_divergence_on_the_page_too():
    html = gap.close_gap(own_digit(8), "2-D", 5000)
    told = numbers(html)
    (log_p,), (elbo, _) = told["log p(x), a sum"], told["L, the bound"]
    difference, error = told["log p(x) − L"]
    (apart,) = told["KL(q ‖ p(z | x)), a sum"]
    assert difference == pytest.approx(log_p - elbo, abs=0.011)
    assert difference == pytest.approx(apart, abs=4 * error + 0.011) and apart > 0.1
    best, error = told["L<sub>K</sub> with K = 5,000"]
    assert elbo < best < log_p + 4 * error
    # The climb is drawn with all its numbers, and they are in order.
    climb = re.search(r"The bound by K, draws of z: ([^\"]*)", html)[1]
    values = [float(v) for v in re.findall(r": (-[\d.]+) ±", climb)]
    assert len(values) == len(gap.STEPS) and values[0] == elbo and values[:4] == sorted(values[:4])


def test_sixteen_dimensions_have_no_plane():
    html = gap.close_gap(DRAWING, "16-D", 5000)
    told = numbers(html)
    assert told["log p(x), a sum"] == told["KL(q ‖ p(z | x)), a sum"] == []
    assert "No plane to sum over" in html and "<image" not in html
    assert "<image" in gap.close_gap(DRAWING, "2-D", 5000)


def test_the_picture_of_the_posterior_stands_where_the_plane_says():
    """Its brightest cell is at the most likely z, z1 to the right and z2 upwards."""
    for drawing in (own_digit(8), DRAWING, "1" * PIXELS):
        of, exact = gap.on_plane(drawing), exactly(drawing)
        (shade,) = pictures(of.density)
        row, column = np.unravel_index(shade.argmax(), shade.shape)
        n = len(shade)
        at = np.array([(column + 0.5) / n, (n - 1 - row + 0.5) / n]) * of.side + of.low
        share = exact.log_mass.exp()
        mean = (share @ exact.z) / share.sum()
        spread = ((share @ (exact.z - mean).square()) / share.sum()).sqrt()
        assert (np.abs(at - mean.numpy()) < 2.5 * spread.numpy() + of.side / n).all()


def test_when_the_encoder_misses_the_page_says_so():
    assert "has missed" in gap.close_gap("1" * PIXELS, "2-D", 5000)
    assert "has missed" not in gap.close_gap(own_digit(3), "2-D", 5000)
    assert "not even its error" in bound.encode("1" * PIXELS, "2-D")[1]["lines"][2]["note"]


@pytest.mark.parametrize("model", MODELS)
def test_both_gradients_are_those_of_the_page(model):
    html = gradients.measure_gradients(own_digit(3), model, 2000)
    rows = re.findall(r">(-?[\d,.]+) ± ([\d,.]+); a draw ± ([\d,]+)<", html.replace("−", "-"))
    path, score, less = ([float(v.replace(",", "")) for v in row] for row in rows)
    assert score[2] > 10 * path[2] and path[2] < less[2] < score[2]
    for mean, error, spread in (path, score, less):
        assert error == pytest.approx(spread / 2000**0.5, rel=0.02, abs=0.06)
        assert abs(mean - path[0]) < 4.5 * (error + path[1])
    told = numbers(html)
    assert told["score draws to match one pathwise"][0] > 100 > told["with a baseline"][0] > 1
    assert told["means differ by at most"][0] < 4.5
    # The pathwise mean again, as the derivative of a mean over the same draws.
    of = weighed(own_digit(3), model)
    mu = of.mu[0].clone().requires_grad_()
    z = mu + (of.log_var[0] / 2).exp() * of.epsilon[:2000].clone()
    x = of.x.clone().expand(2000, -1, -1, -1)
    mean = vae.log_p_x_given_z(of.vae.decode(z), x).mean()
    (by_mu,) = torch.autograd.grad(mean, mu)
    assert path[0] == pytest.approx(by_mu[0].item(), abs=0.06)
