"""Every number in running text: filled from the manifest, held against the code that it tells of, or counted again."""

import re
from inspect import signature
from math import log, sqrt
from statistics import NormalDist

import numpy as np
import pytest
import torch
from scipy.special import xlogy
from scipy.stats import mannwhitneyu

import app
import checkpoints
import train.gan2d
from checkpoints import hub
from checkpoints.faces import PSI
from demos import TABS, shell
from demos.autoregressive import family, history, play, writers
from demos.diffusion.network import SHIPPED, network
from demos.flow import shape
from demos.gan import algorithm, arithmetic, loss
from demos.quiz import rounds
from demos.stylegan import directions, find, latent, mapping, psi
from demos.vae import beta
from demos.vae.latent import DRAWS, own_digit, weighed
from models import gan2d, schedules
from models.vae import log_p_x_given_z, plane, quadrature
from models.vae_faces import FaceVAE
from tests.texts import DEMOS, NUMBER, TEXTS, plain, unknown
from train.data import mnist
from train.stylegan import PAIRS
from train.vae_beta import ACTIVE

OF = {name: entry["measured"] for name, entry in checkpoints.MANIFEST.items()}


def default(function, name: str):
    return signature(function).parameters[name].default


def share(x: float) -> str:
    return f"{100 * NormalDist().cdf(x):.0f} %"


def written(name: str, file: str) -> int | float:
    """A constant of a script."""
    found = re.search(rf"{name} = (\d+(\.\d+)?)", (DEMOS / file).read_text(encoding="utf-8"))
    return float(found[1]) if found[2] else int(found[1])


ALL = f"{OF['pixelcnn-mnist']['test_images']:,}"
KEPT = network(SHIPPED).alpha_bar.tolist()
SCORES = checkpoints.load("pixelcnn-mnist-scores")
CLOTHES = f"{len(SCORES['fashion']):,} clothes"
TO_BOTH_SIDES = f"{NormalDist().inv_cdf(0.975):.2f}"
DRAWN, S = f"{DRAWS:,} draws", f"s = {default(FaceVAE, 's')}"
FACES = re.search(
    "[\\d,]+ training faces", checkpoints.MANIFEST["vae-faces-64d-directions"]["data"]
)[0]
CODES = OF["vqvae-mnist-codes"]

