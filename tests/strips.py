"""Every number in a strip: what it is of, of how many, and what it stands beside. Filled from the manifest."""

from math import log

from checkpoints import MANIFEST
from demos.diffusion import samplers

PIXELCNN, SCORES, FLAT, LARGE = (
    MANIFEST[name]["measured"]
    for name in ("pixelcnn-mnist", "pixelcnn-mnist-scores", "vae-mnist-2d", "vae-mnist-16d")
)
BLUR, DCGAN, STYLE, DDPM = (
    MANIFEST[name]["measured"]
    for name in ("vae-faces-64d", "dcgan-faces", "stylegan-faces", "ddpm-mnist")
)
AE2, VAE2, PCA = (
    MANIFEST[name]["measured"] for name in ("vae-beta-2d-0", "vae-beta-2d-1", "pca-mnist")
)
VAR, RASTER = (MANIFEST[name]["measured"] for name in ("var-mnist", "var-raster-mnist"))
CVAE, VQ, CODES = (
    MANIFEST[name]["measured"] for name in ("cvae-mnist", "vqvae-mnist", "vqvae-mnist-codes")
)
COLLAPSE = MANIFEST["gan2d-collapse"]["measured"]
GPT, GPT_FACES = (MANIFEST[f"image-gpt-vqvae-{of}"]["measured"] for of in ("mnist", "faces"))
BETA = {b: MANIFEST[f"vae-beta-16d-{b:g}"]["measured"] for b in (0, 0.25, 1, 4, 16)}
AE16, PCA16 = BETA[0]["squared_error"], PCA["16"]["squared_error"]


def likeness(page: str, of: dict) -> list[tuple]:
    real = f"{of['floor_precision_at_32']:.2f} / {of['floor_recall_at_32']:.2f}"
    shown = f"{of['precision_at_32']:.2f} / {of['recall_at_32']:.2f}"
    count, floor = f"{of['samples']:,} faces", f"real ones: {of['floor_fd_mobilenetv2_at_32']:.0f}"
    return [
        (page, "FD-MobileNetV2 of", f"{of['fd_mobilenetv2_at_32']:.0f}", count, floor),
        (page, "precision (near", shown, count, f"real: {real}"),
    ]


def of_psi(k: int, *keys: str) -> str:
    return " / ".join(f"{STYLE[f'psi_{key}_at_32'][k]:.2f}" for key in keys)


