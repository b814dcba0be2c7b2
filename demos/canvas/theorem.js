// The game of Goodfellow et al. (2014) in one dimension, exact: densities on a grid, D bent away from the best one, and V.
const EDGE = 14,
  STEPS = 4000,
  dx = (2 * EDGE) / STEPS,
  SEEN = 7, // the plot shows -SEEN to SEEN
  LOG_2 = Math.log(2);
const find = (selector) => element.querySelector(selector);
const plots = find(".plots"),
  densities = find(".densities");
const xs = Float64Array.from({ length: STEPS + 1 }, (_, k) => -EDGE + k * dx);
let [data, mean, width, gap, sure, bias] = props.start;

const log1pExp = (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
const logSum = (a, b) => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));

// log density of two normals, half and half, their means `apart` from each other.
function logDensity(middle, apart, sigma) {
  const one = (x, m) => -0.5 * ((x - m) / sigma) ** 2 - Math.log(sigma * Math.sqrt(2 * Math.PI));
  return xs.map((x) => logSum(one(x, middle - apart / 2), one(x, middle + apart / 2)) - LOG_2);
}

// The trapezoid rule; the ends hold nothing.
function integral(f) {
  let sum = 0;
  for (let k = 0; k <= STEPS; k++) sum += f(k);
  return sum * dx;
}

function measure(lp, lq) {
  const [p, q] = [lp.map(Math.exp), lq.map(Math.exp)];
  const value = (a, b) =>
    integral((k) => {
      const logit = a * (lp[k] - lq[k]) + b;
      return -p[k] * log1pExp(-logit) - q[k] * log1pExp(logit);
    });
  const best = value(1, 0);
  let carried = 0,
    W1 = 0;
  for (let k = 0; k <= STEPS; k++) {
    carried += (p[k] - q[k]) * dx;
    W1 += Math.abs(carried) * dx;
  }
  return {
    p,
    q,
    V: value(sure, bias),
    best,
    JSD: Math.max(0, best / 2 + LOG_2),
    forward: integral((k) => p[k] * (lp[k] - lq[k])),
    reverse: integral((k) => q[k] * (lq[k] - lp[k])),
    W1,
  };
}

const toX = (x) => 320 + (x / SEEN) * 320;
const short = (v) =>
  v >= 1000 ? Math.round(v).toLocaleString("en") : (Math.abs(v) < 5e-5 ? 0 : v).toFixed(4).replace("-", "−");

function draw() {
  const [apart, sigma] = props.data[data];
  const [lp, lq] = [logDensity(0, apart, sigma), logDensity(mean, gap, width)];
  const found = measure(lp, lq);
  const shown = Array.from(xs.keys()).filter((k) => Math.abs(xs[k]) <= SEEN);
  // As tall as the taller one; but a needle beside a wide one is cut off at 0.7, or it would flatten the other.
  const [tall, low] = [found.p, found.q].map((f) => Math.max(...f)).sort((a, b) => b - a);
  const high = Math.min(tall, Math.max(0.7, low));
  const toY = (v) => 200 - 165 * Math.min(1.05, v / high);
  const filled = (f) =>
    `M0,200 ${shown.map((k) => `L${toX(xs[k]).toFixed(1)},${toY(f[k]).toFixed(1)}`).join(" ")} L640,200 Z`;
  find(".group.plain").setAttribute("d", filled(found.p));
  find(".group.g0").setAttribute("d", filled(found.q));
  const name = (selector, x, y) => {
    find(selector).setAttribute("x", Math.min(590, Math.max(50, toX(x))));
    find(selector).setAttribute("y", y);
  };
  name(".data", 0, 14);
  name(".made", mean, Math.abs(mean) < 3 ? 32 : 14); // never on the other's name
  const sigmoid = (v) => 1 / (1 + Math.exp(-v));
  const line = (a, b) =>
    shown
      .filter((k) => k % 4 === 0)
      .map((k) => `${toX(xs[k]).toFixed(1)},${(130 - 120 * sigmoid(a * (lp[k] - lq[k]) + b)).toFixed(1)}`)
      .join(" ");
  find(".verdicts .g0").setAttribute("points", line(sure, bias));
  find(".verdicts .best").setAttribute("points", line(1, 0));
  for (const cell of element.querySelectorAll("[data-value]")) cell.textContent = short(found[cell.dataset.value]);
  densities.setAttribute("aria-valuenow", mean);
  densities.setAttribute("aria-valuetext", `G at ${mean.toFixed(2)}, V ${found.V.toFixed(4)}`);
  return found;
}

function turned() {
  const { V, best, JSD, W1 } = draw();
  if (V < best - 0.05) gml.did(element, "bend");
  if (best < -2 * LOG_2 + 0.002) gml.did(element, "match");
  if (JSD > 0.99 * LOG_2 && W1 > 5) gml.did(element, "apart");
}

// The knobs were turned, by hand or by a link.
plots.show = (knobs, byHand) => {
  [data, mean, width, gap, sure, bias] = knobs;
  plots.dataset.mean = mean;
  byHand ? turned() : draw();
};

function move(x) {
  mean = Number(Math.min(6, Math.max(-6, x)).toFixed(2));
  plots.dataset.mean = mean;
  turned();
  trigger("select");
}

let held = null;
densities.addEventListener("pointerdown", (event) => {
  densities.setPointerCapture(event.pointerId);
  held = { x: event.clientX, mean, moves: false };
});
densities.addEventListener("pointermove", (event) => {
  if (!held) return;
  const right = event.clientX - held.x;
  held.moves ||= Math.abs(right) > 8; // a finger that scrolls the page goes a little to the side
  if (held.moves) move(held.mean + (right / densities.clientWidth) * 2 * SEEN);
});
for (const end of ["pointerup", "pointercancel"]) densities.addEventListener(end, () => (held = null));
densities.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -0.1, ArrowRight: 0.1 }[event.key];
  if (!step) return;
  event.preventDefault();
  move(mean + step);
});

find(".ticks").innerHTML = [-6, -4, -2, 0, 2, 4, 6]
  .map((x) => `<text class="tick" x="${toX(x)}" y="222" text-anchor="middle">${String(x).replace("-", "−")}</text>`)
  .join("");
draw();
if (gml.restoring(element)) trigger("apply");
