"""Mode collapse: four GANs on 25 Gaussians, recorded while they learned, on one clock."""

import base64
from functools import lru_cache

import checkpoints
from demos import ui

TITLE = "Mode collapse"
NAME = "gan2d-collapse"


# What is computed.


def runs() -> int:
    return checkpoints.MANIFEST[NAME]["measured"]["runs"]


@lru_cache(maxsize=16)
def recorded(run: int) -> dict:
    kept = checkpoints.load(NAME)
    config = checkpoints.MANIFEST[NAME]["config"]
    counts = {
        name: [[round(v, 3) for v in line] for line in kept[name][:, run].tolist()]
        for name in ("modes", "quality", "reverse_kl")
    }
    points = kept["points"][:, run]  # (kinds, moments, points, 2) uint8
    return dict(
        run=run + 1,
        kinds=config["kinds"],
        moments=config["moments"],
        shown=points.shape[2],
        points=base64.b64encode(points.numpy().tobytes()).decode(),
        **counts,
    )


def collapse_run(run: int) -> dict:
    """One run of each of the four GANs, as it was recorded.

    run: 1 to 10, the seed; the same for all four. Returns for each kind and moment the points that G made (two bytes
    each, 0 to 255 for -6 to 6, base64) and what was counted of 2,500: modes of 25, quality, reverse KL in nats.
    """
    run = ui.whole(run, "Run", 1, runs())
    checkpoints.load(NAME)  # which says so if the recording is gone, though a run of it is kept
    return recorded(run - 1)


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST[NAME]["measured"]
    ui.headline(
        "Fooling D is easier with less variety",
        "25 heaps of points to learn. Four GANs, the same networks and seeds, recorded while they learned.",
    )
    with ui.columns():
        with ui.knobs():
            run = ui.slider("gan", "run", "Run", 1, measured["runs"], 1)
        with ui.stage():
            canvas = ui.canvas("collapse", None, "collapse", parts=("surface",))
        ui.words(
            see=(
                "What G makes, in colour, on the 25 places of the data; below, modes covered, points near one, and KL.",
                "D cannot see that points are missing, only that those which are there look real.",
            ),
            steps={
                "play": "Play it to the end",
                "scrub": "Stop where the most modes are lost",
                "run": "Is another run any better?",
            },
        )
    kinds = {kind: ends for kind, ends in measured.items() if isinstance(ends, dict)}
    ui.strip(
        [
            (f"{ends['modes']:.1f}, {ends['quality']:.0%}, {ends['reverse_kl']:.2f}", kind)
            for kind, ends in kinds.items()
        ]
        + [
            (
                f"{measured['runs']} runs",
                f"each: means of modes of 25, points near one, KL, of {measured['points']:,} points",
            )
        ]
    )
    ui.mathematics(MATHEMATICS)
    ui.first(collapse_run, [run], [canvas])
    ui.on([run.input, canvas.apply], collapse_run, run, canvas, queue=False)
    ui.in_page(run.input, "() => gml.did(document.querySelector('#collapse'), 'run')")
    ui.link("gan", run=run)


MATHEMATICS = r"""
The data and the counting are those of Lin et al. 2018 (PacGAN, arXiv:1712.04086): 25 equal Gaussians with a deviation
of 0.05, 2 apart. A mode is covered when one of 2,500 points lies within three deviations of it; a point within three of
any is of high quality; and with $q$ the shares of the modes among these points,

$$\mathrm{KL}(q \,\|\, u) = \sum_{k=1}^{25} q_k \log (25\, q_k)$$

is 0 when all are equally frequent, and $\log 25 = 3.22$ when there is only one. Four games, with the same networks,
seeds and rates:

- **non-saturating**: the game as it was in 2014. $D$ judges one point at a time: $G$ loses nothing by repeating itself.
- **packing**: $D$ judges four points together (Lin et al.): four alike give themselves away.
- **minibatch deviation**: $D$ is told how far a batch spreads (Karras et al. 2018, arXiv:1710.10196).
- **relativistic, R1 + R2**: $D$ says which of two is more real (arXiv:1807.00734), and pays for its slope at data and
  at made points, which keeps the game from turning in circles (Huang et al. 2024, arXiv:2501.05441).

Recorded while `python -m train.gan2d` ran; nothing is trained now. In the laboratory you can train one yourself.
"""
