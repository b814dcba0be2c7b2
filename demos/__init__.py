"""What visitors see: one tab each, in the lecture's order."""

from demos import autoregressive, diffusion, flow, gan, quiz, stylegan, vae

TABS = (quiz, autoregressive, vae, gan, stylegan, diffusion, flow)
