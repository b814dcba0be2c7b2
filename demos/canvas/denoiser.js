// A path from noise to picture, already computed. value = {sheet, size, channels, times, alpha_bar, done, steps, seed, eta,
// model, ms}: the sheet has a row for each moment, x_t, the noise guess and x0_hat, and a last row with the result.
const find = (selector) => element.querySelector(selector);
const columns = [find(".noisy"), find(".guess"), find(".clean")],
  scrub = find(".scrub"),
  play = find(".play");
const calm = matchMedia("(prefers-reduced-motion: reduce)"),
  PACE = 90; // ms a moment
let pixels = null,
  path = null,
  k = 0,
  last = 0,
  playing = false,
  since = 0,
  newest = 0;

// The level of pixel i of a column at a moment. The sheet is three pictures wide.
function level(row, column, i, channel = 0) {
  const { size, channels } = path;
  return pixels[((row * size + Math.floor(i / size)) * 3 * size + column * size + (i % size)) * channels + channel];
}

function draw() {
  if (!pixels) return;
  const { size, channels, times, alpha_bar, done, steps, ms } = path;
  const card = gml.rgb(element, "--card"),
    ink = gml.rgb(element, "--ink"),
    blank = gml.rgb(element, "--blank");
  columns.forEach((canvas, column) => {
    if (canvas.width !== size) canvas.width = canvas.height = size;
    gml.paint(canvas, size, (i) =>
      column === 1 && k === last
        ? blank // the result has no guess beside it
        : channels === 1
          ? gml.mix(card, ink, level(k, column, i) / 255)
          : [0, 1, 2].map((c) => level(k, column, i, c)),
    );
  });
  scrub.max = last;
  scrub.value = k;
  find(".tip").textContent =
    done < steps
      ? `step ${done} of ${steps}   ${(((ms / done) * (steps - done)) / 1000).toFixed(1)} s to go`
      : k === last
        ? `done   ${steps} steps in ${ms < 10000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`}`
        : `t = ${times[k]}   ${(100 * alpha_bar[k]).toFixed(alpha_bar[k] < 0.01 ? 2 : 0)} % of the variance is picture`;
}

function go(to) {
  k = Math.min(last, Math.max(0, to));
  draw();
}

function run(on) {
  playing = on;
  play.textContent = on ? "Pause" : "Play";
  if (!on) return;
  if (k >= last) k = 0;
  since = performance.now();
  draw();
  requestAnimationFrame(frame);
}

function frame(now) {
  if (!playing || !element.isConnected) return;
  if (element.offsetParent !== null && now - since >= PACE) {
    since = now;
    go(k + 1);
  }
  if (k < last) return requestAnimationFrame(frame);
  run(false);
}

// Gestures.

play.addEventListener("click", () => run(!playing));
find(".step").addEventListener("click", () => {
  run(false);
  go(k >= last ? 0 : k + 1);
});
let seen = new Set();
scrub.addEventListener("input", () => {
  run(false);
  go(Number(scrub.value));
  seen.add(k === 0 ? "noise" : k === last ? "picture" : "between");
  if (seen.size === 3) gml.did(element, "scrub");
});
find(".downloads").addEventListener("click", (event) => {
  const kind = event.target.dataset.save,
    { seed, steps, eta, model, times, alpha_bar, size, channels } = path;
  const name = `${model}-seed${seed}-steps${steps}-eta${eta}.${kind}`;
  if (kind === "png") gml.savePicture(columns[0], name);
  if (kind === "json") {
    const rows = Array.from({ length: last + 1 }, (_, row) =>
      [0, 2].map((column) =>
        Array.from(
          { length: size * size * channels },
          (_, i) => level(row, column, Math.floor(i / channels), i % channels) / 127.5 - 1,
        ),
      ),
    );
    const shape = [size, size, channels];
    gml.saveNumbers(
      { model, seed, steps, eta, times, alpha_bar, shape, x_t: rows.map((r) => r[0]), x_0_hat: rows.map((r) => r[1]) },
      name,
    );
  }
  if (kind === "gif") {
    gml.filmName = name;
    trigger("select");
  }
});

// A path has come, or a part of one. Its sheet is a picture, which takes a moment to unpack.
async function read(intent) {
  const mine = ++newest,
    came = props.value,
    { sheet, channels, times, done, steps, eta, ms } = came;
  const levels = await gml.levels(sheet, channels);
  if (mine !== newest) return; // a newer one has come meanwhile
  [pixels, path] = [levels, came];
  last = times.length;
  find("[data-save=gif]").hidden = channels > 1; // of a large picture it would have to be drawn all over again
  find("[data-save=json]").hidden = path.size > 64;
  element.dataset.steps = `${done}/${steps}`;
  element.dataset.model = path.model;
  element.style.setProperty("--grain", path.size > 64 ? "1px" : `${path.size}px`);
  if (done < steps) {
    run(false);
    return go(last);
  }
  gml.live(element, "ms", ms < 10000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 1000)} s`);
  if (intent !== "open") {
    if (steps <= 5) gml.did(element, "few");
    if (eta === 1) gml.did(element, "dice");
  }
  seen = new Set();
  if (intent && !calm.matches) {
    k = 0;
    run(true);
  } else {
    run(false);
    go(last);
  }
}
watch("value", () => {
  read(gml.intent);
  if (props.value.done === props.value.steps) gml.intent = null;
});
gml.onTheme(draw);
read("open");
trigger("download");
// A link that names another model is drawn when the switch has found it.
if (gml.restoring(element) && [null, path?.model ?? props.value.model].includes(gml.linked(element, "model")))
  trigger("apply");
