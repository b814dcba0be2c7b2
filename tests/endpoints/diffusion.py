"""Diffusion: a good value for each parameter, and those that it must refuse."""

from tests.endpoints import choice, drawing, number, seed, whole

KNOBS = dict(
    seed=seed(5),
    steps=whole(4, 1, 1000, "10000"),
    eta=number(0.5, 0, 1),
)
ENDPOINTS = {
    "denoise": KNOBS | dict(model=choice("ddpm-mnist", "ddpm-mnist")),
    "diffusion_models": {},
    "diffusion_fetch_model": dict(name=choice("ddpm-cifar10-32", "ddpm-cifar10-32", "ddpm-mnist")),
    "denoising_film": KNOBS,
    "add_noise": dict(drawing=drawing(), t=whole(400, 0, 999), seed=seed(3)),
    "schedule_samples": dict(
        schedule=choice("by hand", "linear", "sigmoid", "LINEAR"),
        # In range too: not above the next ones, or not below those before.
        snr1=number(2.0, -9, 9, "0.4", "-9"),
        snr2=number(0.0, -9, 9, "1.6", "-3.9", "9"),
        snr3=number(-4.0, -9, 9, "-0.4", "9"),
        steps=whole(2, 2, 50, "1", "1000"),
        seed=seed(5),
    ),
    "compare": dict(seed=seed(5)),
}
