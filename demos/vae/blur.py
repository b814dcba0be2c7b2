"""Why a VAE's faces are blurred: what a squared error makes of what it is not told."""

import checkpoints
from demos import ui
from demos.vae.faces import LATENT, NAME, directions, model, pictures, shown
from models.images import noise
from models.vae_faces import draw

TITLE = "Why blurred"
GUESSES, SHOWN = 64, 4  # faces that are averaged, and how many of them are shown


# What is computed.


def why_blurred(seed: int, kept: int) -> str:
    """What a squared error does with what it is not told. seed: 0 to 9999. kept: 0 to 64 directions of z are known.

    The face of the seed, faces that agree with it in what is known and are drawn anew in the rest, their mean, and a
    true draw from p(x | z), as HTML.
    """
    seed, kept = ui.seed(seed), ui.whole(kept, "Directions known", 0, LATENT)
    z = noise((1, LATENT), [seed])[0]
    steps = directions()[0]
    axes = steps / steps.norm(dim=1, keepdim=True)  # orthonormal: N(0, I) along them too
    at = (z @ axes.T).expand(GUESSES, -1).clone()
    others = noise((LATENT,), range(ui.LARGEST_SEED + 1, ui.LARGEST_SEED + 1 + GUESSES))
    at[:, kept:] = others[:, kept:]
    guesses = pictures(at @ axes)
    mean = guesses.mean(0, keepdim=True)
    apart = (guesses - mean).square().mean().sqrt().item()
    grain = draw(model(), z, noise((3, 64, 64), [seed])).clamp(0, 1)
    cells = [
        (shown(pictures(z), "The face of the seed"), "the face"),
        (
            shown(guesses[:SHOWN], "Faces that agree with it in what is known", 2),
            f"{SHOWN} of {GUESSES} that fit",
        ),
        (
            shown(mean, "Their mean"),
            f"their mean: the best guess. They are {255 * apart:.0f} grey levels apart",
        ),
        (shown(grain, "A draw from p(x given z)"), f"a true draw from p(x | z), s = {model().s:g}"),
    ]
    return (
        "<div class='cells'>"
        + "".join(
            f"<figure>{picture}<figcaption>{words}</figcaption></figure>"
            for picture, words in cells
        )
        + "</div>"
    )


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST[NAME]["measured"]
    ui.headline(
        "Why it is blurred",
        "Sixty-four numbers cannot hold every hair. Many faces fit what they leave open, and the squared error is "
        "smallest at their mean.",
    )
    with ui.columns():
        with ui.knobs():
            seed = ui.seed_slider("vae", 3, name="blur-seed", label="Seed of the face")
            kept = ui.slider("vae", "known", "Directions known", 0, LATENT, 6)
        with ui.stage():
            cells = ui.html("", elem_id="why-blurred", **ui.ASKS)
        ui.words(
            see=(
                "Fewer known directions, more faces that fit, a softer mean.",
                "A VAE with 64 numbers has the same choice for everything that is finer.",
                "A true draw from p(x | z) is that mean with grey noise on top, so the mean is shown.",
            ),
            steps={
                "blur": "Set the directions known to 0: what is left is the mean",
                "known": "Set them to 64: nothing is left to guess",
            },
        )
    ui.strip(
        [
            (
                f"{255 * measured['root_mean_squared_error']:.0f} of 255",
                f"grey levels off, root mean square, {measured['test_images']:,} test faces",
            ),
            (f"{255 * measured['s']:.0f} of 255", "grey levels off that p(x | z) expects: s = 0.5"),
            (f"{measured['kl']:.0f} nats", "said about a face by all 64 numbers"),
            (f"{LATENT}", "numbers for 12,288 values of a picture"),
            (f"{measured['parameters'] / 1e6:.2f} M", "parameters"),
        ]
    )
    ui.mathematics(MATHEMATICS)
    ui.first(why_blurred, [seed, kept], [cells])
    done = ui.on(
        [seed.input, kept.input, cells.apply], why_blurred, [seed, kept], cells, queue=False
    )
    ui.in_page(
        done.success,
        """(_, known) => {
          const cells = document.querySelector('#why-blurred');
          if (known === 0) gml.did(cells, 'blur');
          if (known === 64) gml.did(cells, 'known');
        }""",
        [seed, kept],
    )
    ui.link("vae", **{"blur-seed": seed, "known": kept})


MATHEMATICS = r"""
For one $\mathbf{z}$ the decoder must name one picture $\mathbf{x}'$. The likelihood is a Gaussian, so it pays a squared
error, and among all pictures $\mathbf{c}$ the mean of those that fit pays least:

$$-\log p_\theta(\mathbf{x} \mid \mathbf{z})
= \frac{\lVert \mathbf{x} - \mathbf{x}'(\mathbf{z}) \rVert^2}{2 s^2} + \text{const}
\qquad \arg\min_{\mathbf{c}}\; \mathbb{E}\left[\lVert \mathbf{x} - \mathbf{c} \rVert^2 \mid \mathbf{z}\right]
= \mathbb{E}[\mathbf{x} \mid \mathbf{z}]$$

$$\mathbb{E}\left[\lVert \mathbf{x} - \mathbf{c} \rVert^2\right]
= \mathbb{E}\left[\lVert \mathbf{x} - \bar{\mathbf{x}} \rVert^2\right] + \lVert \bar{\mathbf{x}} - \mathbf{c} \rVert^2,
\qquad \bar{\mathbf{x}} = \mathbb{E}[\mathbf{x}]$$

A true draw adds noise that is drawn for every value alone, so it has no hair and no edges in it either:

$$\mathbf{x} = \mathbf{x}'(\mathbf{z}) + s\, \boldsymbol\epsilon, \quad
\boldsymbol\epsilon \sim \mathcal{N}(\mathbf{0}, \mathbf{I}), \quad s = 0.5$$
"""
