"""What visitors see: one tab each, in the lecture's order."""

from demos import autoregressive, diffusion, gan, vae

TABS = (autoregressive, vae, gan, diffusion)
