// From noise to a shape. props: data {name: {centres, deviation}}, start: the knobs, drawn: the name of one's own, most: times
// reflowed, pairs and width of a reflow, counted: how many points the errors are of, fine: steps of the solution they are held against.
const { dice, source } = gml.gan2d,
  { PATHS, ofData, flow, reflow, apart, detour } = gml.flow2d,
  { surface, drawing } = gml.surface;
const find = (selector) => element.querySelector(selector);
const flowing = find(".flowing"),
  paper = find(".plane"),
  calm = matchMedia("(prefers-reduced-motion: reduce)");
const MOMENTS = 100, // of t
  PACE = 30, // of them in a second
  SHOWN = 300, // points
  TRAILS = 40, // of them leave one
  COARSE = 40, // steps of the solution that makes pairs
  SOLVERS = ["Euler", "Midpoint", "Heun"],
  COUNTS = [1, 2, 3, 5, 8, 14, 25, 50],
  DECADES = [-4.5, 0.7]; // of the errors that are shown
const place = surface(paper);
let knobs = {},
  spot = null, // the place that is pointed at
  job = null; // what was computed for these knobs; null: nothing is drawn yet

const sheet = drawing(paper, place, {
  may: () => knobs.data === props.drawn,
  changed: (points, done) => {
    if (!done) return draw();
    begin();
    if (points.length > 10) gml.did(element, "draw");
    trigger("select");
  },
});

const data = () =>
  knobs.data === props.drawn ? { centres: Float64Array.from(sheet.points), deviation: 0.12 } : props.data[knobs.data];
const normals = (n, seed) => {
  const { normal } = dice(seed);
  return Float64Array.from({ length: 2 * n }, normal);
};

// Points, the field, and how wrong each solver is in it.
function begin() {
  const { centres, deviation } = data(),
    empty = !centres.length;
  find(".trouble").hidden = !empty;
  find(".trouble").textContent = empty ? "Draw something here first: it becomes the data." : "";
  job = null;
  if (!empty) {
    const noise = normals(SHOWN, knobs.seed),
      counted = noise.slice(0, 2 * props.counted);
    const seen = source(centres, deviation, dice(knobs.seed + 20_000)).data(SHOWN);
    const fields = [ofData(Float64Array.from(centres), deviation, knobs.path)];
    for (let r = 1; r <= knobs.reflows; r++)
      fields.push(reflow(fields.at(-1), normals(props.pairs, knobs.seed + 30_000 * r), props.width, COARSE));
    const exact = (v) => flow(v, counted, "Runge-Kutta", props.fine);
    const v = fields.at(-1),
      ways = exact(v),
      fine = ways.at(-1);
    const error = (solver, n) => apart(flow(v, counted, solver, n).at(-1), fine);
    job = { noise, seen, v, fields, error, detour: detour(ways) };
    job.errors = SOLVERS.map((solver) => COUNTS.map((n) => error(solver, n)));
    job.before = knobs.reflows
      ? apart(flow(fields[0], counted, "Euler", 1).at(-1), exact(fields[0]).at(-1))
      : job.errors[0][0];
  }
  plot();
  go();
}

// The way of each point with this solver and these steps, or of its pair.
function go() {
  if (job) {
    job.states = flow(job.v, job.noise, knobs.solver, knobs.steps);
    const last = job.fields.at(-2); // the flow that made the pairs; at first they are random
    job.ends =
      knobs.ways === "of the flow" ? null : last ? flow(last, job.noise, "Runge-Kutta", COARSE).at(-1) : job.seen;
  }
  say();
  draw();
}

// Where all points are at t.
function at(t) {
  const { noise, states, ends } = job;
  if (ends) {
    const [a, b] = PATHS[knobs.reflows ? "straight" : knobs.path](t);
    return noise.map((x, i) => a * ends[i] + b * x);
  }
  const k = Math.min(knobs.steps - 1, Math.floor(t * knobs.steps + 1e-9)),
    part = t * knobs.steps - k;
  return states[k].map((x, i) => x + part * (states[k + 1][i] - x));
}

// The way of point i from one moment to another.
function trail(i, from, to) {
  const corners = job.ends ? 24 : knobs.steps,
    between = Array.from({ length: corners + 1 }, (_, k) => k / corners).filter((t) => t > from && t < to);
  return [from, ...between, to].map((t) => {
    job.kept[t] ??= at(t);
    return [job.kept[t][2 * i], job.kept[t][2 * i + 1]];
  });
}

