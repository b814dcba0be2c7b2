// The visitor's own GAN, trained here. props: data {name: {centres, deviation}}, start: the knobs, drawn: the name of one's own.
const { LOG_2, isLogit } = gml.gan2d,
  { surface, drawing } = gml.surface,
  { makeGame, show, frames, RAN_AWAY } = gml.game;
const find = (selector) => element.querySelector(selector);
const lab = find(".lab"),
  paper = find(".plane"),
  trouble = find(".trouble"),
  calm = matchMedia("(prefers-reduced-motion: reduce)");
const BUDGET = 11, // ms of each frame in which it trains
  SLOW = 2.5, // steps a second
  EVERY = 25, // steps between two points of a curve
  LONGEST = 240; // points of a curve, before every second one goes
const place = surface(paper);
let names = {}, // the knobs as they stand
  game = null,
  playing = !calm.matches,
  pressed = false, // whether a hand has set it going: what the page does by itself ticks nothing
  due = 0,
  fresh = 0; // frames trained in: every second one is looked at

const sheet = drawing(paper, place, {
  may: () => names.data === props.drawn,
  changed: (points, done) => {
    if (done) {
      restart();
      if (points.length > 10) gml.did(element, "draw");
      trigger("select");
    } else look();
  },
});

const data = () =>
  names.data === props.drawn ? { centres: Float64Array.from(sheet.points), deviation: 0.12 } : props.data[names.data];

function knobs() {
  const [rateD, rateG] = [names.rateD, names.rateG].map((power) => 10 ** power);
  return { ...names, rateD, rateG, data: data() };
}

function say(text) {
  trouble.hidden = !text;
  trouble.textContent = text;
}

function restart() {
  const { centres } = data();
  say(centres.length ? "" : "Draw something here first: it becomes the data.");
  game = centres.length ? makeGame(knobs()) : null;
  curve();
  look();
}

// What is being looked at.
function look() {
  const [field, pulls, mesh] = [find("select").value, find(".pulls").checked, find(".mesh").checked];
  if (game) show(place, game, { field, pulls, mesh }, names.data === props.drawn ? sheet.points : undefined);
  else if (place.clear()) place.points(sheet.points, gml.colour(element, "--ink"), 3.5);
  if (sheet.cross) place.points(sheet.cross, gml.colour(element, "--fam"), 7);
}

// One more point of the curves, and the numbers.
function curve() {
  const set = (name, text) => (find(`[data-value="${name}"]`).textContent = text);
  const whole = data().centres.length / 2;
  lab.dataset.steps = game?.steps ?? 0;
  if (!game) return ["modes", "quality", "JSD", "floor", "steps"].forEach((name) => set(name, ""));
  const { modes, quality, JSD } = game.measure();
  if (game.last.D)
    game.curves.push({ at: game.steps, V: game.last.D.V, best: 2 * JSD - 2 * LOG_2, modes: modes / whole, quality });
  if (game.curves.length > LONGEST) game.curves = game.curves.filter((_, i) => i % 2);
  set("modes", `${modes} of ${whole}`);
  set("quality", `${Math.round(100 * quality)}%`);
  set("JSD", JSD.toFixed(3));
  set("floor", `(real: ${game.floor.toFixed(3)})`);
  set("steps", game.steps.toLocaleString("en"));
  plot();
  if (pressed && modes === whole && game.steps > 100) gml.did(element, "cover");
  if (pressed && modes <= whole / 2 && game.steps > 1500) gml.did(element, "collapse");
}

function plot() {
  const last = game.curves.at(-1)?.at || 1,
    [low, high] = [-2.2, 0.1];
  const y = (v) => 4 + (102 * (high - Math.min(high, Math.max(low, v)))) / (high - low);
  const logit = isLogit(names.loss);
  const line = (name, of) =>
    find(name).setAttribute(
      "points",
      game.curves.map((p) => `${((300 * p.at) / last).toFixed(1)},${of(p).toFixed(1)}`).join(" "),
    );
  line(".value .g0", (p) => y(p.V));
  line(".value .best", (p) => y(p.best));
  line(".cover .g0", (p) => 86 - 80 * p.modes);
  line(".cover .g1", (p) => 86 - 80 * p.quality);
  find(".value .g0").style.display = logit ? "" : "none";
  find(".maybe").textContent = logit ? "" : "which this loss does not give; ";
  for (const end of ["y1", "y2"]) find(".value .coin").setAttribute(end, y(-2 * LOG_2));
}

function run(on) {
  playing = on;
  find(".play").textContent = on ? "Pause" : "Play";
}

// One act of a hand. -> whether it can go on.
function act(what) {
  ({ step: game.step, D: game.teachD, G: () => game.updateG(game.noise()) })[what]();
  return whole();
}

function whole() {
  if (!game.broken()) return true;
  run(false);
  say(RAN_AWAY);
  game = null;
  return false;
}

function train(passed) {
  if (!playing || !game) return;
  const slow = find(".slow").checked,
    from = Math.floor(game.steps / EVERY),
    begin = performance.now();
  due = slow ? due + passed * SLOW : 0;
  if (slow && due < 1) return;
  due %= 1;
  do game.step();
  while (!slow && performance.now() - begin < BUDGET);
  if (!whole()) return look();
  if (slow || Math.floor(game.steps / EVERY) > from) curve();
  if (slow || ++fresh % 2) look();
}

// The knobs were turned, by hand or by a link. What the nets are made of begins anew; the rest goes on.
lab.show = (turned, text) => {
  const old = names;
  names = turned;
  if (sheet.take(text)) old.data = null;
  sheet.hold();
  find("[data-do=clear]").hidden = names.data !== props.drawn;
  [lab.dataset.data, lab.dataset.loss] = [names.data, names.loss];
  if (["data", "width", "batch", "seed"].some((name) => names[name] !== old[name])) restart();
  else if (game) game.knobs = knobs();
  return lab;
};
// A preset: everything anew, and on it goes.
lab.begin = () => {
  pressed = true;
  restart();
  run(true);
};

find(".play").addEventListener("click", () => {
  run(!playing);
  if (playing && !game) restart();
  pressed = true;
});
for (const button of element.querySelectorAll("[data-do]"))
  button.addEventListener("click", () => {
    const what = button.dataset.do;
    if (what === "clear") {
      sheet.take("");
      restart();
      return trigger("select");
    }
    if (what === "again") return restart();
    run(false);
    if (!game) restart();
    if (!game || !act(what)) return look();
    curve();
    look();
    if (what === "D") gml.did(element, "D");
  });
find(".looks").addEventListener("change", look);
lab.drawing = () => sheet.text;
lab.game = () => game; // for whoever wants to look inside, a test for one
gml.onTheme(look);
addEventListener("resize", () => element.isConnected && look());
run(playing);
lab.show({ ...props.start }, "");
frames(element, train);
if (gml.restoring(element)) trigger("apply");
