"""What visitors see: one tab each, in the lecture's order."""

from demos import autoregressive, diffusion, gan, quiz, stylegan, vae

TABS = tuple(
    tab
    for tab in (quiz, autoregressive, vae, gan, stylegan, diffusion)
    if hasattr(tab, "VIEWS")  # while the house is rebuilt
)