// Where all ends that passes the spot at t, the likelier the darker, and the mean of its velocities.
function goals(t, ink) {
  const { ends, w } = job.v.goal(spot, t),
    most = Math.max(...w);
  w.forEach((one, k) => {
    if (one > most / 50) place.lines([[...spot, ends[2 * k], ends[2 * k + 1]]], ink, 1.2, (0.45 * one) / most);
  });
  place.arrows(spot, job.v(spot, t), ink, 0.7, 4);
  place.points(spot, ink, 6);
}

function draw() {
  const t = film.at / MOMENTS;
  find(".moment").textContent = `t = ${t.toFixed(2)}`;
  find(".scrub").setAttribute("aria-valuetext", find(".moment").textContent);
  [flowing.dataset.t, flowing.dataset.drawing] = [t, sheet.text];
  if (!place.clear()) return;
  const [ink, fam] = ["--ink", "--fam"].map((name) => gml.colour(element, name)),
    faint = `rgb(${gml.mix(gml.rgb(element, "--card"), gml.rgb(element, "--soft"), 0.6)})`;
  if (!job || knobs.data === props.drawn) place.points(sheet.points, ink, 3.5);
  if (job) {
    place.points(job.seen, ink, 2.2, 0.4);
    if (find(".field").checked) {
      const line = Array.from({ length: 13 }, (_, k) => -2.76 + 0.46 * k),
        grid = Float64Array.from(line.flatMap((y) => line.flatMap((x) => [x, y])));
      place.arrows(grid, job.v(grid, t), faint, 0.3);
    }
    job.kept = {};
    if (find(".trails").checked) {
      const trails = (from, to) => Array.from({ length: TRAILS }, (_, i) => trail(i, from, to).flat());
      place.lines(trails(0, 1), fam, 1, 0.25);
      if (t) place.lines(trails(0, t), fam, 1.6, 0.8);
    }
    place.points(at(t), fam, 3, spot ? 0.4 : 1);
    if (spot) goals(t, ink);
  }
  if (sheet.cross) place.points(sheet.cross, fam, 7);
}

// The numbers. 0.0123, or less than a thousandth of that.
const short = (v) => (v === undefined ? "" : v < 5e-5 ? "< .0001" : v.toFixed(v < 0.1 ? 4 : 3));
const toX = (n) => 46 + (248 * Math.log(n)) / Math.log(50),
  toY = (v) => 6 + (146 * (DECADES[1] - Math.log10(Math.max(v, 1e-9)))) / (DECADES[1] - DECADES[0]);
function say() {
  const set = (name, text) => (find(`[data-value="${name}"]`).textContent = text);
  const which = SOLVERS.indexOf(knobs.solver),
    some = `${knobs.steps} ${knobs.steps === 1 ? "step" : "steps"}`;
  const errors = SOLVERS.map((solver) => job?.error(solver, knobs.steps));
  set("solver", `${knobs.solver}, ${some}`);
  set("error", short(errors[which]));
  set("when", knobs.reflows ? "before → now" : "");
  set("one", job ? (knobs.reflows ? `${short(job.before)} → ${short(job.errors[0][0])}` : short(job.before)) : "");
  set("detour", job ? job.detour.toFixed(3) : "");
  find(".made").textContent = some;
  errors.forEach((error, k) => {
    find(`[data-error="${k}"]`).textContent = short(error);
    find(`.numbers .g${k}`).toggleAttribute("data-now", k === which);
  });
  const dot = find(".errors .dot"),
    low = toY(errors[which] ?? 1) > 156; // below what is shown
  dot.toggleAttribute("hidden", !job || low);
  dot.setAttribute("class", `dot g${which}`);
  dot.setAttribute("cx", toX(knobs.steps));
  dot.setAttribute("cy", toY(errors[which] ?? 1));
  flowing.dataset.errors = JSON.stringify(errors);
}

