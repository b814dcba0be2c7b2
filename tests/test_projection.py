"""The search for a face's w: against torch's Adam and closed forms, one at a time, ended by Stop or a closed page."""

import json
import threading

import httpx
import numpy as np
import pytest
import torch

import checkpoints
from demos.stylegan import find, latent
from models import projection
from models.images import noise
from models.projection import project, rate, spread
from models.stylegan import Generator
from tests.answers import Clock
from tests.endpoints import GOOD, HTTP, ask, check_message
from tests.portrait import data_url, portrait
from tests.test_stylegan_tab import decoded, mixed

SMALL = Generator(16, (12, 10, 8), latent=10, depth=2).eval().requires_grad_(False)


def test_the_axes_are_those_of_the_covariance():
    z = noise((SMALL.latent,), range(500))
    around = spread(SMALL, z)
    with torch.inference_mode():
        w = (SMALL.mapping(z) - SMALL.mapping.w_avg).numpy()
    assert torch.allclose(
        around.axes.T @ around.axes, torch.from_numpy(w.T @ w / len(w)), atol=1e-5
    )
    lengths = around.axes.square().sum(1)
    assert (lengths.diff() <= 0).all(), "the strongest first"
    # Of all draws the mean square distance is one for each axis, by the covariance's own definition.
    far = [around.distance(torch.from_numpy(v) + around.mean) for v in w]
    assert np.mean(np.square(far)) == pytest.approx(1, rel=1e-3)
    assert around.distance(around.mean) == 0
    a = torch.randn(3, SMALL.latent, generator=torch.Generator().manual_seed(1))
    assert around.distance(around.w(a)) == pytest.approx(a.square().mean().sqrt().item(), rel=1e-3)


def test_the_rate_climbs_and_falls_as_in_the_paper():
    assert rate(0) == 0 and rate(1) == pytest.approx(0) and rate(0.025) == pytest.approx(0.5)
    assert rate(0.05) == rate(0.5) == rate(0.75) == 1
    assert rate(0.875) == pytest.approx(0.5)


@pytest.mark.parametrize("per_layer", [False, True])
def test_the_search_is_torchs_adam(monkeypatch, per_layer):
    monkeypatch.setattr(projection, "NOISE", 0.0)
    # With its own epsilon a slope that is nothing but rounding decides a whole step.
    monkeypatch.setattr(projection, "EPSILON", 1e-3)
    around, steps = spread(SMALL, noise((SMALL.latent,), range(500))), 30
    x = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(2)) * 2 - 1
    got = [*project(SMALL, around, x, steps, torch.Generator(), per_layer)]
    a = torch.zeros(1, SMALL.layers if per_layer else 1, SMALL.latent, requires_grad=True)
    adam = torch.optim.Adam([a], lr=projection.RATE, betas=projection.BETAS, eps=projection.EPSILON)
    for k in range(steps):
        ws = around.w(a).expand(-1, SMALL.layers, -1)
        error = (SMALL.synthesis(ws, SMALL.noise()) - x).square().mean()
        assert torch.allclose(got[k][0], ws, atol=1e-5) and got[k][1] == pytest.approx(
            error.item(), rel=1e-4
        )
        adam.zero_grad()
        (error + projection.PRIOR * a.square().mean()).backward()
        adam.param_groups[0]["lr"] = projection.RATE * rate((k + 0.5) / steps)
        adam.step()
    assert len(got) == steps + 1 and torch.allclose(got[-1][0], around.w(a), atol=1e-5)
    assert not got[-1][0].requires_grad and all(p.grad is None for p in SMALL.parameters())


def test_it_starts_at_the_mean_face_and_can_be_repeated():
    x = torch.zeros(1, 3, 16, 16)
    around = spread(SMALL, noise((SMALL.latent,), range(500)))
    one, same, other = (
        [*project(SMALL, around, x, 20, torch.Generator().manual_seed(seed))][::20]
        for seed in (1, 1, 2)
    )
    assert torch.equal(one[0][0], SMALL.mapping.w_avg.expand(1, SMALL.layers, -1))
    assert torch.equal(one[1][0], same[1][0]) and not torch.equal(one[1][0], other[1][0])


def last(*given) -> dict:
    *_, value = find.find_face(*given)
    return value


@pytest.mark.parametrize("space", find.SPACES)
def test_faces_that_were_drawn_are_found_again(space):
    """Measured over 16 faces in the manifest; here over four, with fewer steps."""
    measured = checkpoints.MANIFEST[latent.SHIPPED]["measured"]
    assert measured["found_grey_levels"] < measured["mean_face_grey_levels"] / 4
    assert measured["mean_face_grey_levels"] < measured["another_face_grey_levels"]
    for seed in range(4):
        errors = last("", seed, 100, space)["errors"]
        assert len(errors) == 101 and errors[-1] < errors[0] / 2.5


