// Algorithm 1 of Goodfellow et al. (2014), line by line, with the numbers of this very step. props: as the laboratory's.
const { surface } = gml.surface,
  { makeGame, show, frames, RAN_AWAY } = gml.game;
const find = (selector) => element.querySelector(selector);
const lab = find(".lab"),
  trouble = find(".trouble"),
  calm = matchMedia("(prefers-reduced-motion: reduce)");
const place = surface(find(".plane"));
const MANY = 200;
let names = {},
  game = null,
  lines = null,
  line = 0,
  seen = {}, // the minibatches of now: {z, x}
  playing = !calm.matches,
  due = 0;

const two = (points) => `(${[points[0], points[1]].map((v) => v.toFixed(2).replace("-", "−")).join(", ")})`;
const number = (v) => v.toFixed(3).replace("-", "−");
const tell = (at, text) => (find(`[data-line="${at}"] output`).textContent = text);

// Line after line, for ever: what each does, and what it says.
function* algorithm() {
  const m = names.batch;
  for (let iteration = 1; ; iteration++) {
    tell(0, `iteration ${iteration.toLocaleString("en")}`);
    yield 0;
    for (let i = 1; i <= names.k; i++) {
      tell(1, `step ${i} of ${names.k}`);
      yield 1;
      seen = { z: game.noise(), x: null };
      tell(2, `${m}, the first ${two(seen.z)}`);
      yield 2;
      seen.x = game.data();
      tell(3, `${m}, the first ${two(seen.x)}`);
      yield 3;
      const { V, norm } = game.updateD(seen.x, seen.z);
      tell(4, `${number(V)}, ‖∇‖ ${number(norm)}`);
      yield 4;
      yield 5;
    }
    seen = { z: game.noise(), x: null };
    tell(6, `${m}, the first ${two(seen.z)}`);
    yield 6;
    const { loss, norm } = game.updateG(seen.z);
    tell(7, `${number(names.loss === "minimax" ? loss : -loss)}, ‖∇‖ ${number(norm)}`);
    yield 7;
    yield 8;
  }
}

function next() {
  line = lines.next().value;
  if (game.broken()) {
    playing = false;
    trouble.hidden = false;
    trouble.textContent = RAN_AWAY;
    game = null;
  }
}

function look() {
  for (const item of element.querySelectorAll("[data-line]"))
    item.toggleAttribute("data-now", Number(item.dataset.line) === line);
  lab.dataset.at = line;
  find(".play").textContent = playing ? "Pause" : "Play";
  if (!game) return;
  show(place, game, { field: "D", pulls: false, mesh: false, faint: true });
  const [fam, ink] = ["--fam", "--ink"].map((name) => gml.colour(element, name));
  if (seen.z) place.points(game.draw(seen.z), fam, 6);
  if (seen.x) place.points(seen.x, ink, 6);
}

function restart() {
  trouble.hidden = true;
  for (const output of element.querySelectorAll("output")) output.textContent = "";
  game = makeGame({ ...names, rateD: 10 ** names.rateD, rateG: 10 ** names.rateG, data: props.data[names.data] });
  lines = algorithm();
  seen = {};
  next();
  look();
}

function play(passed) {
  if (!playing || !game) return;
  due += passed * Number(find(".speed select").value);
  if (due < 1) return;
  due %= 1;
  next();
  look();
}

lab.show = (turned) => {
  names = { ...props.start, ...turned };
  find(".way").innerHTML =
    names.loss === "minimax"
      ? 'G descends that of <span class="formula">mean log(1 − D(G(z)))</span>'
      : 'G climbs that of <span class="formula">mean log D(G(z))</span>';
  lab.dataset.k = names.k;
  restart();
  return lab;
};

find(".play").addEventListener("click", () => {
  playing = !playing;
  if (!game) restart();
  look();
});
find("[data-do=line]").addEventListener("click", () => {
  playing = false;
  if (!game) restart();
  next();
  if (line === 7) gml.did(element, "line");
  look();
});
find("[data-do=many]").addEventListener("click", () => {
  if (!game) restart();
  const until = game.steps + MANY;
  while (game && (game.steps < until || line !== 8)) next();
  gml.did(element, "many");
  look();
});
find("[data-do=again]").addEventListener("click", restart);
lab.game = () => game; // for whoever wants to look inside, a test for one
gml.onTheme(look);
addEventListener("resize", () => element.isConnected && look());
lab.show({});
frames(element, play);
if (gml.restoring(element)) trigger("apply");