function plot() {
  SOLVERS.forEach((_, k) => {
    const line = job?.errors[k] ?? [];
    find(`[data-errors="${k}"]`).setAttribute(
      "points",
      line.map((v, i) => `${toX(COUNTS[i]).toFixed(1)},${toY(v).toFixed(1)}`).join(" "),
    );
    const slope = Math.log2(line[COUNTS.indexOf(25)] / line[COUNTS.indexOf(50)]);
    find(`[data-slope="${k}"]`).textContent = job ? slope.toFixed(2) : "";
  });
  find(".reflow").disabled = !job || knobs.reflows >= props.most;
  flowing.dataset.slopes = [0, 1, 2].map((k) => find(`[data-slope="${k}"]`).textContent);
}

const film = gml.player({
  element,
  play: find(".play"),
  scrub: find(".scrub"),
  last: () => MOMENTS,
  pace: () => PACE,
  draw: (k, by) => {
    draw();
    if (by === "play" && k === MOMENTS) gml.did(element, "play");
  },
  onEnd: () => trigger("select"),
});

// The knobs were turned, by hand or by a link.
flowing.show = (turned, byHand) => {
  const old = knobs;
  knobs = turned;
  if (sheet.take(turned.drawing)) old.data = null;
  sheet.hold();
  const own = knobs.data === props.drawn;
  if (own) spot = null;
  find(".clear").hidden = !own;
  for (const name of ["data", "path", "solver", "steps", "ways", "reflows", "seed"])
    flowing.dataset[name] = knobs[name];
  if (["data", "path", "reflows", "seed"].some((name) => knobs[name] !== old[name])) begin();
  else go();
  if (!byHand) {
    const k = Math.round(knobs.t * MOMENTS);
    return k < MOMENTS || calm.matches ? film.go(k) : film.run(true);
  }
  if (knobs.solver === "Euler" && knobs.steps === 1) gml.did(element, knobs.reflows ? "reflow" : "one");
  if (knobs.ways !== "of the flow") gml.did(element, "pairs");
};
// What the page's own controls have turned: times reflowed, t, the drawing.
flowing.turned = () => [knobs.reflows, film.at / MOMENTS, sheet.text];
Object.assign(flowing, { job: () => job, at }); // for whoever wants to look inside, a test for one

find(".reflow").addEventListener("click", () => {
  knobs = { ...knobs, reflows: knobs.reflows + 1 };
  flowing.dataset.reflows = knobs.reflows;
  begin();
  if (knobs.solver === "Euler" && knobs.steps === 1) gml.did(element, "reflow");
  trigger("select");
});
find(".clear").addEventListener("click", () => {
  sheet.take("");
  begin();
  trigger("select");
});
// One points at a place, but where one draws.
function pointAt(at) {
  if (knobs.data === props.drawn) at = null;
  if (!at && !spot) return;
  spot = at && Float64Array.from(at);
  flowing.dataset.spot = at ?? "";
  if (at && job) gml.did(element, "point");
  draw();
}
for (const name of ["pointerdown", "pointermove"]) paper.addEventListener(name, (event) => pointAt(place.under(event)));
paper.addEventListener("pointerleave", () => pointAt(null));
paper.addEventListener("keydown", (event) => {
  const way = { ArrowLeft: [-0.2, 0], ArrowRight: [0.2, 0], ArrowUp: [0, 0.2], ArrowDown: [0, -0.2] }[event.key];
  if (!way || knobs.data === props.drawn) return;
  event.preventDefault();
  pointAt(way.map((by, k) => Math.min(2.8, Math.max(-2.8, (spot?.[k] ?? 0) + by))));
});
find(".scrub").addEventListener("change", () => trigger("select"));
find(".looks").addEventListener("change", draw);
paper.addEventListener("focus", draw);
paper.addEventListener("blur", () => (spot ? pointAt(null) : draw()));
gml.onTheme(draw);
addEventListener("resize", () => element.isConnected && draw());
find(".errors .ticks").innerHTML =
  [1, 0.1, 0.01, 0.001, 0.0001]
    .map(
      (v) =>
        `<line class="axis" x1="46" x2="300" y1="${toY(v)}" y2="${toY(v)}"></line><text x="38" y="${toY(v) + 5}" text-anchor="end">${String(v).replace("0.", ".")}</text>`,
    )
    .join("") +
  [1, 2, 5, 10, 20, 50].map((n) => `<text x="${toX(n)}" y="172" text-anchor="middle">${n}</text>`).join("");
flowing.show({ ...props.start, drawing: "" }, false);
if (gml.restoring(element)) trigger("apply");
