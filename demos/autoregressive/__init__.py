"""The tab Autoregressive: PixelCNN on binary digits, drawn one pixel at a time."""

from demos.autoregressive import complete, mask, play, race, score, see

TITLE, ID, FAMILY = "Autoregressive", "autoregressive", "ar"
VIEWS = (
    play,  # draw a digit, watch it, flip a pixel
    complete,  # finish a drawing, four ways
    mask,  # the kernels that never look ahead
    see,  # what a pixel is really predicted from, and the blind spot
    score,  # the likelihood of a drawing
    race,  # the cost of drawing, two samplers timed
)
