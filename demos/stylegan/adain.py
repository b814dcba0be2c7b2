"""AdaIN worked through on one channel, and what StyleGAN2 does in its place."""

import torch
from torch import Tensor

import checkpoints
from demos import ui
from demos.stylegan import network
from demos.stylegan.latent import generator, sizes, w_of
from models.images import to_uint8
from models.stylegan import Layer, broadcast

TITLE = "AdaIN"


# What is computed.


def layers_in_order() -> list[Layer]:
    return [m for m in generator().synthesis.modules() if isinstance(m, Layer)]


def leaving(ws: Tensor, layer: int) -> Tensor:
    """Features as they leave a layer, with the model's own noise. ws: (B, layers, latent) -> (B, channels, H, W)."""
    noises, x = generator().noise(), None
    with torch.inference_mode():
        for k, each in enumerate(layers_in_order()[: layer + 1]):
            if x is None:
                x = generator().synthesis.blocks["b4"].const.expand(len(ws), -1, -1, -1)
            x = each(x, ws[:, k], noises[k])
    return x


def adain(x: Tensor, y_s: float, y_b: float) -> Tensor:
    """The lecture's formula: whatever x was, its mean is y_b then and its deviation y_s. x: (H, W)."""
    return y_s * (x - x.mean()) / x.std(correction=0).clamp(min=1e-8) + y_b


def tile(x: Tensor, edge: float, title: str, text: str) -> str:
    """A channel as a picture: grey is 0, white is edge. x: (H, W)."""
    shown = to_uint8(x[None, None].expand(1, 3, -1, -1), -edge, edge)
    return f"<figure>{ui.photo(shown, title, quality=None)}<figcaption><b>{title}</b><br>{text}</figcaption></figure>"


def work_through(content: int, style: int, layer: int, channel: int) -> tuple[str, str]:
    """AdaIN on one channel of one layer: the pattern of one face with the mean and deviation of another's.

    content, style: seeds, 0 to 9999. layer: from 0. channel: from 0. Returns the steps as pictures with their numbers
    (HTML), and the equations with these numbers in.
    """
    most = len(layers_in_order()) - 1
    pair = [ui.seed(content), ui.seed(style)]
    layer = ui.whole(layer, "Layer", 0, most)
    conv = layers_in_order()[layer]
    channel = ui.whole(channel, "Channel", 0, channels() - 1)
    w = w_of(pair)
    x, y = leaving(broadcast(w, generator().layers), layer)[:, channel]
    mu, sigma, y_b, y_s = (
        v.item() for v in (x.mean(), x.std(correction=0), y.mean(), y.std(correction=0))
    )
    normal, styled = adain(x, 1, 0), adain(x, y_s, y_b)
    edge = max(x.abs().max().item(), y.abs().max().item(), styled.abs().max().item(), 1e-6)
    tiles = (
        tile(x, edge, f"Face {pair[0]}", f"mean {mu:.3g}, deviation {sigma:.3g}")
        + tile(normal, 3, "Normalised", "mean 0, deviation 1")
        + tile(styled, edge, f"With the style of {pair[1]}", f"mean {y_b:.3g}, deviation {y_s:.3g}")
        + tile(y, edge, f"Face {pair[1]}, for comparison", f"mean {y_b:.3g}, deviation {y_s:.3g}")
    )
    with torch.inference_mode():
        s = conv.affine(w[1:])  # (1, inputs)
        before = (s.square() @ conv.weight[channel].square().sum((1, 2))).sqrt().item()
    return f"<div class='cells'>{tiles}</div>", equations(
        mu, sigma, y_s, y_b, s[0], before, sizes()[layer]
    )


def channels() -> int:
    """How many channels every layer has."""
    return min(checkpoints.MANIFEST[network.SHIPPED]["config"]["widths"])


def equations(
    mu: float, sigma: float, y_s: float, y_b: float, s: Tensor, before: float, size: int
) -> str:
    """The lecture's formula and StyleGAN2's, with the numbers of a channel in."""
    return rf"""
StyleGAN styles a layer by **AdaIN**: each channel forgets its own mean and deviation and is given those that the style
asks for. In the channel above, {size} by {size}:

$$\mathrm{{AdaIN}}(\mathbf{{x}}_i, \mathbf{{y}})
= \mathbf{{y}}_{{s,i}} \frac{{\mathbf{{x}}_i - \mu(\mathbf{{x}}_i)}}{{\sigma(\mathbf{{x}}_i)}} + \mathbf{{y}}_{{b,i}}
= {y_s:.3g} \cdot \frac{{\mathbf{{x}}_i - ({mu:.3g})}}{{{sigma:.3g}}} + ({y_b:.3g})$$

There $\mathbf{{y}}$ is a learned affine map of $\mathbf{{w}}$; the numbers here are what the same channel measures in
the other face. Measuring each channel of each picture leaves droplets in the pictures, so **StyleGAN2**, the model of
this tab, expects the statistics in place of measuring them: the style scales the weights (modulation), and their length
takes the effect on the deviation out again (demodulation):

$$w'_{{ijk}} = s_i \, w_{{ijk}}, \qquad
w''_{{ijk}} = w'_{{ijk}} \Big/ \sqrt{{\textstyle\sum_{{i,k}} {{w'_{{ijk}}}}^2 + \epsilon}}$$

For the style's face the {len(s)} scales $s_i$ of this layer lie between {s.min():.2f} and {s.max():.2f}, and the
weights of this channel are divided by {before:.3g}.
"""


# What is shown.


def build() -> None:
    last = network.layers(network.SHIPPED) - 2  # the last layer of all makes colours
    ui.headline(
        "A style, worked through",
        "One channel of one layer. AdaIN keeps its pattern and exchanges its mean and deviation.",
    )
    with ui.columns():
        with ui.knobs():
            content = ui.seed_slider("stylegan", 7, "content", "Pattern from seed")
            style = ui.seed_slider("stylegan", 24, "style", "Style from seed")
            layer = ui.slider("stylegan", "layer", "Layer", 0, last, min(5, last))
            channel = ui.slider("stylegan", "channel", "Channel", 0, channels() - 1, 3)
        with ui.stage():
            shown = ui.html("", elem_id="adain", **ui.ASKS)
        ui.words(
            see=(
                "Top left, what a layer has made of one face, in one channel; grey is 0, white is high, black is low.",
                "Top right, the same with mean 0 and deviation 1.",
                "Below, with the mean and deviation of the other face, and that face's own channel: the pattern stays, "
                "its level and contrast change.",
            ),
            steps={
                "layer": "Look into another layer",
                "swap": "Take a style from another seed",
            },
        )
    knobs = [content, style, layer, channel]
    math = ui.mathematics()
    ui.first(work_through, knobs, [shown, math])
    turned = ui.on([*(k.input for k in knobs), shown.apply], work_through, knobs, [shown, math])
    ui.in_page(
        turned.success,
        "(style, layer) => { const at = document.querySelector('#adain'); "
        f"if (style !== 24) gml.did(at, 'swap'); if (layer !== {min(5, last)}) gml.did(at, 'layer'); }}",
        [style, layer],
    )
    ui.link("stylegan", content=content, style=style, layer=layer, channel=channel)
