// Two losses of G over the logit of D: minimax, log(1 - D), and non-saturating, -log D; and D while G goes down on each.
const EDGE = 7, // the plots show logits from -EDGE to EDGE
  FRAMES = 240,
  [LOW, HIGH] = [0.001, 0.999];
const find = (selector) => element.querySelector(selector);
const plots = find(".two-plots"),
  calm = matchMedia("(prefers-reduced-motion: reduce)");
const sigmoid = (v) => 1 / (1 + Math.exp(-v));
const logit = (d) => Math.log(d) - Math.log1p(-d);
// [its class in the drawings, its loss at D = d, minus its slope over the logit]
const LOSSES = [
  ["g1", (d) => Math.log1p(-d), (d) => d],
  ["g0", (d) => -Math.log(d), (d) => 1 - d],
];
const minus = (text) => text.replace("-", "−");
let d = props.start,
  steps = [], // until D is one half, on each
  ways = [], // D after 0, 1, ... steps, on each
  end = 0; // of the steps that are shown

const toX = (v) => 160 + (v / EDGE) * 150;
const line = (points) => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
const set = (part, attributes) => {
  for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
};
const toY = { losses: (value) => 106 - 12 * value, slopes: (value) => 196 - 160 * value };

// How far D comes by gradient descent on its logit. The steps shown end a little after the slower one has come to one half.
function climb() {
  steps = LOSSES.map(([, , slope]) => {
    let [v, n] = [logit(d), 0];
    for (; v < 0; n++) v += props.rate * slope(sigmoid(v));
    return n;
  });
  end = Math.max(80, Math.ceil(1.12 * Math.max(...steps)));
  ways = LOSSES.map(([, , slope]) => {
    const way = new Float64Array(end + 1);
    for (let n = 0, v = logit(d); n <= end; n++, v += props.rate * slope(way[n - 1])) way[n] = sigmoid(v);
    return way;
  });
  find(".climb .ticks").innerHTML = LOSSES.map(([name], k) => {
    const x = Math.max(30, (640 * steps[k]) / end); // under the place where it comes to one half
    return steps[0] === steps[1]
      ? ""
      : `<text class="name ${name}" x="${x}" y="154" text-anchor="middle">${steps[k].toLocaleString("en")}</text>`;
  }).join("");
}

function drawClimb(k) {
  const n = Math.round((k / FRAMES) * end),
    stride = Math.max(1, Math.floor(end / 640));
  LOSSES.forEach(([name], which) => {
    const at = (m) => [(640 * m) / end, 136 - 128 * ways[which][m]];
    const seen = Array.from({ length: Math.floor(n / stride) + 1 }, (_, m) => at(m * stride));
    find(`.climb .line.${name}`).setAttribute("points", line([...seen, at(n)]));
    const [cx, cy] = at(n);
    set(find(`.climb .dot.${name}`), { cx: Math.min(634, Math.max(6, cx)), cy });
  });
  find(".scrub").setAttribute("aria-valuetext", `after ${n.toLocaleString("en")} steps`);
  plots.dataset.step = n;
}

const film = gml.player({
  element,
  play: find(".play"),
  scrub: find(".scrub"),
  last: () => FRAMES,
  pace: () => 40,
  draw: drawClimb,
  onEnd: (asked) => asked && d <= 0.05 && gml.did(element, "wait"),
});

function drawPoint() {
  const v = logit(d);
  for (const here of element.querySelectorAll(".here")) set(here, { x1: toX(v), x2: toX(v) });
  for (const [name, loss, slope] of LOSSES) {
    set(find(`.losses .dot.${name}`), { cx: toX(v), cy: toY.losses(loss(d)) });
    set(find(`.slopes .dot.${name}`), { cx: toX(v), cy: toY.slopes(slope(d)) });
    // The pull: along the slope, as long as it is steep.
    const far = 3 * slope(d);
    set(find(`.losses .pull${name === "g1" ? ".g1" : ":not(.g1)"}`), {
      x1: toX(v),
      y1: toY.losses(loss(d)),
      x2: toX(v + far),
      y2: toY.losses(loss(d) - far * slope(d)),
    });
  }
  const [[, minimax], [, other]] = LOSSES;
  const said = {
    minimax: minimax(d).toFixed(4),
    other: other(d).toFixed(4),
    "minimax-slope": (-d).toFixed(4),
    "other-slope": (d - 1).toFixed(4),
    ratio: ((1 - d) / d).toPrecision(3),
    "minimax-steps": steps[0].toLocaleString("en"),
    "other-steps": steps[1].toLocaleString("en"),
    longer: steps[1] ? (steps[0] / steps[1]).toPrecision(3) : "",
  };
  for (const [name, text] of Object.entries(said)) find(`[data-value=${name}]`).textContent = minus(text);
  set(find(".losses"), {
    "aria-valuenow": d,
    "aria-valuetext": `D ${d}: slope of log(1 − D) ${said["minimax-slope"]}, of −log D ${said["other-slope"]}`,
  });
  plots.dataset.d = d;
}

// Where D stands now: the way up is there at once, or begins.
function show(to, play) {
  d = Number(Math.min(HIGH, Math.max(LOW, to)).toFixed(3));
  climb();
  drawPoint();
  film.go(FRAMES);
  if (play && !calm.matches) film.run(true);
}
function turned() {
  if (d <= 0.01) gml.did(element, "sure");
  if (Math.abs(d - 0.5) < 0.02) gml.did(element, "equal");
  if (d >= 0.95) gml.did(element, "fooled");
}
// By a knob, the button or a link.
plots.show = (to, byHand, play = !byHand) => {
  show(to, play);
  if (byHand) turned();
};
function move(to) {
  show(to, false);
  turned();
  trigger("select");
}

for (const plot of plots.children) {
  const under = ({ clientX }) => {
    const box = plot.getBoundingClientRect();
    return (((320 * (clientX - box.left)) / box.width - 160) / 150) * EDGE;
  };
  gml.sliding(plot, (320 / 150) * EDGE, (event) => ({ at: under(event), move: (v) => move(sigmoid(v)) }));
  plot.addEventListener("click", (event) => move(sigmoid(under(event))));
  plot.querySelector(".ticks").innerHTML = [0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999]
    .map((t) => `<text class="tick" x="${toX(logit(t))}" y="216" text-anchor="middle">${String(t).slice(t < 1)}</text>`)
    .join("");
}
gml.turning(find(".losses"), (by) => move(d + by * Math.max(0.001, (d * (1 - d)) / 5)));

const vs = Array.from({ length: 141 }, (_, k) => -EDGE + k / 10);
for (const [name, loss, slope] of LOSSES) {
  const put = (plot, of) =>
    find(`.${plot} .line.${name}`).setAttribute("points", line(vs.map((v) => [toX(v), toY[plot](of(sigmoid(v)))])));
  put("losses", loss);
  put("slopes", slope);
}
show(props.start, true);
if (gml.restoring(element)) trigger("apply");
