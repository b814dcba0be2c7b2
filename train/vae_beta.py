"""Trains a VAE for a beta and a number of dimensions, all alike, and saves it as checkpoint `vae-beta-<d>d-<beta>`.

    python -m train.vae_beta vae-beta-16d-4 --data ../shared/data --steps 30000
    python -m train.vae_beta vae-beta-16d-4 --data ../shared/data --steps 30000 --publish
    python -m train.measure vae-beta-16d-4 --data ../shared/data --write

beta = 0 is the plain autoencoder: z is the mean, without noise. All see as many digits. The encoder reads grey levels,
and the decoder's cross entropy is taken to them: the mean over all bits that could be drawn from them. The loop is in
train/loop.py. --publish sorts the dimensions of z by what they carry; those of an autoencoder, which nothing ties to
N(0, I), are turned and scaled so that the codes of training digits have mean 0 and covariance I: no linear map makes
them fit a Gaussian better.
"""

from math import exp
from pathlib import Path

import torch
from torch import Tensor

import checkpoints
from models.vae import VAE, kl, log_p_x_given_z, loss, reparameterize, sample
from train.classifier import grey, verdict
from train.features import distances
from train.loop import Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, size_of
from train.vae import sort_by_information

BETAS, DIMENSIONS = {16: (0, 0.25, 1, 4, 16), 2: (0, 1), 8: (0, 1), 32: (0, 1)}, (2, 8, 16, 32)
NAMES = {f"vae-beta-{d}d-{beta:g}": (d, beta) for d, betas in BETAS.items() for beta in betas}
RECIPE = Recipe(batch=128, rate=1e-3, clip=100.0, flat=0.4, ema=0.999, save_every=60, precision="fp32")
SAMPLES, ACTIVE = 10_000, 0.01   # draws from the prior; a unit is active if its mean varies more (Burda 2015)
SHOWN = 2_000                    # test digits on a map


def config(name: str) -> dict:
    return dict(size=28, latent=NAMES[name][0], hidden=256, layers=1)


def whitened(weights: dict[str, Tensor], config: dict, x: Tensor) -> dict[str, Tensor]:
    """The same autoencoder, its codes of x with mean 0 and covariance I. x: (n, 1, 28, 28)."""
    model = VAE(**config).requires_grad_(False)
    model.load_state_dict(weights)
    d, mu = model.latent, model.encode(x)[0].double()
    values, vectors = torch.linalg.eigh(mu.T.cov())
    std = values.clamp(min=1e-6 * values.max()).sqrt()                         # what says nothing stays small
    into, back = (vectors / std).T, vectors * std                              # new = into (mu - mean)
    encoder, bias = weights["encoder.out.weight"].double(), weights["encoder.out.bias"].double()
    decoder = weights["decoder.into.weight"].double()
    encoder[:d], bias[:d] = into @ encoder[:d], into @ (bias[:d] - mu.mean(0))
    return weights | {
        "encoder.out.weight": encoder.float(), "encoder.out.bias": bias.float(),
        "decoder.into.weight": (decoder @ back).float(),
        "decoder.into.bias": (weights["decoder.into.bias"].double() + decoder @ mu.mean(0)).float(),
    }


def judged(made: Tensor) -> dict[str, float]:
    """How many draws a classifier is sure of, and how many of the ten digits are among them.

    The latter is the exponential of the names' entropy: 10 if all are drawn alike. made: (n, 1, 28, 28) in [0, 1].
    """
    named, sure = verdict(made)
    entropy = torch.special.entr(named.bincount(minlength=10) / len(made)).sum().item()
    return {"clear_digits": round(sure.item(), 4), "digits_drawn": round(exp(entropy), 2)}


def measure(name: str, folder: Path | None) -> Measured:
    """Rate, distortion and squared error on all test digits, and how many draws from N(0, I) are clear digits."""
    model, beta, generator = checkpoints.load(name), NAMES[name][1], torch.Generator().manual_seed(0)
    x, names = grey(folder, "test")
    with torch.inference_mode():
        mu, log_var = model.encode(x)
        epsilon = torch.randn(mu.shape, generator=generator) if beta else torch.zeros(mu.shape)
        fit_at_z = log_p_x_given_z(model.decode(reparameterize(mu, log_var, epsilon)), x)
        error = (model.decode(mu).sigmoid() - x).square().flatten(1).mean(1)
        made = sample(model, torch.randn(SAMPLES, model.latent, generator=generator))
        information = kl(mu, log_var).mean(0)
    numbers = {
        "beta": beta, "latent": model.latent, "test_images": len(x),
        "squared_error": round(error.mean().item(), 5), "distortion": round(-fit_at_z.mean().item(), 2),
        "active_units": int((mu.var(0) > ACTIVE).sum()),
        **judged(made), **distances({"draws": made}, folder), **size_of(name),
    }
    if beta:
        numbers |= {"rate": round(information.sum().item(), 2),
                    "kl_per_dimension": [round(v, 3) for v in information.tolist()]}
    if model.latent > 2:
        return numbers, {}
    means = dict(
        tensors={"means": mu[:SHOWN], "labels": names[:SHOWN].byte()}, model=None, config={}, half=True,
        made_by=f"python -m train.measure {name} --data ../shared/data --write",
        data=f"mu of q(z|x) for the first {SHOWN} MNIST test digits, and which digit each one is",
        license="Apache-2.0; numbers only, no picture of MNIST (CC BY-SA 3.0)",
        measured={"digits": SHOWN, "largest": round(mu[:SHOWN].abs().max().item(), 3)})
    return numbers, {f"{name}-means": means}


def main() -> None:
    args = arguments(__doc__, "vae_beta", minutes=4)
    args.add_argument("name", choices=NAMES)
    args = args.parse_args()
    run, beta = args.run / args.name, NAMES[args.name][1]
    x, _ = grey(args.data, "train")
    if args.publish:
        change = whitened if beta == 0 else sort_by_information
        return publish(
            run, args.name, "vae.VAE", config(args.name),
            made_by=f"python -m train.vae_beta {args.name} --data ../shared/data {budget(args)}",
            data="MNIST, 60,000 training digits, grey", change=lambda weights: change(weights, config(args.name), x))
    x, held = x.to(device()), grey(args.data, "test")[0][:1000].to(device())

    def batch_loss(model: VAE, generator: torch.Generator) -> Tensor:
        picked = torch.randint(len(x), (RECIPE.batch,), generator=generator, device=x.device)
        return loss(model, x[picked], generator, beta).mean()

    def progress(model: VAE) -> dict[str, float]:
        with torch.inference_mode():
            value = loss(model, held, torch.Generator(held.device).manual_seed(0), beta).mean()
            error = (model.decode(model.encode(held)[0]).sigmoid() - held).square().mean()
        return {"loss_first_1000": round(value.item(), 2), "squared_error_first_1000": round(error.item(), 5)}

    fit(lambda: VAE(**config(args.name)), RECIPE, run, args.minutes, batch_loss, progress, steps=args.steps)


if __name__ == "__main__":
    main()