# file: what it says, with the number as it should be.
SAID = {
    "autoregressive/score.py": [
        f"{ALL} test digits, {CLOTHES} and",
        f"mean of {CLOTHES}",
        "99 of 100 test digits are below",  # the quantile .99: see below
        "above those 99 of 100",
        f"{history.IN_PAPER['PixelCNN']:.2f} for a PixelCNN",
        f"{history.IN_PAPER['Diagonal BiLSTM']:.2f} for a Diagonal BiLSTM",
    ],
    "autoregressive/colour.py": [
        f"the other as {hub.OFFERED[writers.LARGE[0]]['size'] ** 2:,} pixels",
    ],
    "autoregressive/history.py": [f"of the same {ALL} test digits"],
    "autoregressive/play.py": [f"−log p, {ALL} test digits"],
    "autoregressive/scales.py": [f"named as asked; by chance {1 / 10:.0%}"],
    "canvas/theorem.html": [f"JSD (most: {log(2):.4f})"],
    "diffusion/noising.py": [
        f"from ${1 - KEPT[0]:.4f}$ to ${1 - KEPT[-1] / KEPT[-2]:.2f}$ over a thousand times",
        f"falls from ${KEPT[0]:.4f}$ to ${KEPT[-1]:.5f}$",
    ],
    "diffusion/schedule.py": [f"qquad s = {default(schedules.cosine, 's')}$$"],
    "gan/laboratory.py": [
        rf"$\beta = {gan2d.BETAS}$",
        f"{written('COUNTED', 'canvas/game.js'):,} made points",
        f"each blurred by {written('BLUR', 'canvas/game.js')}",
    ],
    "gan/algorithm.py": [
        rf"the rate $10^{{{algorithm.FIRST['rateD']}}} = {10 ** algorithm.FIRST['rateD']:.1g}$"
    ],
    "gan/collapse.py": [
        f"of {train.gan2d.DEVIATION}, 2 apart",
        f"one of {train.gan2d.COUNTED:,} points",
        rf"$\log 25 = {log(25):.2f}$",
    ],
    "gan/loss.py": [
        f"${1 / loss.EARLY - 1:.0f}$ at $D = {loss.EARLY}$",
        rf"v - {loss.RATE} \; dL/dv",
    ],
    "gan/theorem.py": [f"over {written('STEPS', 'canvas/theorem.js') + 1:,} points"],
    "quiz/confusion.py": [
        f"1 is {share(1 / 2)} right, 3 is {share(3 / 2)}.",
        f"{TO_BOTH_SIDES} standard errors to both sides",
    ],
    "quiz/record.py": [
        f"is {share(1 / 2)} right with no leaning",
        f"95 %: {TO_BOTH_SIDES} standard errors to both sides",
    ],
    "quiz/room.py": [f"which is ${sqrt(3 / 4):.2f}$ or ${sqrt(3 * 2 / 9):.2f}$"],
    "quiz/play.py": [
        "= " + r",\; ".join(f"{p}"[1:] for p in rounds.CHANCES),
        rf"\mathbb{{E}}\,K = {sum(k * p for k, p in enumerate(rounds.CHANCES)):g} =",
        "gets $1.5$ of $3$ right on average",
        rf"= {100 / 2**3}\,\%$ of the rounds",
        rf"more often, in ${100 * rounds.CHANCES[0]:.0f}\,\%$",
    ],
    "stylegan/directions.py": [f"from {directions.DRAWS:,} draws"],
    "stylegan/find.py": [f"faces drawn at psi {latent.PSI},", rf"{255 / 2}\, \sqrt"],
    "stylegan/walk.py": [f"both over {PAIRS} pairs at psi {latent.PSI}"],
    "vae/beta.py": [
        f"> {ACTIVE}$ (Burda 2015)",
        f"{ALL} test digits, for beta 0, 1 and 16",
        f"beta 1 and 16, {ALL} test digits",
    ],
    "vae/blur.py": [rf"\quad {S}$$", f"expects: {S}", f"{3 * 64 * 64:,} values of a picture"],
    "vae/bound.py": [
        f"log w of {DRAWN}, in nats",
        f"at most, a digit: {ALL} test digits",
        f"by PixelCNN: the same {ALL}",
        f"draws, the same {ALL}",
        f"what {DRAWN} leave open",
    ],
    "vae/codes.py": [
        f"are used by {ALL} test digits",
        f"of {CODES['places']:,} places",
        f"all alike: {1 / 128:.1%}",
        f"Frechet distance of {OF['vqvae-mnist']['samples']:,} decoded test digits",
        f"drawn around it in {ALL} test digits",
    ],
    "vae/cvae.py": [f"named as asked; by chance {1 / 10:.0%}"],
    "vae/dials.py": [
        f"in all sixteen, {ALL} test digits",
        f"a digit, all {ALL} test digits",
        f"on average over {ALL} test digits",
    ],
    "vae/dims.py": [
        f"error per pixel, {ALL} test digits",
        f"16 numbers each, {ALL} test digits",
        f"the same {ALL} test digits",
    ],
    "vae/face_walk.py": [rf"\approx {sqrt(64 / 2):.1f}$ long"],
    "vae/faces.py": [f"with one ${S}$ for all", f"over {FACES}"],
    "vae/gap.py": [
        f"in {default(plane, 'squares') ** 2:,} squares",
        f"by less than {default(quadrature, 'near')} nats",
        rf"$\mathcal{{L}}$ by {DRAWN}.",
        f"The error: {DRAWN} in groups of $K$",
        f"all {DRAWN} count as",
        f"log w of {DRAWN}, in nats",
        f"Take {DRAWN}, then 1",
    ],
    "vae/latent_map.py": [f"of {ALL} test digits named right"],
    "vae/prior.py": [
        f"named as asked; by chance {1 / 10:.0%}",
        f"its {3 * 64 * 64:,} numbers one by one",
    ],
    "vae/versus.py": [f"of copies, {ALL} test digits"],
    # Said in words, and measured below, or where the comment says.
    "stylegan/mixing.py": ["half of the colour; middle ones features and a third of the colour"],
    "vae/gradients.py": ["minus a hundred nats and", "a few hundredths, as in 2-D"],
    "quiz/maker.py": [rf"are drawn with $\psi = {PSI:g}".replace("0.", ".")],
    "quiz/lineup.py": ["Blur, with half of the others' fine detail"],  # test_quiz_maker.py
}

