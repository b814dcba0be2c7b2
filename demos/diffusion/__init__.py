"""The tab Diffusion: a DDPM on digits, from noise to a picture and back."""

from demos.diffusion import denoise, noising, samplers, schedule

TITLE, ID, FAMILY = "Diffusion", "diffusion", "df"
VIEWS = (
    denoise,  # out of noise, step by step
    noising,  # into noise, and one look back: what the network has learned
    schedule,  # how fast into noise, and the same network along another curve
    samplers,  # one noise, several samplers
)
