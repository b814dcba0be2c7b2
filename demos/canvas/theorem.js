// The game of Goodfellow et al. (2014) in one dimension, exact: densities on a grid, D bent away from the best one, and V.
const EDGE = 20,
  STEPS = 4000,
  SEEN = 7, // the plot shows -SEEN to SEEN
  REACH = 6, // how far from the middle a density may stand
  COARSE = 4, // the curves of distances take every fourth point
  EVERY = 5, // and have a point wherever G has gone on by as many of those
  LOG_2 = Math.log(2);
const find = (selector) => element.querySelector(selector);
const plots = find(".plots"),
  densities = find(".densities");
const grid = (edge, steps) => Float64Array.from({ length: steps + 1 }, (_, k) => -edge + (2 * edge * k) / steps);
const xs = grid(EDGE, STEPS);
let data, place, stretch, mean, width, gap, sure, bias;
const put = (knobs) => ([data, place, stretch, mean, width, gap, sure, bias] = knobs);
put(props.start);

const log1pExp = (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
const logSum = (a, b) => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
const sigmoid = (v) => 1 / (1 + Math.exp(-v));

// log density of two normals, half and half, their means `apart` from each other.
function logDensity(xs, middle, apart, sigma) {
  const one = (x, m) => -0.5 * ((x - m) / sigma) ** 2 - Math.log(sigma * Math.sqrt(2 * Math.PI));
  return xs.map((x) => logSum(one(x, middle - apart / 2), one(x, middle + apart / 2)) - LOG_2);
}

// V of the D whose logit is a times the best one's, and b more; and three distances. The trapezoid rule; the ends hold nothing.
function value(lp, lq, p, q, dx, a, b) {
  let sum = 0;
  for (let k = 0; k < lp.length; k++) {
    const logit = a * (lp[k] - lq[k]) + b;
    sum -= p[k] * log1pExp(-logit) + q[k] * log1pExp(logit);
  }
  return sum * dx;
}
function distances(lp, lq, p, q, dx) {
  const best = value(lp, lq, p, q, dx, 1, 0);
  let [carried, W1, forward, reverse] = [0, 0, 0, 0];
  for (let k = 0; k < lp.length; k++) {
    carried += (p[k] - q[k]) * dx;
    W1 += Math.abs(carried) * dx;
    forward += p[k] * (lp[k] - lq[k]) * dx;
    reverse += q[k] * (lq[k] - lp[k]) * dx;
  }
  return { best, JSD: Math.max(0, best / 2 + LOG_2), forward, reverse, W1 };
}

// What each distance is worth with G at -REACH, ..., REACH, in shape as it is. -> [[mean, distances], ...]
let known = { key: "", curves: [] };
function curves(lp) {
  const key = [data, place, stretch, width, gap].join();
  if (known.key === key) return known.curves;
  const dx = (COARSE * 2 * EDGE) / STEPS,
    far = EVERY * Math.round(REACH / dx / EVERY); // points between the middle and REACH
  const every = lp.filter((_, k) => k % COARSE === 0);
  const wide = logDensity(grid(EDGE + far * dx, STEPS / COARSE + 2 * far), 0, gap, width); // G in the middle
  const p = every.map(Math.exp),
    q = wide.map(Math.exp);
  const found = [];
  for (let s = -far; s <= far; s += EVERY) {
    const [from, to] = [far - s, far - s + every.length];
    found.push([s * dx, distances(every, wide.subarray(from, to), p, q.subarray(from, to), dx)]);
  }
  known = { key, curves: found };
  return found;
}

const toX = (x) => 320 + (x / SEEN) * 320;
const short = (v) =>
  v >= 1000 ? Math.round(v).toLocaleString("en") : (Math.abs(v) < 5e-5 ? 0 : v).toFixed(4).replace("-", "−");
const set = (part, attributes) => {
  for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
};
let heights = null; // (x) -> of both densities, in the drawing's pixels

function drawDensities(p, q, sigma) {
  const shown = Array.from(xs.keys()).filter((k) => Math.abs(xs[k]) <= SEEN);
  // As tall as the taller one; but a needle beside a wide one is cut off at 0.7, or it would flatten the other.
  const [tall, low] = [p, q].map((f) => Math.max(...f)).sort((a, b) => b - a);
  const high = Math.min(tall, Math.max(0.7, low));
  const up = (v) => 155 * Math.min(1.05, v / high);
  const filled = (f) => {
    const high = (k) => up(f[k]) > 0.3, // of the rest nothing is seen
      part = shown.slice(shown.findIndex(high), shown.findLastIndex(high) + 1),
      [from, to] = [toX(xs[part[0]]), toX(xs[part.at(-1)])];
    const edge = part.map((k) => `L${toX(xs[k]).toFixed(1)},${(190 - up(f[k])).toFixed(1)}`);
    return `M${from},190 ${edge.join(" ")} L${to},190 Z`;
  };
  find(".group.plain").setAttribute("d", filled(p));
  find(".group.g0").setAttribute("d", filled(q));
  const at = (x) => Math.min(STEPS, Math.max(0, Math.round(((x + EDGE) / (2 * EDGE)) * STEPS)));
  heights = (x) => [up(p[at(x)]), up(q[at(x)])];
  const edges = { stretch: place + props.data[data][0] / 2 + sigma, width: mean + gap / 2 + width };
  Object.entries(edges).forEach(([name, x], k) =>
    set(find(`[data-part=${name}]`), { cx: Math.min(632, toX(x)), cy: 190 - heights(x)[k] }),
  );
  const name = (selector, x, y) => set(find(selector), { x: Math.min(590, Math.max(50, toX(x))), y });
  name(".data", place, 14);
  name(".made", mean, Math.abs(mean - place) < 3 ? 30 : 14); // never on the other's name
}

function drawDistances(lp) {
  const found = curves(lp),
    most = (name) => Math.max(...found.map(([, d]) => d[name]), 1e-9),
    toY = (share) => 122 - 108 * share;
  const side = place > 0 ? -1 : 1; // the names stand where there is most room, half way to the end
  const middle = place + (side * REACH - place) * 0.55;
  for (const name of ["forward", "W1", "JSD"]) {
    const top = most(name),
      points = found.map(([x, d]) => [x, d[name] / top]);
    find(`[data-curve=${name}]`).setAttribute(
      "points",
      points.map(([x, share]) => `${toX(x).toFixed(1)},${toY(share).toFixed(1)}`).join(" "),
    );
    const [x, share] = points.find(([x]) => x >= middle);
    set(find(`[data-name=${name}]`), { x: toX(x) + { JSD: -70, W1: 0, forward: 70 }[name] * side, y: toY(share) + 20 });
  }
  set(find(".here"), { x1: toX(mean), x2: toX(mean) });
}

function draw() {
  const [apart, plain] = props.data[data],
    sigma = plain * stretch;
  const [lp, lq] = [logDensity(xs, place, apart, sigma), logDensity(xs, mean, gap, width)];
  const [p, q] = [lp.map(Math.exp), lq.map(Math.exp)],
    dx = (2 * EDGE) / STEPS;
  const found = { V: value(lp, lq, p, q, dx, sure, bias), ...distances(lp, lq, p, q, dx) };
  drawDensities(p, q, sigma);
  drawDistances(lp);
  const line = (a, b) =>
    Array.from(xs.keys())
      .filter((k) => Math.abs(xs[k]) <= SEEN && k % 3 === 0)
      .map((k) => `${toX(xs[k]).toFixed(1)},${(124 - 114 * sigmoid(a * (lp[k] - lq[k]) + b)).toFixed(1)}`)
      .join(" ");
  find(".verdicts .g0").setAttribute("points", line(sure, bias));
  find(".verdicts .best").setAttribute("points", line(1, 0));
  for (const cell of element.querySelectorAll("[data-value]")) cell.textContent = short(found[cell.dataset.value]);
  const said = `V ${short(found.V)}, of the best D ${short(found.best)}`;
  for (const [name, at] of Object.entries({ place, stretch, mean, width }))
    set(find(`[data-part=${name}]`), { "aria-valuenow": at, "aria-valuetext": `${at.toFixed(2)}, ${said}` });
  plots.dataset.mean = mean;
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
  put(knobs);
  byHand ? turned() : draw();
};
plots.dragged = () => [place, stretch, mean, width];

const clip = (v, low, high) => Math.round(20 * Math.min(high, Math.max(low, v))) / 20; // as the knobs have it
const moved = (change) => {
  change();
  turned();
  trigger("select");
};
// What can be dragged, as places on the axis: the two densities, and an edge of each.
const parts = {
  place: { at: () => place, move: (x) => moved(() => (place = clip(x, -REACH, REACH))) },
  mean: { at: () => mean, move: (x) => moved(() => (mean = clip(x, -REACH, REACH))) },
  stretch: {
    at: () => place + props.data[data][0] / 2 + stretch * props.data[data][1],
    move: (x) => moved(() => (stretch = clip((x - place - props.data[data][0] / 2) / props.data[data][1], 0.5, 2))),
  },
  width: {
    at: () => mean + gap / 2 + width,
    move: (x) => moved(() => (width = clip(x - mean - gap / 2, 0.1, 2))),
  },
};
gml.sliding(densities, 2 * SEEN, ({ clientX, clientY }) => {
  const near = ["width", "stretch"].find((name) => {
    const box = find(`[data-part=${name}]`).getBoundingClientRect();
    return Math.hypot(clientX - box.left - box.width / 2, clientY - box.top - box.height / 2) < 18;
  });
  const box = densities.getBoundingClientRect();
  const [ours, theirs] = heights(((2 * (clientX - box.left)) / box.width) * SEEN - SEEN);
  const { at, move } = parts[near ?? (ours > theirs && ours > 4 ? "place" : "mean")];
  return { at: at(), move };
});
for (const [name, { at, move }] of Object.entries(parts))
  gml.turning(find(`[data-part=${name}]`), (by) =>
    move(at() + 0.1 * by * (name === "stretch" ? props.data[data][1] : 1)),
  );

find(".ticks").innerHTML = [-6, -4, -2, 0, 2, 4, 6]
  .map((x) => `<text class="tick" x="${toX(x)}" y="210" text-anchor="middle">${String(x).replace("-", "−")}</text>`)
  .join("");
draw();
if (gml.restoring(element)) trigger("apply");
