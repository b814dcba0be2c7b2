"""Trains a VAE on binary digits and saves its averaged weights as checkpoint `vae-mnist-2d` or `vae-mnist-16d`.

    python -m train.vae vae-mnist-16d --data ../shared/data --minutes 30
    python -m train.vae vae-mnist-16d --data ../shared/data --minutes 30 --publish
    python -m train.measure vae-mnist-16d --data ../shared/data --write

Bits are drawn anew for every batch ("dynamic"). The loop is in train/loop.py. The same command with --publish
trains nothing: it puts what the run has so far into checkpoints/, the dimensions of z sorted by what they carry.
"""

from pathlib import Path

import torch
from torch import Tensor

import checkpoints
from models.vae import VAE, kl, log_likelihood, loss
from train.data import binary_mnist, mnist
from train.loop import Recipe, arguments, budget, device, fit, publish
from train.measure import Measured, mean_and_error, size_of

CONFIGS = {
    "vae-mnist-2d": dict(size=28, latent=2, hidden=256, layers=2),
    "vae-mnist-16d": dict(size=28, latent=16, hidden=512, layers=2),
}
RECIPE = Recipe(batch=128, rate=1e-3, clip=100.0, flat=0.2, decay=0.05, ema=0.9995, save_every=60)
IMPORTANCE = 500                                               # weights per picture when log p is measured


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


def measure(name: str, folder: Path | None) -> Measured:
    """The bound on all test digits, log p by importance weights, and how well means tell digits apart."""
    model, generator = checkpoints.load(name), torch.Generator().manual_seed(0)

    def encoded(split: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = torch.from_numpy(binary_mnist(folder, split)).float()[:, None]
        with torch.inference_mode():
            mu, log_var = model.encode(x)
        return x, mu, log_var, torch.from_numpy(mnist(folder, split)[1]).long()

    (_, known, _, names), (x, mu, log_var, labels) = encoded("train"), encoded("test")
    with torch.inference_mode():
        elbo = -torch.cat([loss(model, part, generator) for part in x.split(1000)])
        information = kl(mu, log_var).mean(0)
    nats = -torch.cat([log_likelihood(model, part, IMPORTANCE, generator) for part in x.split(20)])
    mean, error = mean_and_error(nats)
    nearest = torch.cat([torch.cdist(part, known).topk(10, largest=False).indices for part in mu.split(1000)])
    numbers = {
        "nats_per_image": round(mean, 3), "standard_error": round(error, 3),
        "test_images": len(nats), "importance_samples": IMPORTANCE,
        "elbo_all_test_images": round(elbo.mean().item(), 3),
        "kl_per_dimension": [round(v, 3) for v in information.tolist()],
        "ten_nearest_agree": round((names[nearest].mode(1).values == labels).float().mean().item(), 4),
        "trained": "dynamic", **size_of(name),
    }
    # The map shows every test digit; the sliders need a few of each kind to start from.
    each = len(x) if model.latent == 2 else 100
    shown = torch.cat([(labels == digit).nonzero()[:each, 0] for digit in range(10)]).sort().values
    means = dict(
        tensors={"means": mu[shown], "labels": labels[shown].byte()}, model=None, config={}, half=True,
        made_by=f"python -m train.measure {name} --data ../shared/data --write",
        data=f"mu of q(z|x) for {len(shown)} of the fixed MNIST test bits, and which digit each one is",
        license="Apache-2.0; numbers only, no picture of MNIST (CC BY-SA 3.0)",
        measured={"digits": len(shown), "largest": round(mu[shown].abs().max().item(), 3)},
    )
    return numbers, {f"{name}-means": means}


def main() -> None:
    args = arguments(__doc__, "vae", minutes=30)
    args.add_argument("name", choices=CONFIGS)
    args = args.parse_args()
    run = args.run / args.name
    if args.publish:
        x = torch.from_numpy(binary_mnist(args.data, "train")[:10_000]).float()[:, None]
        return publish(
            run, args.name, "vae.VAE", CONFIGS[args.name],
            made_by=f"python -m train.vae {args.name} --data ../shared/data {budget(args)}",
            data="MNIST, 60,000 training digits, bits drawn anew for every batch (dynamic)",
            change=lambda weights: sort_by_information(weights, CONFIGS[args.name], x))
    grey = torch.from_numpy(mnist(args.data, "train")[0]).to(device())[:, None]
    held = torch.from_numpy(binary_mnist(args.data, "test")[:200]).float().to(device())[:, None]

    def batch_loss(model: VAE, generator: torch.Generator) -> Tensor:
        picked = torch.randint(len(grey), (RECIPE.batch,), generator=generator, device=grey.device)
        return loss(model, torch.bernoulli(grey[picked].float() / 255, generator=generator), generator).mean()

    def progress(model: VAE) -> dict[str, float]:
        generator = torch.Generator(held.device).manual_seed(0)
        with torch.inference_mode():
            elbo = -loss(model, held, generator).mean()
        tight = torch.cat([log_likelihood(model, x, 200, generator) for x in held.split(50)]).mean()
        return {"bound_first_200": round(elbo.item(), 2), "bound_k200_first_200": round(tight.item(), 2)}

    fit(lambda: VAE(**CONFIGS[args.name]), RECIPE, run, args.minutes, batch_loss, progress, steps=args.steps)


if __name__ == "__main__":
    main()
