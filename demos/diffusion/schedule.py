"""Schedule: how fast a digit drowns, bent by hand, and what the same network draws along the bent curve."""

import base64
from functools import lru_cache
from itertools import pairwise

import gradio as gr
import numpy as np
from torch import Tensor

from demos import ui
from demos.diffusion.network import SHIPPED, T, network
from demos.diffusion.noising import SIZE, first_drawing
from models import schedules
from models.ddpm import sample, times
from models.images import noise, to_uint8

TITLE = "Schedule"
KINDS = ("linear", "cosine", "by hand")
EDGE, GAP = (
    9.0,
    0.5,
)  # log SNR of a handle: at most to both sides, and at least below the one before it
MOST = 50  # steps
SHOWN = 8  # pictures, and steps whose worth is measured
GRAIN = 3  # the seed of the noise that the page drowns the drawing in
START = ("cosine", 1.7, 0.0, -1.8)


# What is computed.


def trained() -> Tensor:
    """log SNR of the noise levels that the network knows. -> (T,)."""
    return schedules.log_snr(network(SHIPPED).alpha_bar)


def curve(schedule: str, *snr: float) -> Tensor:
    """log SNR over time. snr: of the three handles, which count "by hand". -> (T,). Raises ValueError."""
    ui.choice(schedule, "Schedule", KINDS)
    handles = [ui.number(value, "A log SNR", -EDGE, EDGE) for value in snr]
    if any(a - b < GAP - 1e-6 for a, b in pairwise(handles)):
        raise ValueError(
            f"Noise only grows with t: of the three log SNRs, from {-EDGE:g} to {EDGE:g}, each is at least {GAP} "
            "below the one before it."
        )
    if schedule == "linear":
        return trained()
    if schedule == "cosine":
        return schedules.log_snr(schedules.cosine(T))
    first, *_, last = trained().tolist()
    return schedules.bent([first, *handles, last], T)


def path(along: Tensor, steps: int) -> tuple[int, ...]:
    """The times at which the network is asked: evenly spaced along the curve, each by its nearest known level."""
    return tuple(schedules.nearest(trained(), along[times(T, steps)]))


def looks(along: Tensor) -> tuple[int, ...]:
    """The eight times that are shown, and the last level of all, so that each of them has a step that leaves it."""
    return tuple(schedules.nearest(trained(), along[[*times(T, SHOWN), 0]]))


@lru_cache(maxsize=256)
def walk(along: tuple[int, ...], seed: int) -> tuple[str, tuple[float, ...]]:
    """DDIM (eta 0) from eight noises at these times.

    Returns the pictures, 784 bytes each (base64), and how much x0_hat changes from each time to the next: grey levels,
    mean over the pixels of all eight.
    """
    x = noise((1, SIZE, SIZE), range(seed, seed + SHOWN))
    states = list(sample(network(SHIPPED), x, along))
    guesses = [x_0 for *_, x_0 in states]
    changes = [127.5 * (b - a).abs().mean().item() for a, b in pairwise(guesses)]
    ink = base64.b64encode(to_uint8(states[-1][0], -1, 1).tobytes()).decode()
    return ink, tuple(round(change, 2) for change in changes)


def schedule_samples(
    schedule: str, snr1: float, snr2: float, snr3: float, steps: int, seed: int
) -> dict[str, object]:
    """Eight digits along a noise schedule, and along that of training from the same noises. seed: 0 to 9999.

    schedule: "linear" (as in training), "cosine", or "by hand" through snr1, snr2, snr3: log SNR at 1/4, 1/2, 3/4 of
    the time, 9 to -9, each at least 0.5 below the one before. steps: 2 to 50. Returns both rows as 784 bytes a picture
    (base64), and how much x0_hat changes in each of eight steps, from the latest: mean absolute grey levels.
    """
    along = curve(schedule, snr1, snr2, snr3)
    steps, seed = ui.whole(steps, "Steps", 2, MOST), ui.seed(seed)
    return dict(
        ours=walk(path(along, steps), seed)[0],
        trained=walk(path(trained(), steps), seed)[0],
        changes=walk(looks(along), seed)[1],
        trained_changes=walk(looks(trained()), seed)[1],
        schedule=schedule,
        snr=[float(snr) for snr in (snr1, snr2, snr3)],
        steps=steps,
        seed=seed,
    )


def opened(*knobs) -> dict:
    """The first pictures: schedule_samples, with the drawing and the noise that the page drowns it in."""
    ink = np.frombuffer(first_drawing().encode(), np.uint8) - ord("0")
    grain = noise((SIZE * SIZE,), [GRAIN])[0].numpy().astype("<f4")
    sent = dict(drawing=255 * ink, grain=grain)
    return schedule_samples(*knobs) | {
        name: base64.b64encode(values.tobytes()).decode() for name, values in sent.items()
    }


# What is shown.


