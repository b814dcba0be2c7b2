"""What to look at once the answer is told: a part of the picture enlarged, and the spectrum of its fine detail."""

import numpy as np

WINDOW, OFF_MIDDLE, LOWEST = 0.18, 0.22, 0.84  # of the side
SPECTRUM = 40  # pixels along a side
# For each kind of generator: what its pictures are betrayed by.
GIVES_AWAY = {
    "StyleGAN": "Look at earrings, teeth and the rims of glasses, and at where hair meets the background.",
    "DCGAN": "A stride of two can leave check patterns, dots in the spectrum. Do both eyes match?",
    "VAE": "Close to the mean of many faces: smooth skin, no single hair, soft edges.",
}
OTHERWISE = "Look at hair, ears, teeth and the background first: much can go wrong there."
REAL = "A photograph. Look again at what made you doubt: odd light happens."
# Of 25 by 25 grey pixels; how sharp they are is measured again in tests/test_quiz_few_pixels.py.
SMALL = {
    "StyleGAN": "A little smoother than photographs, even so small: what is left is the shape.",
    "DCGAN": "About as sharp as photographs when so small. Do both eyes match?",
    "VAE": "Smoother than photographs, even so small: hair and background run together.",
}
SMALL_OTHERWISE = (
    "So few pixels show no single hair: look at the shape of the face and where light falls."
)
SMALL_REAL = "A photograph. In so few pixels a real face can look wrong too."


def words(real: bool, source: str, small: bool = False) -> str:
    """small: the picture has so few pixels that it shows no fine detail."""
    if real:
        return SMALL_REAL if small else REAL
    known, other = (SMALL, SMALL_OTHERWISE) if small else (GIVES_AWAY, OTHERWISE)
    return next((text for name, text in known.items() if source.startswith(name)), other)


def where(picture: np.ndarray) -> list[float]:
    """The window off the middle of the face where fine detail is densest: hair, ears, jewellery, collars.

    picture: (side, side, 3) uint8 -> left, top, width in fractions of the side. It guides the eye: it is computed the
    same way for photographs, and is no evidence by itself.
    """
    fine = np.log(detail(picture) ** 2 + 1)
    side = len(fine)
    w = max(2, round(WINDOW * side))
    total = np.pad(fine, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    dense = total[w:, w:] - total[:-w, w:] - total[w:, :-w] + total[:-w, :-w]
    middle = (np.arange(len(dense)) + w / 2) / side - 0.5
    dense[np.hypot(*np.meshgrid(middle, middle)) < OFF_MIDDLE] = -1
    dense[round(LOWEST * side) - w :] = -1  # the name of the source stands below
    top, left = np.unravel_index(dense.argmax(), dense.shape)
    return [round(float(v), 4) for v in (left / side, top / side, w / side)]


def detail(picture: np.ndarray) -> np.ndarray:
    """What is left when each pixel's four neighbours' mean is taken away. -> (side, side), grey levels."""
    grey = picture.astype(np.float64).mean(2)
    p = np.pad(grey, 1, mode="reflect")
    return grey - (p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]) / 4


def spectrum(picture: np.ndarray) -> np.ndarray:
    """log |FFT|^2 of the fine detail, low frequencies in the middle. -> (40, 40, 1) uint8, or as small as the picture.

    Layers that enlarge by two leave dots at half and quarter of the highest frequency; cameras leave none.
    """
    x = detail(picture)
    side = len(x)
    window = np.hanning(side + 2)[1:-1]
    power = np.fft.fftshift(np.log(np.abs(np.fft.fft2(x * np.outer(window, window))) ** 2 + 1))
    if side > SPECTRUM:  # means of whole bands of frequencies
        edges = np.linspace(0, side, SPECTRUM + 1).round().astype(int)[:-1]
        power = np.add.reduceat(np.add.reduceat(power, edges, 0), edges, 1)
        counts = np.diff(np.append(edges, side))
        power /= np.outer(counts, counts)
    low, high = np.quantile(power, (0.02, 0.998))
    return (
        (255 * ((power - low) / max(high - low, 1e-9)).clip(0, 1))
        .round()
        .astype(np.uint8)[..., None]
    )
