"""Why G and D go round in circles: the smallest game there is, and three ways to take steps in it."""

from demos import ui

TITLE = "Oscillation"
STEPS = 200
START = (0.2, 0.0, 1.0, 0.0)  # step size, damping of D; where G and D begin


# What is shown. All of it is computed in the page: canvas/oscillation.js.


def build() -> None:
    ui.headline(
        "Two players who both go downhill need not arrive",
        "G moves x to lower x · y, D moves y to raise it. They would rest at 0, but each step turns around it.",
    )
    with ui.columns():
        with ui.knobs():
            eta, damping, x, y = START
            eta = ui.slider("gan", "eta", "Step size η", 0.01, 2.2, eta, 0.01)
            damping = ui.slider("gan", "damping", "Damping λ", 0, 1, damping, 0.01)
            x = ui.slider("gan", "x", "Start: x of G", -2, 2, x, 0.05)
            y = ui.slider("gan", "y", "Start: y of D", -2, 2, y, 0.05)
        with ui.stage():
            canvas = ui.canvas("oscillation", None, "oscillation", start=START, steps=STEPS)
        ui.words(
            see=(
                "Each arrow says where the two want to go from there: always a quarter turn off the way home.",
                "Both at once, they spiral out. In turn, D answering where G now is, they circle for ever.",
                "With a look one step ahead they spiral in.",
            ),
            steps={
                "drag": "Drag the start: the three stay as they are",
                "small": "Take steps of 0.02: does both at once come home now?",
                "large": "Take steps above 2: who is left?",
                "damp": "Back at 0.2, damp D by more than that",
            },
        )
    ui.mathematics(MATHEMATICS)
    knobs = [eta, damping, x, y]
    show = "(...knobs) => document.querySelector('#oscillation .orbits').show(knobs, %s)"
    ui.in_page([knob.input for knob in knobs], show % "true", knobs)
    ui.in_page(canvas.apply, show % "false", knobs)
    ui.in_page(
        canvas.select,
        "() => document.querySelector('#oscillation .orbits').dragged()",
        None,
        [x, y],
    )
    ui.link("gan", eta=eta, damping=damping, x=x, y=y)


MATHEMATICS = r"""
$\min_x \max_y \, x y$, the game of Goodfellow's tutorial (2016, arXiv:1701.00160). It is a GAN in small: all data at
$0$, $G$ puts its one point at $x$, and $y$ is how much more $D$ holds against a point the further right it is. That is
the Dirac-GAN of Mescheder et al. (2018, arXiv:1801.04406) with a straight $f$. Downhill for $G$ and uphill for $D$ is
the field

$$v(x, y) = \begin{pmatrix} -y \\ x \end{pmatrix}$$

at right angles to the way to $(0, 0)$: infinitely small steps go round in a circle. With steps of size $\eta$ (Gidel
et al. 2019, arXiv:1802.10551), the distance from $(0, 0)$ becomes so many times what it was, in one step:

$$\begin{aligned}
\text{at once} &\quad x' = x - \eta y, \quad y' = y + \eta x & \sqrt{1 + \eta^2} \\
\text{in turn} &\quad x' = x - \eta y, \quad y' = y + \eta x' & 1 \text{ on average, for } \eta < 2 \\
\text{looking ahead} &\quad x' = x - \eta \bar{y}, \quad y' = y + \eta \bar{x} & \sqrt{1 - \eta^2 + \eta^4}
\end{aligned}$$

where $(\bar{x}, \bar{y})$ is a step at once (extragradient). The first is above $1$ for every $\eta$, the last below
$1$ for $\eta < 1$. A step in turn has determinant $1$ and trace $2 - \eta^2$. While the trace is above $-2$ it is a
rotation in skewed coordinates, and the way an ellipse: $x^2 - \eta x y + y^2$ stays. Beyond, it runs off.

Damping takes $\frac{\lambda}{2} y^2$ from what $D$ raises, so that its part of the field becomes $x - \lambda y$. It
is what the penalty R1, on the square of $D$'s slope at the data, comes to here (Mescheder et al. 2018). While the
three turn, a step at once changes the distance by $\sqrt{1 - \eta \lambda + \eta^2}$ on average, and one in turn by
$\sqrt{1 - \eta \lambda}$: with $\lambda > \eta$ even the first comes home.
"""
