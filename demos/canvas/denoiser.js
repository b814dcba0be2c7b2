// A path from noise to picture, already computed. value = {levels or sheet, size, channels, times, alpha_bar, done, steps,
// seed, eta, model, ms}: for each moment x_t, the noise guess and x0_hat, and at the end the result, nothing, the result.
// levels: one byte a number, in base64; a large picture comes as a sheet instead, with a row for each moment.
const find = (selector) => element.querySelector(selector);
const columns = [find(".noisy"), find(".guess"), find(".clean")];
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let path = null,
  levels = null,
  sheet = null,
  seen = new Set(),
  newest = 0;

const last = () => path?.times.length ?? 0;

// Number i of a picture: pixels row by row, the channels of a pixel side by side.
function level(moment, column, i) {
  const numbers = path.size * path.size * path.channels;
  return levels[(3 * moment + column) * numbers + i];
}

function draw(k, by) {
  if (!path) return;
  const { size, channels } = path;
  const card = gml.rgb(element, "--card"),
    ink = gml.rgb(element, "--ink"),
    blank = gml.rgb(element, "--blank");
  columns.forEach((canvas, column) => {
    if (canvas.width !== size) canvas.width = canvas.height = size;
    // The result has no guess beside it.
    if (column === 1 && k === last()) gml.paint(canvas, size, () => blank);
    else if (sheet) canvas.getContext("2d").drawImage(sheet, column * size, k * size, size, size, 0, 0, size, size);
    else if (channels === 1) gml.paint(canvas, size, (i) => gml.mix(card, ink, level(k, column, i) / 255));
    else gml.paint(canvas, size, (i) => [0, 1, 2].map((c) => level(k, column, 3 * i + c)));
  });
  find(".tip").textContent = told(k);
  if (by === "scrub") seen.add(k === 0 ? "noise" : k === last() ? "picture" : "between");
  if (seen.size === 3) gml.did(element, "scrub");
}

const time = (ms) => (ms < 10000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`);

function told(k) {
  const { times, alpha_bar, done, steps, ms } = path;
  if (done < steps) return `step ${done} of ${steps}   ${(((ms / done) * (steps - done)) / 1000).toFixed(1)} s to go`;
  if (k === last()) return `done   ${steps} step${steps > 1 ? "s" : ""} in ${time(ms)}`;
  return `t = ${times[k]}   ${(100 * alpha_bar[k]).toFixed(alpha_bar[k] < 0.01 ? 2 : 0)} % of the variance is picture`;
}

const player = gml.player({
  element,
  play: find(".play"),
  step: find(".step"),
  scrub: find(".scrub"),
  last,
  pace: () => 11,
  draw,
});

find(".downloads").addEventListener("click", (event) => {
  const kind = event.target.dataset.save,
    { seed, steps, eta, model, times, alpha_bar, size, channels } = path;
  const name = `${model}-seed${seed}-steps${steps}-eta${eta}.${kind}`;
  if (kind === "png") gml.savePicture(columns[0], name);
  if (kind === "json") {
    const [x_t, x_0_hat] = [0, 2].map((column) =>
      Array.from({ length: last() + 1 }, (_, k) =>
        Array.from({ length: size * size * channels }, (_, i) => level(k, column, i) / 127.5 - 1),
      ),
    );
    const shape = [size, size, channels];
    gml.saveNumbers({ model, seed, steps, eta, times, alpha_bar, shape, x_t, x_0_hat }, name);
  }
  if (kind === "gif") {
    gml.filmName = name;
    trigger("select");
  }
});

// A path has come, or a part of one. intent: "play" it, "open" the view with it, or show it whole.
async function read(intent) {
  const mine = ++newest,
    came = props.value;
  if (!came) return; // the weights could not be had, and the page says so
  const image = came.sheet && Object.assign(new Image(), { src: came.sheet });
  await image?.decode(); // a picture takes a moment to unpack
  if (mine !== newest) return; // a newer one has come meanwhile
  const { size, channels, done, steps, eta, ms } = (path = came);
  sheet = image;
  levels = came.levels && gml.bytes(came.levels);
  find("[data-save=gif]").hidden = channels > 1; // of a large picture it would have to be drawn all over again
  find("[data-save=json]").hidden = !levels;
  element.dataset.steps = `${done}/${steps}`;
  element.dataset.model = path.model;
  element.style.setProperty("--grain", size > 64 ? "1px" : `${size}px`);
  seen = new Set();
  player.go(last());
  if (done < steps) return;
  gml.live(element, "ms", time(ms));
  if (intent !== "open") {
    if (steps <= 5) gml.did(element, "few");
    if (eta === 1) gml.did(element, "dice");
  }
  if (!intent || calm.matches) return;
  player.go(0);
  player.run(true);
}
watch("value", () => {
  read(gml.intent);
  if (props.value?.done === props.value?.steps) gml.intent = null;
});
gml.onTheme(player.again);
read("open");
// A link that names another model is drawn when the switch has found it.
if (gml.restoring(element) && [null, props.value?.model].includes(gml.linked(element, "model"))) {
  gml.intent = "open"; // what a link sets, nobody has tried
  trigger("apply");
}
