"""The tab Autoregressive without a page: its handlers as plain functions, at every corner of the knobs."""

import re

import numpy as np
import pytest
import torch

import checkpoints
from demos.autoregressive import complete, family, history, mask, play, race, scales, score, see
from models import autoregressive, pixelcnn
from tests.answers import pictures, without_time

PIXELS = 784
# An L, drawn by hand: a stroke down and a foot, in the part that `complete` keeps.
SKETCH = np.zeros((28, 28), np.uint8)
SKETCH[4:14, 10:12] = SKETCH[12:14, 10:20] = 1
DRAWING = "".join(map(str, SKETCH.flatten()))
TOP = DRAWING[: PIXELS // 2] + "?" * (PIXELS // 2)  # its bottom half is to be drawn
HANDLERS = dict(
    draw=play.draw,
    film=play.film,
    complete=complete.complete,
    look=see.look,
    score=score.score,
    histories=history.histories,
    write_scales=scales.write_scales,
)


def forget() -> None:
    """Empty the caches: the second call of a test computes again."""
    play.picture.cache_clear()
    for cached in (see.field, history.field, history.wall, scales.written, scales.sheet):
        cached.cache_clear()


def bits(answer) -> np.ndarray:
    return np.array([*answer[0]["bits"]], int)


CORNERS = [
    *(("draw", (s, t, f)) for s in (0, 9999) for t in (0.1, 2) for f in ("", "0, 783", None)),
    ("draw", (7, 1, ", ".join(map(str, range(300, 700, 25))))),
    *(("film", (s, t, f)) for s, t, f in ((0, 2, ""), (9999, 0.1, "0, 783"))),
    *(("complete", (d * PIXELS, s, t)) for d in "01?" for s, t in ((0, 2), (9999, 0.1))),
    *(("look", (r, c, d)) for r in (0, 27) for c in (0, 27) for d in (0, 10)),
    *(("histories", (r, c, 9999)) for r in (0, 27) for c in (0, 27)),
    *(("write_scales", (d, 9999, t, g)) for d, t, g in (("any", 0.1, 0), ("9", 2, 5), ("0", 1, 1))),
    *(("score", (d,)) for d in ("0" * PIXELS, "1" * PIXELS, DRAWING)),
]


@pytest.mark.parametrize(("name", "given"), CORNERS, ids=lambda v: v if isinstance(v, str) else "")
def test_same_call_same_bytes_and_int_is_float(name, given):
    """A float slider that rests on 2 sends the int 2, and whole ones may send 2.0."""
    first = HANDLERS[name](*given)
    forget()
    as_float = [float(v) if isinstance(v, int) else v for v in given]
    assert without_time(HANDLERS[name](*as_float)) == without_time(first)


def test_different_seeds_differ():
    drawn = {play.draw(seed, 1, "")[0]["bits"] for seed in range(8)}
    assert len(drawn) == 8
    assert play.film(1, 1, "") != play.film(2, 1, "")
    assert complete.complete(TOP, 1, 1) != complete.complete(TOP, 2, 1)


def test_temperature_changes_the_picture_but_not_the_seed():
    cold, hot = play.draw(3, 0.3, "")[0], play.draw(3, 1.9, "")[0]
    assert cold["bits"] != hot["bits"] and cold["seed"] == hot["seed"] == 3
    assert cold["nats"] < hot["nats"], "the model finds its cold drawings likelier"


@pytest.mark.parametrize("i", [0, 300, 783])
def test_flip_keeps_the_past_and_changes_the_future(i):
    changed = []
    for seed in (2, 7, 11):
        before, after = bits(play.draw(seed, 1, "")), bits(play.draw(seed, 1, str(i)))
        assert (before[:i] == after[:i]).all()
        assert after[i] == 1 - before[i]
        changed.append((before[i + 1 :] != after[i + 1 :]).any())
    # Of the first pixel the network may make nothing, and after the last there is none.
    assert any(changed) or i != 300


def test_two_flips_are_one_after_the_other():
    first, second = 210, 400
    once, twice = bits(play.draw(7, 1, f"{first}")), bits(play.draw(7, 1, f"{first}, {second}"))
    assert (once[:second] == twice[:second]).all() and twice[second] == 1 - once[second]
    # The last flip, done by hand: the same past and the same uniforms must give the same future.
    given = torch.tensor(once, dtype=torch.float32)
    given[second], given[second + 1 :] = 1 - given[second], -1
    u = torch.rand(1, 28, 28, generator=torch.Generator().manual_seed(7))[None]
    *_, wanted = pixelcnn.sample(family.load(family.FIRST), u, given.view(1, 1, 28, 28), 1.0)
    assert (wanted.flatten().numpy() == twice).all()


def test_draw_tells_the_truth_about_its_picture():
    value, equations = play.draw(7, 1, "")
    x = torch.tensor(bits([value]), dtype=torch.float32).view(1, 1, 28, 28)
    assert value["nats"] == pytest.approx(
        autoregressive.loss(family.load(family.FIRST), x).item(), abs=2e-3
    )
    sign = np.where(bits([value]) == 1, -1, 1)
    worst = np.logaddexp(0, sign * np.array(value["logits"])).argmax()
    assert f"{-value['nats']:.2f}" in equations and f"pixel {worst}," in equations


def test_film_ends_with_the_picture():
    drawn = bits(play.draw(7, 1, "")).reshape(28, 28)
    frames = pictures(play.film(7, 1, ""))
    assert len(frames) == 57
    assert (frames[-1] == np.kron(1 - drawn, np.full((8, 8), 255))).all()
    half = 29 * 14  # pixels drawn in frame 29: the first 14 rows and a half
    early, late = frames[29].reshape(28, 8, 28, 8)[:, 0, :, 0].flatten(), frames[0].flatten()
    assert (early[:half] == 255 * (1 - drawn.flatten()[:half])).all()
    assert set(early[half:]) == set(late) and len(set(late)) == 1


def test_endings_keep_the_top_half_and_differ():
    text, sentence = complete.complete(TOP, 1, 1)
    endings = [pictures(image)[0] for image in re.findall("<img[^>]*>", text)]
    assert len(endings) == 4 and all(e.shape == (28, 28) for e in endings)
    assert all((e[:14] == 255 * (1 - SKETCH[:14])).all() for e in endings)
    assert len({e[14:].tobytes() for e in endings}) == 4
    assert sentence.startswith("392 pixels given. −log p(x)")
    for nats, ending in zip(re.findall(r"\d+\.\d", sentence), endings, strict=True):
        x = torch.tensor(ending < 128, dtype=torch.float32).view(1, 1, 28, 28)
        assert float(nats) == pytest.approx(
            autoregressive.loss(family.load(family.FIRST), x).item(), abs=0.051
        )
        assert f": {nats} nats" in text


@pytest.mark.parametrize("title", family.there())
def test_any_pixels_can_be_given_to_any_model(title):
    """A stripe down the right half: it stays, and no pixel before it can know of it."""
    sheet = np.full((28, 28), "?")
    sheet[:, 20:] = "0"
    sheet[::3, 24] = "1"
    text, sentence = complete.complete("".join(sheet.flatten()), 5, 1, title)
    endings = [pictures(image)[0] for image in re.findall("<img[^>]*>", text)]
    wanted = np.where(sheet[:, 20:] == "1", 0, 255)
    assert all((e[:, 20:] == wanted).all() for e in endings)
    assert len({e[:, :20].tobytes() for e in endings}) == 4
    assert "224 pixels given. 8 of them come after all drawn ones" in sentence
    first_row = complete.complete("?" * PIXELS, 5, 1, title)[0]
    free = [pictures(image)[0] for image in re.findall("<img[^>]*>", first_row)]
    assert all((a[0, :20] == b[0, :20]).all() for a, b in zip(endings, free, strict=True))


def test_a_full_sheet_leaves_nothing_to_draw():
    text, sentence = complete.complete(DRAWING, 1, 1)
    endings = [pictures(image)[0] for image in re.findall("<img[^>]*>", text)]
    assert all((e == 255 * (1 - SKETCH)).all() for e in endings)
    assert sentence.startswith("Every pixel is given: nothing is left to draw.")


@pytest.mark.parametrize("title", family.there())
def test_a_flip_keeps_the_past_of_every_model(title):
    before, after = (bits(play.draw(7, 1, flips, title)) for flips in ("", "300"))
    assert (before[:300] == after[:300]).all() and before[300] != after[300]
    assert play.draw(7, 1, "", title)[0]["model"] == title


def test_histories_show_gradients_and_draws_of_every_model():
    value = history.histories(16, 14, 3)
    assert [m["title"] for m in value["models"]] == family.there()
    for m in value["models"]:
        levels = np.frombuffer(bytes.fromhex(m["field"]), np.uint8)
        assert not levels[value["past"] :].any() and levels.max() == 255
        assert m["seen"] == (levels > 0).sum()
        drawn = pictures(m["wall"])[0]
        one = bits(play.draw(3, 1, "", m["title"])).reshape(28, 28)
        assert (drawn[:, :28] == 255 * (1 - one)).all(), "other pictures than the player draws"
    seen = {m["title"]: m["seen"] for m in value["models"]}
    assert seen["PixelCNN"] < value["past"], "the blind spot"
    assert seen["Gated PixelCNN"] == value["past"]


def test_no_digit_and_yet_likely():
    """What the page says of its three sheets, by the model that scores a drawing."""
    nats = score.traps()
    assert nats["empty"] == min(nats.values()) and nats["noise"] == max(nats.values())
    for name, sheet in score.SHEETS.items():
        assert score.score(sheet)[0].startswith(f"<b>{nats[name]:.1f} nats</b>")
    digits = checkpoints.load("pixelcnn-mnist-scores")["digits"]
    assert (digits > nats["empty"]).float().mean() > 0.9


def test_the_kernels_shown_are_those_of_the_network():
    value = mask.kernels()
    assert value["bits"] == play.draw(mask.SEED, 1, "")[0]["bits"]
    for kind, layer in (
        ("A", family.load(family.FIRST).first),
        ("B", family.load(family.FIRST).blocks[0].look),
    ):
        shown, k = value[kind], layer.k
        half = k * k // 2  # the taps before the centre
        assert shown["mask"] == [1] * (half + (kind == "B")) + [0] * (k * k - half - (kind == "B"))
        assert len(shown["strength"]) == k * k and max(shown["strength"]) == 1
        assert all(
            bool(s) == bool(m) for s, m in zip(shown["strength"], shown["mask"], strict=True)
        )


@pytest.mark.parametrize("depth", [0, 3, 10])
def test_a_pixel_is_predicted_from_its_past_alone(depth):
    for row, col in ((0, 0), (1, 27), (16, 14), (27, 27)):
        value = see.look(row, col, depth)
        field, here = np.array(value["field"]), 28 * row + col
        assert (field[here:] == 0).all() and (field >= 0).all() and field.max() <= 1
        assert value["past"] == here and value["seen"] == np.count_nonzero(field) <= here
    if depth:
        assert see.look(27, 27, depth)["seen"] > see.look(27, 27, depth - 1)["seen"]


@pytest.mark.parametrize("depth", [0, 1, 3, 10])
def test_how_far_the_mathematics_says_it_sees(depth):
    """a rows up: no further to the right than 2 min(a, d + 1) + 1 columns, and no higher than 3 + 2 d rows."""
    row, col = 20, 10
    field = np.array(see.look(row, col, depth)["field"]).reshape(28, 28)
    for a in range(1, row + 1):
        seen = np.flatnonzero(field[row - a])
        if a > 3 + 2 * depth:
            assert not len(seen)
        else:
            assert seen.max() - col == min(2 * min(a, depth + 1) + 1, 27 - col)


def test_before_the_race_nothing_is_timed():
    drawn = bits(play.draw(7, 1, "")).reshape(28, 28)
    text = race.line_up(7)
    assert "ms" not in text and "0 of 784 passes" in text and "faster" not in text
    fast, slow = (pictures(image)[0] for image in re.findall("<img[^>]*>", text))
    assert (fast == 255 * (1 - drawn)).all() and len(set(slow.flatten())) == 1


def test_each_race_is_timed_anew(monkeypatch):
    """Not the time that somebody's picture took before: the sampler runs again."""
    runs = []

    def counted(*given):
        runs.append(given)
        yield from pixelcnn.sample(*given)

    monkeypatch.setattr(race, "sample", counted)
    for _ in range(2):
        next(race.race(7))
    assert len(runs) == 2


def test_race_draws_the_same_digit_twice():
    *states, last = race.race(7)
    drawn = bits(play.draw(7, 1, "")).reshape(28, 28)
    assert [int(re.search(r"(\d+) of 784", s)[1]) for s in states] == [*range(0, PIXELS, 28)]
    assert "faster" not in states[-1] and "784 of 784" in last
    assert re.search(r"<b>\d+ times</b> faster, the same pixels", last)
    for text in re.findall("<img[^>]*>", last):
        assert (pictures(text)[0] == 255 * (1 - drawn)).all()
    # Half way the slow lane holds the first half of the same digit, and grey.
    slow = pictures(re.findall("<img[^>]*>", states[14])[1])[0]
    assert (slow[:14] == 255 * (1 - drawn[:14])).all() and len(set(slow[14:].flatten())) == 1


def test_score_is_the_models_own():
    x = torch.tensor(SKETCH, dtype=torch.float32).view(1, 1, 28, 28)
    sentence, histogram = score.score(DRAWING)
    nats = autoregressive.loss(family.load(family.FIRST), x).item()
    assert f"<b>{nats:.1f} nats</b>" in sentence and f"yours: {nats:.1f}" in histogram
    assert "<svg" in histogram and "nan" not in histogram.lower()


def test_an_empty_sheet_is_likely_and_says_so():
    sentence, _ = score.score("0" * PIXELS)
    nats = autoregressive.loss(family.load(family.FIRST), torch.zeros(1, 1, 28, 28)).item()
    digits = checkpoints.load("pixelcnn-mnist-scores")["digits"]
    assert f"<b>{nats:.1f} nats</b>" in sentence and "empty sheet" in sentence
    assert f"likelier than {(digits >= nats).float().mean():.0%} of the test digits" in sentence


def test_handlers_never_write_to_the_model():
    before = {key: tensor.clone() for key, tensor in family.load(family.FIRST).state_dict().items()}
    for name, given in CORNERS:
        forget()
        HANDLERS[name](*given)
        after = family.load(family.FIRST).state_dict()
        assert all(torch.equal(after[key], tensor) for key, tensor in before.items()), name
    assert not any(
        p.requires_grad or p.grad is not None for p in family.load(family.FIRST).parameters()
    )
