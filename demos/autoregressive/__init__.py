"""The tab Autoregressive: models that draw digits one pixel at a time, and pictures in colour one word at a time."""

from demos.autoregressive import colour, complete, history, mask, play, race, scales, score, see

TITLE, ID, FAMILY = "Autoregressive", "autoregressive", "ar"
VIEWS = (
    play,  # draw a digit, watch it, flip a pixel
    complete,  # finish a drawing, four ways
    colour,  # the same in colour: a text of codes, or of pixels
    mask,  # the kernels that never look ahead
    see,  # what a pixel is really predicted from, and the blind spot
    history,  # several answers to one question, measured
    score,  # the likelihood of a drawing
    scales,  # next-scale prediction: whole grids of codes, coarse to fine
    race,  # the cost of drawing, two samplers timed
)