def test_what_is_found_is_drawn_and_mixed_like_any_face():
    value = last("", 3, 60, "W+")
    (face,) = decoded(value["face"])
    sheet = mixed("w1, 5", "9", "", latent.PSI, value["w"])
    (drawn,) = decoded(sheet["sheet"])
    side = latent.generator().size
    row = drawn[side : 2 * side, :side].astype(int)
    assert np.abs(row - face).max() <= 2, "two bytes of each number are kept"
    assert np.abs(drawn[side : 2 * side, side:].astype(int) - face).max() <= 2, (
        "no layer of the column"
    )
    assert sheet["rows"] == [["w1"] * latent.generator().layers, [5] * latent.generator().layers]
    with pytest.raises(ValueError, match="w1 was found on another page"):
        mixed("w1, 5", "9", "", latent.PSI)
    with pytest.raises(ValueError, match="Rows: 1 to 8 faces"):
        mixed("w2, 5", "9", "", latent.PSI, value["w"])
    strip = decoded(find.push_found(value["w"], 2))[0]
    assert np.abs(strip[:, 3 * side : 4 * side].astype(int) - face).max() <= 2, (
        "in the middle: as found"
    )
    assert "AI-generated" in find.found_picture.__doc__ and find.found_picture(
        value["w"]
    ).startswith("data:image/png")


def test_a_photo_is_what_is_searched_for():
    photo = data_url(portrait())
    value = last(photo, 7, 20, "W")
    assert value["what"].startswith("Your photo") and value["done"]
    other = last("", 7, 20, "W")
    assert value["target"] != other["target"] and value["w"] != other["w"]


# In a line, over HTTP.


def searching(app_url, **changed):
    """A search that is read as it comes: a stream of (event, value)."""
    body = dict(data=[*(GOOD["find_face"] | changed).values()])
    event = HTTP.post(f"{app_url}/gradio_api/call/find_face", json=body).json()["event_id"]
    with httpx.stream("GET", f"{app_url}/gradio_api/call/find_face/{event}", timeout=60) as stream:
        lines = stream.iter_lines()
        for line in lines:
            if line.startswith("event: "):
                yield line[7:], json.loads(next(lines).removeprefix("data: "))


def hears_of_its_place(stream, before: int) -> None:
    """Read until it is said how many come before."""
    for kind, value in stream:
        if kind == "generating" and value[0]["waiting"] == before:
            return
    pytest.fail("it was not made to wait")


@pytest.fixture
def occupied(monkeypatch):
    """Somebody is looking for a face, and ends when this is called; until then those who wait sleep."""
    line, somebody, gone = find._line, object(), threading.Event()
    pause = threading.Event()  # never set: a moment of rest for who waits for another one
    monkeypatch.setattr(find, "time", Clock(asleep=lambda: gone.wait(60) and pause.wait(0.01)))
    line.append(somebody)

    def go() -> None:
        line.remove(somebody)
        gone.set()

    yield go
    if somebody in line:
        go()


def test_the_second_waits_hears_of_it_and_has_its_turn(app_url, occupied):
    stream = searching(app_url)
    hears_of_its_place(stream, 1)
    occupied()
    kinds = [(kind, value) for kind, value in stream if kind in ("generating", "complete")]
    assert (
        kinds[-1][0] == "complete"
        and kinds[-1][1][0]["done"]
        and len(kinds[-1][1][0]["errors"]) == 21
    )
    assert find._line == []


def test_a_long_line_is_closed_and_so_is_a_long_wait(app_url, monkeypatch, occupied):
    crowd = [object() for _ in range(find.LINE - 1)]
    monkeypatch.setattr(find, "_line", [*find._line, *crowd])
    check_message(ask(app_url, "find_face", GOOD["find_face"], True)[1], "searches wait already")
    assert len(find._line) == find.LINE, "and who was refused has left"
    monkeypatch.setattr(find, "_line", crowd[:1])
    monkeypatch.setattr(find, "time", Clock(tick=find.LONGEST_WAIT / 3))
    check_message(ask(app_url, "find_face", GOOD["find_face"], True)[1], "Too many faces")
    assert find._line == crowd[:1]


def test_a_search_that_takes_too_long_ends_with_what_it_has(monkeypatch):
    monkeypatch.setattr(find, "time", Clock(tick=1))  # a second a step
    value = last("", 7, 400, "W")
    assert value["done"] and len(value["errors"]) == find.LONGEST + 1 and value["ms"] == 1000


def test_two_at_once_both_find_theirs(app_url, occupied):
    streams = {seed: searching(app_url, seed=seed) for seed in (3, 4)}
    for before, stream in enumerate(streams.values(), 1):
        hears_of_its_place(stream, before)
    occupied()
    for seed, stream in streams.items():
        *_, (kind, (value,)) = ((k, v) for k, v in stream if k in ("complete", "error"))
        assert kind == "complete" and value["w"] == last("", seed, 20, "W")["w"], (
            "the same as alone"
        )
    assert find._line == []
