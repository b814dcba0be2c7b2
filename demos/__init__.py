"""What visitors see: one tab each, in the lecture's order."""

from demos import autoregressive, diffusion, gan, stylegan, vae

TABS = (autoregressive, vae, gan, stylegan, diffusion)