# Numbers that nobody measured: how each begins or goes on, and why it stands there.
GIVEN = {
    "top half of a digit": "a place on the sheet",
    "temperature to 0.3": "a knob to be set",
    "temperature 0.3": "a knob to be set",
    "Take steps of 0.02": "a knob to be set",
    "Back at 0.2": "where the knob stands at first",
    "as a thousand coins,": "an example",
    "Further out than 99.9 %": "the handler's own line, from which on it says so",
    "784 of 784": "all pixels of a digit",
    "16 bits a colour": "what a file may hold",
    "a hundred steps along each axis": "an example",
    "95 % interval": "how wide intervals are here",
    "95 %: Gourevitch": "how wide intervals are here",
    "a coin: 50 %": "chance",
    "50 % is a coin toss": "chance",
    "a coin gets 50 %": "chance",
    "80 % sure": "an example",
    r"$D(\mathbf{x}) = .8$": "the same example",
    r"$D(\mathbf{x}) = .2$": "the same example",
    "784 draws are 784 steps": "all pixels of a digit",
    "Take 10 draws": "a knob to be set",
    "judged with 70 % certainty, 70 %": "an example",
    "Sure of each: 80 %": "an example",
    "How sure of each? 75 %": "where the knob stands at first",
    "of 255 grey levels": "as many as a picture has",
    "more than half of that": "the handler's own line, of the picture that is shown",
}


@pytest.mark.parametrize(
    "file, phrase", [(file, phrase) for file, own in SAID.items() for phrase in own]
)
def test_a_number_in_a_text_is_as_it_should_be(file, phrase):
    assert NUMBER.search(phrase) and any(phrase in said for said in TEXTS[file])


@pytest.mark.parametrize("phrase", GIVEN)
def test_what_is_given_is_said_somewhere(phrase):
    assert any(phrase in said for own in TEXTS.values() for said in own)


@pytest.mark.parametrize("file", TEXTS)
def test_no_number_stands_in_a_text_unseen(file):
    for said in TEXTS[file]:
        assert not unknown(said, [*SAID.get(file, ()), *GIVEN])


# What build() and handlers fill in, as a visitor reads it.
FILLED = [
    f"D at {loss.EARLY}",
    *(
        f"z{k}, {nats:.1f} nats"
        for k, nats in enumerate(OF["vae-mnist-16d"]["kl_per_dimension"], 1)
    ),
    f"Of the nats of a test digit {OF['pixelcnn-mnist']['coin_flips']:.1f} are",
    f"{arithmetic.REAL} faces here that D finds most real",
    f"{mapping.CLOUD} draws of z",
    rf"\lambda = {find.PRIOR}$$",
    f"Of {shape.PAIRS} pairs each",
    f"a round Gaussian of deviation {shape.WIDTH} around it",
]


