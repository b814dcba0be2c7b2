// Plays one digit's codes, written twice: value = {scales, lanes: [{tokens, ms, frames}], seed, digit, ...}, lane 0 a grid a
// pass, lane 1 a code a pass; frames: a sheet of the picture before the first pass and after each. Everything on screen is
// a function of that value and of k, the passes made.
const N = 28;
const find = (selector) => element.querySelector(selector);
const figures = [0, 1].map((lane) => find(`[data-lane="${lane}"]`)),
  calm = matchMedia("(prefers-reduced-motion: reduce)");
let sheets = null,
  newest = 0;

const passes = (lane) => (lane ? props.value.lanes[1].tokens.length : props.value.scales.length);
const total = () => (props.value ? passes(1) : 0);

// How many codes stand there after k passes.
function codes(lane, k) {
  if (lane) return k;
  return props.value.scales.slice(0, k).reduce((sum, s) => sum + s * s, 0);
}

function draw(k, by) {
  if (!sheets) return;
  const ink = gml.rgb(element, "--ink"),
    card = gml.rgb(element, "--card");
  figures.forEach((figure, lane) => {
    const now = Math.min(k, passes(lane)),
      [x0, y0] = [N * (now % props.columns), N * Math.floor(now / props.columns)];
    gml.paint(figure.querySelector("canvas"), N, (i) =>
      gml.mix(ink, card, sheets[lane][(y0 + Math.floor(i / N)) * N * props.columns + x0 + (i % N)] / 255),
    );
    const written = codes(lane, now);
    figure.querySelectorAll(".grids i").forEach((cell, i) => {
      cell.toggleAttribute("data-on", i < written);
      cell.toggleAttribute("data-new", i < written && i >= codes(lane, now - 1) && now > 0);
    });
    figure.querySelector(".count").textContent =
      now === passes(lane) ? `done after ${now} passes` : `${now} of ${passes(lane)} passes`;
  });
  const done = codes(0, Math.min(k, passes(0)));
  find(".tip").textContent = `after ${k} ${k === 1 ? "pass" : "passes"}: ${done} codes against ${codes(1, k)}`;
  if (by === "scrub" && k > 0 && k < passes(0)) gml.did(element, "scrub");
}

const film = gml.player({
  element,
  play: find(".play"),
  step: find(".step"),
  scrub: find(".scrub"),
  last: total,
  pace: () => Number(find(".speed select").value),
  draw,
  onEnd: (asked) => asked && gml.did(element, "play"),
});

find(".downloads").addEventListener("click", (event) => {
  const kind = event.target.dataset.save;
  if (!kind || !props.value) return;
  const { lanes, ...numbers } = props.value;
  const name = `var-${numbers.digit}-seed${numbers.seed}.${kind}`;
  if (kind === "json") gml.saveNumbers({ ...numbers, lanes: lanes.map(({ tokens, ms }) => ({ tokens, ms })) }, name);
  else gml.savePicture(figures[0].querySelector("canvas"), name);
});

async function read(opened) {
  if (!props.value) return; // the weights could not be had, and the page says so
  const mine = ++newest,
    { scales, lanes } = props.value;
  const levels = await Promise.all(lanes.map(({ frames }) => gml.levels(frames, 1)));
  if (mine !== newest) return; // a newer one has come meanwhile
  if (levels.includes(null)) return (find(".tip").textContent = gml.UNREADABLE);
  sheets = levels;
  for (const figure of figures)
    if (!figure.querySelector(".grids > *"))
      figure.querySelector(".grids").append(
        ...scales.map((s) => {
          const grid = document.createElement("div");
          grid.style.setProperty("--n", s);
          grid.append(...Array.from({ length: s * s }, () => document.createElement("i")));
          return grid;
        }),
      );
  gml.live(element, "var", `${lanes[0].ms.toFixed(1)} ms`);
  gml.live(element, "raster", `${lanes[1].ms.toFixed(1)} ms`);
  element.dataset.seed = props.value.seed;
  const moving = !calm.matches && (opened || gml.intent === "play");
  film.go(moving ? 0 : total());
  if (moving) film.run(true);
  gml.intent = null;
}
watch("value", () => read(false));
gml.onTheme(film.again);
read(true);
if (gml.restoring(element)) trigger("apply");