def build() -> None:
    ui.headline(
        "How fast to drown a digit",
        "The schedule says how much noise there is at each time. Bend it: the network is the same, the steps are not.",
    )
    with ui.columns():
        with ui.knobs():
            kind, *start = START
            schedule = gr.Radio(KINDS, value=kind, label="Schedule", elem_id="diffusion-schedule")
            steps = ui.slider("diffusion", "strides", "Steps", 2, MOST, 10)
            seed = ui.seed_slider("diffusion", 0, "eight", "First seed")
            snr = [
                ui.slider("diffusion", f"snr{k}", f"log SNR at {at}", -EDGE, EDGE, value, 0.1)
                for k, at, value in zip((1, 2, 3), ("¼", "½", "¾"), start, strict=True)
            ]
        with ui.stage():
            canvas = ui.canvas("schedule", None, "schedule", edge=EDGE, gap=GAP, kinds=KINDS, T=T)
        ui.words(
            see=(
                "Above, how much of the variance is picture, and the same as log SNR, over time: drag the dots. "
                "The thin line is the schedule of training.",
                "Below, one seven at eight equal steps, and how much the network's guess changes in the step that "
                "leaves each: a short bar is a wasted step.",
                "Last, eight digits along each schedule, from the same noises.",
            ),
            steps={
                "linear": "Choose linear, then cosine again: which wastes more steps?",
                "bend": "Drag a dot down: how early is the seven lost?",
                "few": "Draw with 5 steps or fewer: which row holds?",
                "flat": "Push a dot against its neighbour: where do the bars go?",
            },
        )
    ui.mathematics(MATHEMATICS)
    knobs, bending = [schedule, *snr, steps, seed], [schedule, *snr]
    ui.first(opened, knobs, [canvas])
    plots = "document.querySelector('#schedule .two-plots')"
    ui.on([steps.input, seed.input, canvas.submit], schedule_samples, knobs, canvas, **ui.SAMPLER)
    for triggers, how in (
        (schedule.input, "choose"),
        ([one.input for one in snr], "turn"),
        (canvas.apply, "restore"),
    ):
        bent = ui.in_page(triggers, f"(...knobs) => {plots}.{how}(knobs)", bending, bending)
        ui.on(bent.then, schedule_samples, knobs, canvas, api_visibility="private", **ui.SAMPLER)
    few = "(n) => { if (n <= 5) gml.did(document.querySelector('#schedule'), 'few'); }"
    ui.in_page(steps.input, few, steps)
    ui.in_page(canvas.select, f"() => {plots}.knobs()", None, bending)
    named = {f"snr{k}": one for k, one in enumerate(snr, 1)}
    ui.link("diffusion", schedule=schedule, strides=steps, eight=seed, **named)


MATHEMATICS = r"""
A schedule is a curve $\bar\alpha_t$ from nearly 1 to nearly 0. It says all about the way into noise (Ho, Jain and
Abbeel 2020, arXiv:2006.11239):

$$q(\mathbf{x}_t \mid \mathbf{x}_0) = \mathcal{N}\big(\sqrt{\bar\alpha_t}\, \mathbf{x}_0,\;
(1 - \bar\alpha_t)\, \mathbf{I}\big), \qquad
\mathbf{x}_t = \sqrt{\bar\alpha_t}\, \mathbf{x}_0 + \sqrt{1 - \bar\alpha_t}\, \boldsymbol\epsilon$$

$$\mathrm{SNR}_t = \frac{\bar\alpha_t}{1 - \bar\alpha_t}, \qquad
\bar\alpha_t = \frac{1}{1 + e^{-\log \mathrm{SNR}_t}}$$

*Linear* is the schedule of training: $\beta_t$ grows evenly, and $\bar\alpha_t = \prod_{s \le t} (1 - \beta_s)$.
*Cosine* is that of Nichol and Dhariwal (2021, arXiv:2102.09672, Eq. 17), made because the linear one destroys a picture
more quickly than need be, so that its last steps add little:

$$\bar\alpha_t = \frac{f(t)}{f(0)}, \qquad
f(t) = \cos^2\!\left(\frac{t / T + s}{1 + s} \cdot \frac{\pi}{2}\right), \qquad s = 0.008$$

*By hand* the curve goes through your three dots in $\log \mathrm{SNR}$, between the ends of the linear one, smoothly
and always falling.

Why one network serves them all: it has learned the noise at a level of noise, and $t$ is only the name of that level.
Along another schedule it is asked at the level that is nearest among those of training, by $\log \mathrm{SNR}$, and a
step of DDIM leads from one to the next. With the linear schedule this is the sampler of the other views, exactly.

The ends matter. At the last time there must be no picture left, because sampling begins with pure noise; a schedule
that keeps some there trains for what sampling never sees (Lin et al. 2023, arXiv:2305.08891). At the first there must
be nearly no noise, because what is there then stays.

The bars: DDIM in eight steps and one more look at the end, from your eight noises, and between one look and the next

$$\frac{255}{2}\; \operatorname{mean} \big\lvert \hat{\mathbf{x}}_0(\mathbf{x}_{t_{k+1}}) -
\hat{\mathbf{x}}_0(\mathbf{x}_{t_k}) \big\rvert$$
"""
