"""Trains a VAE on binary digits and saves its averaged weights as checkpoint `vae-mnist-2d` or `vae-mnist-16d`.

    python -m train.vae vae-mnist-16d --data ../shared/data --minutes 30
    python -m train.vae vae-mnist-16d --data ../shared/data --minutes 30 --publish
    python -m train.measure vae-mnist-16d --data ../shared/data --write

Bits are drawn anew for every batch ("dynamic"). The loop is in train/loop.py. The same command with --publish
trains nothing: it puts what the run has so far into checkpoints/, the dimensions of z sorted by what they carry.
"""

import torch
from torch import Tensor

from models.vae import VAE, kl, log_likelihood, loss
from train.data import binary_mnist, mnist
from train.loop import Recipe, arguments, device, fit, publish

CONFIGS = {
    "vae-mnist-2d": dict(size=28, latent=2, hidden=256, layers=2),
    "vae-mnist-16d": dict(size=28, latent=16, hidden=512, layers=2),
}
RECIPE = Recipe(batch=128, rate=1e-3, clip=100.0, flat=0.2, decay=0.05, ema=0.9995, save_every=60)


def sort_by_information(weights: dict[str, Tensor], config: dict, x: Tensor) -> dict[str, Tensor]:
    """The same model with the dimensions of z in another order: the most nats of KL first. x: (n, 1, 28, 28).

    z is as well ordered in one way as in any other, the prior treats all its dimensions alike.
    """
    model = VAE(**config).requires_grad_(False)
    model.load_state_dict(weights)
    order = kl(*model.encode(x)).mean(0).argsort(descending=True)
    rows = torch.cat([order, order + len(order)])              # mu, then log sigma^2
    return weights | {
        "encoder.out.weight": weights["encoder.out.weight"][rows],
        "encoder.out.bias": weights["encoder.out.bias"][rows],
        "decoder.into.weight": weights["decoder.into.weight"][:, order],
    }


def main() -> None:
    args = arguments(__doc__, "vae", minutes=30)
    args.add_argument("name", choices=CONFIGS)
    args = args.parse_args()
    run = args.run / args.name
    if args.publish:
        x = torch.from_numpy(binary_mnist(args.data, "train")[:10_000]).float()[:, None]
        return publish(
            run, args.name, "vae.VAE", CONFIGS[args.name],
            made_by=f"python -m train.vae {args.name} --data ../shared/data --minutes {args.minutes:g}",
            data="MNIST, 60,000 training digits, bits drawn anew for every batch (dynamic)",
            change=lambda weights: sort_by_information(weights, CONFIGS[args.name], x))
    grey = torch.from_numpy(mnist(args.data, "train")[0]).to(device())[:, None]
    held = torch.from_numpy(binary_mnist(args.data, "test")[:200]).float().to(device())[:, None]

    def batch_loss(model: VAE, generator: torch.Generator) -> Tensor:
        picked = torch.randint(len(grey), (RECIPE.batch,), generator=generator, device=grey.device)
        return loss(model, torch.bernoulli(grey[picked].float() / 255, generator=generator), generator).mean()

    def measure(model: VAE) -> dict[str, float]:
        generator = torch.Generator(held.device).manual_seed(0)
        with torch.inference_mode():
            elbo = -loss(model, held, generator).mean()
        tight = torch.cat([log_likelihood(model, x, 200, generator) for x in held.split(50)]).mean()
        return {"bound_first_200": round(elbo.item(), 2), "bound_k200_first_200": round(tight.item(), 2)}

    fit(lambda: VAE(**CONFIGS[args.name]), RECIPE, run, args.minutes, batch_loss, measure)


if __name__ == "__main__":
    main()
