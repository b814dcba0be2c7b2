"""What truncation costs: faces at one psi, and precision and recall as they were measured at several."""

import gradio as gr
import torch

import checkpoints
from demos import ui
from demos.stylegan import figures
from demos.stylegan.latent import PSI, along, pictures, quality, w_of
from demos.stylegan.network import SHIPPED

TITLE = "What psi costs"
FACES, ACROSS = 20, 5


# What is computed.


def crowd(seed: int, psi: float) -> str:
    """Twenty faces at one psi beside what was measured at several. seed: 0 to 9999, of the first. psi: 0 to 1."""
    seed, psi = ui.seed(seed), ui.number(psi, "psi", 0, 1)
    measured = checkpoints.MANIFEST[SHIPPED]["measured"]
    drawn = pictures(along(w_of(range(seed, seed + FACES)), psi))
    faces = ui.photo(drawn, f"{FACES} faces at psi {psi:g}", ACROSS, quality())
    curves = dict(precision=measured["psi_precision_at_32"], recall=measured["psi_recall_at_32"])
    return (
        f"<div class='crowd'><figure>{faces}<figcaption>Psi {psi:g}. Two of these faces are {apart(drawn):.0f} grey "
        f"levels apart on average</figcaption></figure><figure>{figures.costs(measured['psi'], curves, psi)}"
        f"<figcaption>Measured with {measured['samples']:,} faces at each psi, at 32 pixels. The upright line is "
        "the psi you see</figcaption></figure></div>"
    )


def apart(drawn) -> float:
    """The mean over all pairs of the root mean square of their difference. drawn: (n, H, W, 3) uint8."""
    x = torch.from_numpy(drawn).float().flatten(1)
    return (torch.pdist(x) / x.shape[1] ** 0.5).mean().item()


# What is shown.


def build() -> None:
    measured = checkpoints.MANIFEST[SHIPPED]["measured"]
    ui.headline(
        "Better faces, fewer faces",
        "Nearer to the mean face, faces look more like faces, and more like each other. Precision counts the first, "
        "recall the second.",
    )
    with gr.Row(elem_classes=["columns", "wide"]):
        with ui.knobs():
            seed = ui.seed_slider("stylegan", 7, "cost-seed", "First seed")
            psi = ui.slider("stylegan", "cost-psi", "Truncation psi", 0, 1, PSI, 0.05)
            another = gr.Button("Other faces", variant="primary")
        with ui.stage():
            shown = ui.html("", elem_id="psi-costs", **ui.ASKS)
        ui.words(
            see=(
                f"{FACES} people, all drawn with the same psi.",
                "As psi falls they become clean, and alike: precision climbs while recall falls.",
                "At 0 everybody is the mean face.",
            ),
            steps={
                "mean": "Take psi to 0",
                "wild": "Take psi to 1, as the network was trained",
            },
        )
    ui.strip(
        [
            (f"{p:.2f} / {r:.2f}", f"precision / recall at psi {v:g}")
            for v, p, r in zip(
                measured["psi"],
                measured["psi_precision_at_32"],
                measured["psi_recall_at_32"],
                strict=True,
            )
        ]
        + [
            (
                f"{measured['floor_precision_at_32']:.2f} / {measured['floor_recall_at_32']:.2f}",
                f"other real faces in place of drawn ones; {measured['samples']:,} each",
            )
        ]
    )
    ui.mathematics(MATHEMATICS)
    ui.first(crowd, [seed, psi], [shown])
    # The faces are a part of one_face's and mix_styles' answers, which the API has.
    private = dict(api_visibility="private")
    turned = ui.on([psi.input, seed.input, shown.apply], crowd, [seed, psi], shown, **private)
    next_seed = ui.in_page(another.click, f"(seed) => (seed + {FACES}) % 9980", seed, seed)
    ui.on(next_seed.then, crowd, [seed, psi], shown, **private)
    ui.in_page(
        turned.success,
        "(psi) => { const at = document.querySelector('#psi-costs'); "
        "if (psi === 0) gml.did(at, 'mean'); if (psi === 1) gml.did(at, 'wild'); }",
        psi,
    )
    ui.link("stylegan", **{"cost-psi": psi, "cost-seed": seed})


MATHEMATICS = r"""
The truncation trick keeps to where training has seen much:

$$\mathbf{w} \leftarrow \bar{\mathbf{w}} + \psi\,(\mathbf{w} - \bar{\mathbf{w}})$$

How much of one set of pictures lies among another (Kynkäänniemi 2019, arXiv:1904.06991): every picture of $B$, as a
network sees it, stands for the ball that reaches to its third nearest neighbour in $B$. What falls into a ball is
covered:

$$c(A, B) = \frac{1}{|A|}\,\Big|\Big\{\mathbf{a} \in A :\; \exists\, \mathbf{b} \in B,\;
\lVert \mathbf{a} - \mathbf{b} \rVert \le \lVert \mathbf{b} - \mathrm{NN}_3(\mathbf{b}) \rVert \Big\}\Big|$$

$$\mathrm{precision} = c(\mathrm{generated}, \mathrm{real}) \qquad
\mathrm{recall} = c(\mathrm{real}, \mathrm{generated})$$

Two sets of real faces do not reach 1 either: that is the number at the strip's end. The network here is MobileNetV2.
"""