def test_the_page_is_filled_from_the_manifest_and_with_nothing_else():
    """But for its strips, which are in strips.py."""
    built = [
        plain(said)
        for part in shell.Pages(app.build(), TABS).blocks.blocks.values()
        for said in (getattr(part, "value", None), getattr(part, "label", None))
        if isinstance(said, str)
        and " " in said
        and "class='strip'" not in said
        and '<p class="problem"' not in said  # weights that are not there, by name
    ]
    for phrase in FILLED:
        assert any(phrase in said for said in built), phrase
    phrases = [*FILLED, *GIVEN, *(phrase for own in SAID.values() for phrase in own)]
    assert not [lost for said in built for lost in unknown(said, phrases)]


@pytest.mark.parametrize("title", family.there())
def test_models_that_draw_pixels_tell_what_the_manifest_says(title):
    measured = OF[family.FAMILY[title].name]
    nats = f"{measured['nats_per_image']:.1f} ± {measured['standard_error']:.1f}"
    assert history.facts(title)["nats"] == nats
    drawn = play.draw(0, 1, "", title)[0]
    assert (drawn["quality"], drawn["trained"]) == (f"{nats} nats", measured["trained"])


def test_handlers_tell_what_the_manifest_says():
    many, one = OF["stylegan-faces"]["samples"], OF["vae-beta-16d-16"]
    assert f"Measured with {many:,} faces at each psi" in psi.crowd(0, 0.7)
    said = beta.beta_vae(16, beta.example(*beta.EXAMPLE), 0)
    assert f"{16 - one['active_units']} of 16 units say nothing" in said
    assert (
        f"Frechet distance {one['frechet_draws']:.0f} (real ones: "
        f"{one['frechet_training_digits']:.0f})" in said
    )


# Counted again.


def test_coin_flips(shared_data):
    chance = mnist(shared_data, "test")[0] / 255
    nats = -(xlogy(chance, chance) + xlogy(1 - chance, 1 - chance)).sum((1, 2)).mean()
    assert OF["pixelcnn-mnist"]["coin_flips"] == pytest.approx(nats, abs=1e-3)


def test_digits_and_clothes():
    digits, clothes = (SCORES[key].double().numpy() for key in ("digits", "fashion"))
    measured, line = OF["pixelcnn-mnist-scores"], np.quantile(digits, 0.99)
    area = mannwhitneyu(clothes, digits).statistic / len(digits) / len(clothes)
    again = dict(
        digits_99th_percentile=line,
        digits_mean=digits.mean(),
        fashion_above_it=(clothes > line).mean(),
        fashion_mean=clothes.mean(),
        roc_area=area,
    )
    assert measured == pytest.approx(again, abs=1e-3)


def test_coarse_layers_decide_half_of_the_colour():
    """How far the mean colour of a face goes to that of another with some of the other's layers, on average."""
    model, n = latent.generator(), 100
    w = latent.along(latent.w_of(range(2 * n)))
    colour = lambda w: model.synthesis(w, model.noise()).mean((2, 3))  # noqa: E731
    one, other = w[:n], w[n:]
    with torch.inference_mode():
        start, way, shares = colour(one), colour(other) - colour(one), {}
        for group, layers in latent.groups().items():
            mixed = one.clone()
            mixed[:, layers] = other[:, layers]
            shares[group] = (((colour(mixed) - start) * way).sum() / way.square().sum()).item()
    assert shares["Coarse"] == pytest.approx(1 / 2, abs=0.08)
    assert shares["Middle"] == pytest.approx(1 / 3, abs=0.08)
    assert shares["Fine"] == pytest.approx(1 / 6, abs=0.08)


def test_minus_a_hundred_nats_and_a_few_hundredths():
    """On average over the model's own digits, of which the view shows one."""
    of = [weighed(own_digit(k), "2-D") for k in range(10)]
    nats = [
        log_p_x_given_z(d.vae.decode(d.z[:500]), d.x.expand(500, -1, -1, -1)).mean() for d in of
    ]
    sigmas = torch.cat([(d.log_var[0] / 2).exp() for d in of])
    assert torch.stack(nats).mean() == pytest.approx(-100, abs=15)
    assert 0.01 < sigmas.median() < 0.05
