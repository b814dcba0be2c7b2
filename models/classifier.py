"""Names digits: what generated ones are judged by. A convolutional network without pooling layers.

Springenberg, Dosovitskiy, Brox, Riedmiller 2014, arXiv:1412.6806.

    p(y | x) = softmax(f(x))_y                     strides shrink the picture, a mean over places ends it (Section 2)

Departs from the paper: group normalization instead of dropout; fewer and narrower layers; grey digits of 28 pixels.
Mixed pictures (Zhang 2017, arXiv:1710.09412) teach it to doubt what is half one digit and half another:

    x~ = l x_i + (1 - l) x_j,   L = l L(x~, y_i) + (1 - l) L(x~, y_j)

Read in this order: Classifier, loss, clear.
"""

from torch import Tensor, nn

CLEAR = 0.9                                                    # a digit is clear if one name has this much of p(y | x)


class Classifier(nn.Module):
    """Logits of the ten digits. x: (B, 1, 28, 28) in [0, 1], ink 1 -> (B, 10)."""

    def __init__(self, width: int = 32):
        super().__init__()

        def layer(into: int, out: int, stride: int = 1) -> list[nn.Module]:
            return [nn.Conv2d(into, out, 3, stride, padding=1, bias=False), nn.GroupNorm(4, out), nn.ReLU()]

        self.layers = nn.Sequential(
            *layer(1, width), *layer(width, width, 2),                                      # (B, 32, 14, 14)
            *layer(width, 2 * width), *layer(2 * width, 2 * width, 2),                      # (B, 64, 7, 7)
            *layer(2 * width, 3 * width), nn.Conv2d(3 * width, 10, 1),                      # (B, 10, 7, 7)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(2 * x - 1).mean((2, 3))


def loss(model: Classifier, x: Tensor, names: Tensor, others: Tensor, share: Tensor) -> Tensor:
    """Of mixed pictures, in nats. x: (B, 1, 28, 28) in [0, 1], names, others: (B,), share: (B,) of names -> (B,)."""
    log_p = model(x).log_softmax(1)
    return -share * log_p.gather(1, names[:, None])[:, 0] - (1 - share) * log_p.gather(1, others[:, None])[:, 0]


def clear(model: Classifier, x: Tensor) -> Tensor:
    """Which pictures it is sure of: the best name has at least CLEAR. x: (B, 1, 28, 28) in [0, 1] -> (B,) bool.

    Told of digits and mixtures of them, it doubts those; of what is far from both, as plain noise, it may be sure.
    """
    return model(x).softmax(1).amax(1) >= CLEAR
