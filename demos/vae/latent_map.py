"""Two dimensions as a map: drag a point, and see what it decodes to."""

import base64
import time
from functools import lru_cache

import gradio as gr

import checkpoints
from demos import ui
from demos.vae.latent import EDGE, ink, latent, means
from demos.vae.plane import PLANE, dots_of, sheet_of
from models.images import to_uint8

TITLE = "Digit map"
DOTS = 2500  # test digits on the map
START = (-0.9, -1.1)


# What is computed.


@lru_cache(maxsize=1)
def sheet() -> str:
    """The map's pictures in 29 x 29 cells, for the page to look up: a WebP as a data URI."""
    return sheet_of(ink)


def dots() -> str:
    """The first test digits that lie on the map, as dots_of gives them."""
    z, labels = means(2)
    inside = (z.abs() < EDGE).all(1).nonzero()[:DOTS, 0]
    return dots_of(z[inside], labels[inside])


def decode_2d(z1: float, z2: float) -> dict:
    """The picture at a point of the map. z1, z2: -3 to 3. Returns z, p(ink | z) in 784 bytes (base64) and the ms."""
    z = latent([z1, z2])
    start = time.perf_counter()
    p = ink(z)
    ms = 1000 * (time.perf_counter() - start)
    return dict(
        z=z[0].tolist(), ink=base64.b64encode(to_uint8(p).tobytes()).decode(), ms=round(ms, 2)
    )


def opened(z1: float, z2: float) -> dict:
    """The first picture: decode_2d, with the dots."""
    return decode_2d(z1, z2) | dict(dots=dots())


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST["vae-mnist-2d"]["measured"]
    larger = checkpoints.MANIFEST["vae-mnist-16d"]["measured"]
    ui.headline(
        "A map of handwriting",
        "Every digit becomes a point, and every point becomes a digit. Drag across the map and see what lies between.",
    )
    with ui.columns():
        with ui.knobs():
            z1 = ui.slider("vae", "z1", "z1", -EDGE, EDGE, START[0], 0.01)
            z2 = ui.slider("vae", "z2", "z2", -EDGE, EDGE, START[1], 0.01)
            middle = gr.Button("To the middle")
        with ui.stage():
            canvas = ui.canvas("latent_map", None, "latent-map", **PLANE)
            canvas.later = sheet
        ui.words(
            see=(
                "A dot is a test digit where the encoder puts it; it was never told which digit it is.",
                "Between two clusters the decoder draws something between two digits.",
                "White gaps are where few test digits land; the decoder draws something there too.",
            ),
            steps={
                "drag": "Drag across the map, from one digit to another",
                "gap": "Put the point into a white gap",
            },
        )
    ui.strip(
        [
            ("a bound", "on the likelihood, nothing exact"),
            (
                f"{measured['nats_per_image']:.1f} nats",
                f"a digit with 2 dimensions, all test digits; with 16: {larger['nats_per_image']:.1f}",
            ),
            (
                f"{measured['ten_nearest_agree']:.0%}",
                "of 10,000 test digits named right by the ten nearest training digits",
            ),
            ("", "per image, on this server"),
            (f"{measured['parameters'] / 1e6:.2f} M", "parameters"),
        ],
        live="per image, on this server",
    )
    ui.mathematics(MATHEMATICS)
    ui.first(opened, [z1, z2], [canvas])
    gr.api(sheet, api_name="sheet", queue=False)  # the page has it from gml.later
    ui.on([z1.input, z2.input, canvas.apply], decode_2d, [z1, z2], canvas, queue=False)
    for gesture, js in (
        (
            canvas.select,
            "() => JSON.parse(document.querySelector('#latent-map [data-z]').dataset.z)",
        ),
        (middle.click, "() => [0, 0]"),
    ):
        placed = ui.in_page(gesture, js, None, [z1, z2])
        ui.on(placed.then, decode_2d, [z1, z2], canvas, queue=False, api_visibility="private")
    ui.link("vae", z1=z1, z2=z2)


MATHEMATICS = r"""
The encoder answers a picture with a Gaussian, the decoder a point with one probability of ink per pixel. A dot is the
mean $\boldsymbol\mu$ of a test digit; the picture is $\mathbf{x}'$:

$$q_\phi(\mathbf{z} \mid \mathbf{x}) = \mathcal{N}(\boldsymbol\mu, \mathrm{diag}(\boldsymbol\sigma^2)) \qquad
p_\theta(\mathbf{x} \mid \mathbf{z}) = \prod_{i=1}^{784} (x'_i)^{x_i} (1 - x'_i)^{1 - x_i}, \quad
\mathbf{x}' = \mathbf{x}'(\mathbf{z})$$

New pictures begin with a draw from the prior $p(\mathbf{z}) = \mathcal{N}(\mathbf{0}, \mathbf{I})$. The map is drawn so
that equal areas are equally likely under it, with $\Phi$ the cumulative distribution of the normal:

$$u_d = \frac{\Phi(z_d) - \Phi(-3)}{\Phi(3) - \Phi(-3)}, \qquad d = 1, 2$$

If the encoder spread all digits together exactly as the prior, the dots would cover the square evenly. The KL term of
the bound pulls them there, digit by digit; the white gaps show how far that went. A draw from the prior may fall into
a gap, and then the decoder draws what it has hardly been trained on.
"""