# page, how its text begins, the number, of how many (said in the same strip), what it stands beside (there too).
ALL = "10,000 test digits"
PRIOR = "vae-prior of-digits"
GRIDS = (
    ("digits", GPT, ALL, "128: 238"),
    ("faces", GPT_FACES, "2,779 test faces", "512: 399"),
)
EXACT = f"{PIXELCNN['nats_per_image']:.1f}"
WITH_ERROR = f"{EXACT} ± {PIXELCNN['standard_error']:.1f} nats"
TABLE = [
    ("autoregressive-play", "−log p", WITH_ERROR, ALL, "dynamic"),
    ("autoregressive-play", "pixels, one", "784", "pixels", "one after the other"),
    ("autoregressive-score", "mean of 10,000", WITH_ERROR, ALL, "clothes"),
    (
        "autoregressive-score",
        "99 of 100",
        f"{SCORES['digits_99th_percentile']:.0f} nats",
        ALL,
        "clothes",
    ),
    (
        "autoregressive-score",
        "mean of 1,000",
        f"{SCORES['fashion_mean']:.0f} nats",
        "1,000 clothes",
        ALL,
    ),
    (
        "autoregressive-score",
        "of the clothes",
        f"{SCORES['fashion_above_it']:.1%}",
        "1,000 clothes",
        "99 of 100",
    ),
    (
        "autoregressive-score",
        "area under",
        f"{SCORES['roc_area']:.4f}",
        "1,000 clothes",
        "digits and clothes",
    ),
    (
        "autoregressive-colour",
        "a code of",
        f"{GPT_FACES['nats_per_grid'] / log(2) / 64:.2f} bits",
        "2,779 test faces",
        "512: 9",
    ),
    *likeness("autoregressive-colour", GPT_FACES),
    *(
        (
            "gan-collapse",
            kind,
            f"{ends['modes']:.1f}, {ends['quality']:.0%}, {ends['reverse_kl']:.2f}",
            f"{COLLAPSE['points']:,} points",
            "non-saturating" if kind == "packing" else "packing",
        )
        for kind, ends in COLLAPSE.items()
        if isinstance(ends, dict)
    ),
    ("gan-collapse", "each: means", f"{COLLAPSE['runs']} runs", "2,500 points", "packing"),
    ("autoregressive-scales", "passes, by", "4 / 70", "by grid", "by code"),
    (
        "autoregressive-scales",
        f"± {VAR['frechet_samples_error']:.1f}, Frechet",
        f"{VAR['frechet_samples']:.1f} / {RASTER['frechet_samples']:.1f}",
        "5,000 draws",
        f"training digits: {VAR['frechet_training_digits']:.1f}",
    ),
    (
        "autoregressive-scales",
        "of 5,000 are named",
        f"{VAR['classifier_agrees']:.1%} / {RASTER['classifier_agrees']:.1%}",
        "5,000",
        "by chance 10%",
    ),
    (
        "vae-latent_map",
        "a digit with 2",
        f"{FLAT['nats_per_image']:.1f} nats",
        "all test digits",
        f"{LARGE['nats_per_image']:.1f}",
    ),
    ("vae-latent_map", "of 10,000", f"{FLAT['ten_nearest_agree']:.0%}", ALL, "ten nearest"),
    (
        "vae-versus",
        "of ten digits",
        f"{AE2['digits_drawn']:.1f} and {VAE2['digits_drawn']:.1f}",
        "10,000 draws",
        f"PCA: {PCA['2']['digits_drawn']:.1f}",
    ),
    (
        "vae-versus",
        "Frechet distance",
        f"{AE2['frechet_draws']:.0f} and {VAE2['frechet_draws']:.0f}",
        "10,000 draws",
        f"real digits: {AE2['frechet_training_digits']:.0f}",
    ),
    (
        "vae-versus",
        "squared error",
        f"{AE2['squared_error']:.3f} and {VAE2['squared_error']:.3f}",
        ALL,
        f"PCA: {PCA['2']['squared_error']:.3f}",
    ),
    ("vae-dims", "PCA's squared error", f"{PCA16 / AE16:.1f} times", ALL, "16 numbers each"),
    ("vae-dims", "AE, 16 numbers", f"{AE16:.4f}", ALL, f"PCA: {PCA16:.4f}"),
    ("vae-dims", "VAE, 16 numbers", f"{BETA[1]['squared_error']:.4f}", ALL, "AE, 16 numbers"),
    ("vae-dims", "pixels of", "784", "a digit", "16 numbers"),
    (
        "vae-beta",
        "Frechet distance",
        ", ".join(f"{BETA[b]['frechet_draws']:.0f}" for b in (0, 1, 16)),
        "10,000 draws",
        f"real digits: {BETA[1]['frechet_training_digits']:.0f}",
    ),
    (
        "vae-beta",
        "squared error",
        ", ".join(f"{BETA[b]['squared_error']:.4f}" for b in (0, 1, 16)),
        ALL,
        "beta 0, 1 and 16",
    ),
    (
        "vae-beta",
        "of 16 units",
        f"{BETA[1]['active_units']} and {BETA[16]['active_units']}",
        ALL,
        "beta 1 and 16",
    ),
    ("vae-dials", "in all sixteen", f"{sum(LARGE['kl_per_dimension']):.1f} nats", ALL, "a digit"),
    (
        "vae-dials",
        "a digit, all",
        f"{LARGE['nats_per_image']:.1f} nats",
        ALL,
        f"{FLAT['nats_per_image']:.1f}",
    ),
    (
        "vae-dials",
        "named right",
        f"{LARGE['ten_nearest_agree']:.0%}",
        ALL,
        f"{FLAT['ten_nearest_agree']:.0%}",
    ),
    ("vae-dials", "pass for", "1", "an image", "pass"),
    ("vae-bound", "at most", f"{-LARGE['elbo_all_test_images']:.1f} nats", ALL, f"{EXACT} nats"),
    ("vae-bound", "exactly", f"{EXACT} nats", "the same 10,000", "PixelCNN"),
    (
        "vae-bound",
        "nats a digit",
        f"{LARGE['nats_per_image']:.1f} ± {LARGE['standard_error']:.1f}",
        "500 draws",
        f"{EXACT} nats",
    ),
    (
        "vae-cvae",
        "at most",
        f"{-CVAE['elbo_all_test_images']:.1f} ± {CVAE['standard_error']:.1f} nats",
        ALL,
        f"not told, with 16 numbers: {-LARGE['elbo_all_test_images']:.1f}",
    ),
    (
        "vae-cvae",
        "in all 8",
        f"{sum(CVAE['kl_per_dimension']):.1f} nats",
        ALL,
        f"not told: {sum(LARGE['kl_per_dimension']):.1f}",
    ),
    ("vae-cvae", "of 10,000", f"{CVAE['classifier_agrees']:.1%}", "10,000 drawn", "by chance 10%"),
    ("vae-codes", "of the 128", f"{VQ['codes_used']:.0%}", ALL, "128 codes"),
    ("vae-codes", "codes used all", f"{VQ['perplexity']:.0f}", ALL, "of 128"),
    ("vae-codes", "of 490,000", f"{CODES['most_used']:.1%}", "490,000 places", "all alike: 0.8%"),
    (
        "vae-codes",
        "Frechet",
        f"{VQ['frechet_reconstructions']:.1f} ± {VQ['frechet_reconstructions_error']:.1f}",
        "10,000 decoded",
        f"training digits: {VQ['frechet_training_digits']:.1f}",
    ),
    *(
        (
            f"vae-prior of-{kind}",
            "a grid",
            f"{of['nats_per_grid']:.1f} ± {of['standard_error']:.1f} nats",
            count,
            f"guessing among {chance}",
        )
        for kind, of, count, chance in GRIDS
    ),
    (PRIOR, "of 5,000", f"{GPT['classifier_agrees']:.1%}", "5,000 drawn", "by chance 10%"),
    (
        PRIOR,
        "Frechet",
        f"{GPT['frechet_samples']:.1f} ± {GPT['frechet_samples_error']:.1f}",
        "of the 5,000",
        f"training digits: {GPT['frechet_training_digits']:.1f}",
    ),
    *likeness("vae-prior of-faces", GPT_FACES),
    *likeness("vae-faces", BLUR),
    (
        "vae-blur",
        "grey levels off, root",
        f"{255 * BLUR['root_mean_squared_error']:.0f} of 255",
        "2,779 test faces",
        "that p(x | z) expects",
    ),
    (
        "vae-blur",
        "grey levels off that",
        f"{255 * BLUR['s']:.0f} of 255",
        "s = 0.5",
        "root mean square",
    ),
    ("vae-blur", "said about", f"{BLUR['kl']:.0f} nats", "2,779 test faces", "all 64 numbers"),
    ("vae-blur", "numbers for", "64", "12,288 values", "a picture"),
    *likeness("gan-training", DCGAN),
    *likeness("stylegan-mixing", STYLE),
    (
        "stylegan-mixing",
        "the same at psi",
        f"{STYLE['psi_fd_mobilenetv2_at_32'][2]:.0f}",
        "2,779 faces",
        of_psi(2, "precision", "recall"),
    ),
    *(
        (
            "stylegan-psi",
            f"precision / recall at psi {psi:g}",
            of_psi(k, "precision", "recall"),
            "2,779 each",
            "other real faces",
        )
        for k, psi in enumerate(STYLE["psi"])
    ),
    (
        "stylegan-psi",
        "other real faces",
        f"{STYLE['floor_precision_at_32']:.2f} / {STYLE['floor_recall_at_32']:.2f}",
        "2,779 each",
        "precision / recall at psi 1",
    ),
    (
        "stylegan-walk",
        "times as long in w",
        f"{STYLE['path_w_over_z_pixels']:.2f}",
        "50 pairs",
        "as in z",
    ),
    (
        "stylegan-walk",
        "times, as Mobile",
        f"{STYLE['path_w_over_z_mobilenetv2']:.2f}",
        "50 pairs",
        "as in z",
    ),
    ("stylegan-walk", "times, each step", f"{STYLE['ppl_w_over_z']:.2f}", "each step", "as in z"),
    (
        "stylegan-find",
        "away ends",
        f"{STYLE['found_grey_levels']:.1f} grey levels",
        "16 faces",
        "some other face",
    ),
    (
        "stylegan-find",
        "away begins",
        f"{STYLE['mean_face_grey_levels']:.0f}",
        "16 faces",
        "some other face",
    ),
    (
        "stylegan-find",
        "away is some",
        f"{STYLE['another_face_grey_levels']:.0f}",
        "16 faces",
        "the mean face",
    ),
    (
        "diffusion-denoise",
        "Frechet distance",
        f"{DDPM['frechet_ddim_50']:.1f} ± {DDPM['frechet_ddim_50_error']:.1f}",
        "2,500 pictures",
        f"real training digits: {DDPM['frechet_training_digits']:.1f}",
    ),
    (
        "diffusion-denoise",
        "the same with 5",
        f"{DDPM['frechet_ddim_5']:.0f}",
        "2,500 pictures",
        "real training digits",
    ),
    *(
        ("diffusion-samplers", what, f"{share:.0%}", "of 100 noises", "by chance")
        for share, what in samplers.SAME
    ),
]
