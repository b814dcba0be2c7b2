// The game min over x, max over y of x y - damping / 2 y^2, and three ways to take steps in it: what is drawn after k steps is
// a function of step size, damping, start and k.
const EDGE = 2.5, // the plane shows x and y from -EDGE to EDGE
  REACH = 2, // and a start may lie so far out
  DECADES = [-3, 2]; // of the distances that are shown
const find = (selector) => element.querySelector(selector);
const orbits = find(".orbits"),
  game = find(".game"),
  calm = matchMedia("(prefers-reduced-motion: reduce)");
let eta, damping, x0, y0, trails;
const put = (knobs) => ([eta, damping, x0, y0] = knobs);
put(props.start);

// Where both want to go.
const field = (x, y) => [-y, x - damping * y];
const WAYS = [
  // at once
  (x, y) => {
    const [right, up] = field(x, y);
    return [x + eta * right, y + eta * up];
  },
  // in turn: D answers where G now is
  (x, y) => {
    const moved = x + eta * field(x, y)[0];
    return [moved, y + eta * field(moved, y)[1]];
  },
  // looking ahead: the field is that of a step further on
  (x, y) => {
    const [right, up] = field(...WAYS[0](x, y));
    return [x + eta * right, y + eta * up];
  },
];

function walk() {
  trails = WAYS.map((step) => {
    const trail = [[x0, y0]];
    for (let k = 0; k < props.steps; k++) trail.push(step(...trail[k]));
    return trail;
  });
}

// By what a step changes the distance in the long run: the largest eigenvalue of the step's matrix.
function factor(step) {
  const [[a, c], [b, d]] = [step(1, 0), step(0, 1)],
    [half, det] = [(a + d) / 2, a * d - b * c],
    root = half * half - det;
  return root < 0 ? Math.sqrt(det) : Math.abs(half) + Math.sqrt(root);
}

const toX = (x) => 200 + (200 / EDGE) * x,
  toY = (y) => 200 - (200 / EDGE) * y;
const line = (points) => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
const set = (part, attributes) => {
  for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
};
// 0.0312, or 3.1 · 10⁵
function short(v) {
  if (v === 0 || (v >= 1e-3 && v < 1e4)) return v.toPrecision(4).slice(0, 6);
  const [digits, power] = v.toExponential(1).split("e");
  return `${digits}·10${[...String(Number(power))].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("")}`;
}

function drawField() {
  const parts = [];
  for (let i = -4; i <= 4; i++)
    for (let j = -4; j <= 4; j++) {
      const [x, y] = [(i * EDGE) / 4.5, (j * EDGE) / 4.5],
        [right, up] = field(x, y),
        size = Math.hypot(right, up);
      if (!size) continue;
      const long = 10 * Math.sqrt(size),
        [u, v] = [(long * right) / size, (-long * up) / size],
        [tipX, tipY] = [toX(x) + u, toY(y) + v];
      parts.push(
        `M${toX(x) - u},${toY(y) - v} L${tipX},${tipY} M${tipX - 0.5 * u - 0.3 * v},${tipY - 0.5 * v + 0.3 * u} L${tipX},${tipY} ` +
          `L${tipX - 0.5 * u + 0.3 * v},${tipY - 0.5 * v - 0.3 * u}`,
      );
    }
  find(".arrows").setAttribute("d", parts.join(" "));
}

const toLog = (v) => 190 - ((Math.log10(Math.max(v, 1e-9)) - DECADES[0]) / (DECADES[1] - DECADES[0])) * 168;
function draw(k) {
  trails.forEach((trail, way) => {
    const far = trail.slice(0, k + 1).map(([x, y]) => Math.hypot(x, y)),
      gone = far.findIndex((v) => v > 40 * EDGE), // it does not come back
      seen = gone < 0 ? far.length : gone + 1;
    find(`[data-way="${way}"]`).setAttribute("points", line(trail.slice(0, seen).map(([x, y]) => [toX(x), toY(y)])));
    find(`[data-far="${way}"]`).setAttribute(
      "points",
      line(far.slice(0, seen).map((v, n) => [44 + (236 * n) / props.steps, toLog(v)])),
    );
    const [x, y] = trail[k],
      inside = gone < 0;
    const head = find(`[data-head="${way}"]`);
    head.toggleAttribute("hidden", !inside);
    if (inside) set(head, { cx: toX(x), cy: toY(y) });
    find(`[data-distance="${way}"]`).textContent = short(far[k]);
    find(`[data-factor="${way}"]`).textContent = factor(WAYS[way]).toFixed(4);
  });
  set(find(".start"), { cx: toX(x0), cy: toY(y0) });
  find(".made").textContent = `after ${k} ${k === 1 ? "step" : "steps"}`;
  find(".scrub").setAttribute("aria-valuetext", find(".made").textContent);
  game.setAttribute("aria-description", `The start is at x ${x0.toFixed(2)}, y ${y0.toFixed(2)}.`);
  orbits.dataset.k = k;
  orbits.dataset.at = JSON.stringify(trails.map((trail) => trail[k]));
}

const film = gml.player({
  element,
  play: find(".play"),
  step: find(".step"),
  scrub: find(".scrub"),
  last: () => props.steps,
  pace: () => Number(find(".speed select").value),
  draw,
});
find(".reset").addEventListener("click", () => film.go(0));

function turned() {
  walk();
  drawField();
  film.again();
}
// The knobs were turned, by hand or by a link.
orbits.show = (knobs, byHand) => {
  put(knobs);
  turned();
  if (!byHand) return;
  if (eta <= 0.02) gml.did(element, "small");
  if (eta > 2) gml.did(element, "large");
  if (Math.abs(eta - 0.2) < 0.005 && damping > eta) gml.did(element, "damp");
};
orbits.dragged = () => [x0, y0];

const nearest = (v) => Math.round(20 * Math.min(REACH, Math.max(-REACH, v))) / 20; // as the knobs have it
gml.pointing(game, {
  at: () => [(x0 + EDGE) / (2 * EDGE), (y0 + EDGE) / (2 * EDGE)],
  move: (u, v) => {
    [x0, y0] = [u, v].map((t) => nearest(2 * EDGE * t - EDGE));
    turned();
    trigger("select");
  },
  rest: () => gml.did(element, "drag"),
});

find(".far-away .ticks").innerHTML =
  [0.001, 0.01, 0.1, 1, 10, 100]
    .map((v) => {
      const y = toLog(v);
      return `<line class="${v === 1 ? "coin" : "axis"}" x1="44" x2="280" y1="${y}" y2="${y}"></line><text x="38" y="${y + 5}" text-anchor="end">${String(v).replace("0.", ".")}</text>`;
    })
    .join("") +
  [0, 100, 200]
    .map(
      (n, k) =>
        `<text x="${44 + (236 * n) / props.steps}" y="210" text-anchor="${["start", "middle", "end"][k]}">${n}</text>`,
    )
    .join("");
walk();
drawField();
film.go(calm.matches ? props.steps : 0);
if (!calm.matches) film.run(true);
if (gml.restoring(element)) trigger("apply");
