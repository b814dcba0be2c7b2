"""What visitors see: one tab each, in the lecture's order."""

from demos import autoregressive, diffusion, vae

TABS = (autoregressive, vae, diffusion)
