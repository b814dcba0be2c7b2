"""One's own face: encoded, decoded, and what the model leaves to chance."""

import gradio as gr
import torch
from torch import Tensor

from demos import photo as photos
from demos import ui
from demos.gan import training as gan
from demos.vae.faces import FURTHEST, model, pictures, shown
from models.images import noise
from models.vae import kl

TITLE = "Your face"

# What is computed.


def encode_photo(photo: str) -> tuple[str, str]:
    """Encode a photo of one face. photo: a data URL of a JPEG, PNG or WebP, at most 4096 pixels a side.

    Returns mu of q(z | x), 64 numbers with commas between, for the sliders; and as HTML the aligned face, its
    reconstruction, and what is left. The photo is kept nowhere.
    """
    aligned, both_eyes = photos.face(photo)
    x = torch.from_numpy(aligned).permute(2, 0, 1)[None].float() / 255
    note = "" if both_eyes else "; an eye was not found and is placed by the face"
    return taken_apart(x, f"your face, the eyes where training has them{note}")


def taken_apart(x: Tensor, words: str) -> tuple[str, str]:
    """What encode_photo returns, for an aligned face. x: (1, 3, 64, 64) in [0, 1]; words: what it is."""
    with torch.inference_mode():
        mu, log_var = model().encode(x)
    again, cost = pictures(mu), kl(mu, log_var).sum().item()
    left = x - again
    error = left.square().mean().sqrt().item()
    # Grey noise as strong as what is left: what a Gaussian with independent values takes it for.
    taken = torch.randn(left.shape, generator=torch.Generator().manual_seed(0)) * error
    cells = [
        (
            shown(x, "The face that is encoded"),
            words,
        ),
        (
            shown(again, "What the decoder makes of its sixty-four numbers"),
            f"decoded from 64 numbers, {cost:.0f} nats",
        ),
        (
            shown((0.5 + 2 * left).clamp(0, 1), "What is left: the difference, twice as strong"),
            f"what is left, twice as strong: {255 * error:.0f} grey levels. It has edges and hair in it",
        ),
        (
            shown((0.5 + 2 * taken).clamp(0, 1), "Noise of the same strength"),
            "what the likelihood takes it for: noise with no pattern, so nothing worth a number in z",
        ),
    ]
    z = ",".join(f"{v:.3f}" for v in mu[0].clamp(-FURTHEST, FURTHEST).tolist())
    return z, "<div class='cells'>" + "".join(
        f"<figure>{picture}<figcaption>{said}</figcaption></figure>" for picture, said in cells
    ) + "</div>"


def example() -> tuple[str, str]:
    """Until there is a photo: what encode_photo says of a face of nobody, by the house's own GAN."""
    return taken_apart(
        gan.draw(noise((gan.LATENT,), [4])), "a face drawn by a GAN; now choose yours"
    )


def example_face() -> str:
    """What the page shows until there is a photo: a face of nobody, taken apart. Returns HTML."""
    return example()[1]


# What is shown.


def build() -> None:
    ui.headline(
        "Your own face",
        "Encode a photo: what survives in sixty-four numbers, and what does not. Then turn its directions.",
    )
    with ui.columns():
        with ui.knobs():
            chosen = ui.canvas("photo", "", "own-photo", done_with_it="encoded")
            onto = gr.Button("Turn its directions")
        with ui.stage():
            cells = ui.html("", elem_id="own-face")
            z = gr.Textbox("", visible=False)
        ui.words(
            see=(
                "A photo is turned and cut as the training faces are, 64 pixels wide.",
                "The encoder names a mean for each of 64 numbers, the decoder draws them.",
                "What is left would be plain noise if the model were right; edges and hair show that it is not.",
            ),
            steps={
                "photo": "Encode a photo of yourself",
                "turn": "Turn its directions",
            },
        )
    ui.mathematics(MATHEMATICS)
    ui.first(example, [], [z, cells])
    gr.api(example_face, api_name="example_face", queue=False)  # the page has it from the start
    encoded = ui.on(chosen.input, encode_photo, chosen, [z, cells], show_progress="minimal")
    ui.in_page(encoded.success, "() => gml.did(document.querySelector('#own-photo'), 'photo')")
    ui.in_page(onto.click, TURN, z)


# The face goes on in the page's memory: not in an address, which is kept in many places.
TURN = """(z) => {
  gml.did(document.querySelector('#own-photo'), 'turn');
  gml.face = z;
  gml.go('vae', 'faces', Object.fromEntries(Array.from({length: 8}, (_, k) => [`f${k + 1}`, 0])))
    .then(() => dispatchEvent(new Event('gml-face')));
}"""

MATHEMATICS = r"""
Encode, take the mean, decode; what is left of the photo is $\mathbf{r}$:

$$q_\phi(\mathbf{z} \mid \mathbf{x}) = \mathcal{N}(\boldsymbol\mu, \mathrm{diag}(\boldsymbol\sigma^2)) \qquad
\mathbf{x}' = \mathbf{x}'(\boldsymbol\mu) \qquad \mathbf{r} = \mathbf{x} - \mathbf{x}'$$

What the 64 numbers cost, in nats, and what the likelihood says of $\mathbf{r}$:

$$\mathrm{KL} = \tfrac{1}{2} \sum_{d=1}^{64} \left(\mu_d^2 + \sigma_d^2 - \log \sigma_d^2 - 1\right) \qquad
\log p_\theta(\mathbf{x} \mid \mathbf{z} = \boldsymbol\mu) = -\frac{\lVert \mathbf{r} \rVert^2}{2 s^2} + \text{const}$$

Only the length of $\mathbf{r}$ counts. Noise of the same strength would cost the same as your hair, so nothing in
the second term asks for hair rather than for noise.
"""
