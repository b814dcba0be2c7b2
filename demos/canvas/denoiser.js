// A path from noise to picture, already computed. value = {sheet, times, alpha_bar, done, steps, seed, eta, ms}: the
// sheet has a row for each moment, x_t, the noise guess and x0_hat, and a last row with the result.
const N = 28, find = (selector) => element.querySelector(selector);
const columns = [find(".noisy"), find(".guess"), find(".clean")], scrub = find(".scrub"), play = find(".play");
const calm = matchMedia("(prefers-reduced-motion: reduce)"), PACE = 90; // ms a moment
let pixels = null, k = 0, last = 0, playing = false, since = 0, newest = 0;

function draw() {
  if (!pixels) return;
  const { times, alpha_bar, done, steps, ms } = props.value;
  const card = gml.rgb(element, "--card"), ink = gml.rgb(element, "--ink"), blank = gml.rgb(element, "--blank");
  columns.forEach((canvas, column) =>
    gml.paint(canvas, N, (i) => {
      if (column === 1 && k === last) return blank; // the result has no guess beside it
      const at = (k * N + Math.floor(i / N)) * 3 * N + column * N + (i % N);
      return gml.mix(card, ink, pixels[at] / 255);
    }));
  scrub.max = last;
  scrub.value = k;
  find(".tip").textContent =
    done < steps ? `step ${done} of ${steps}   ${((ms / done) * (steps - done) / 1000).toFixed(1)} s to go`
    : k === last ? `done   ${steps} steps in ${Math.round(ms)} ms`
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
  const kind = event.target.dataset.save, { seed, steps, eta, times, alpha_bar } = props.value;
  const name = `ddpm-seed${seed}-steps${steps}-eta${eta}.${kind}`;
  if (kind === "png") gml.savePicture(columns[0], name);
  if (kind === "json") {
    const size = N * N, rows = Array.from({ length: last + 1 }, (_, row) =>
      [0, 2].map((column) => Array.from({ length: size }, (_, i) =>
        pixels[(row * N + Math.floor(i / N)) * 3 * N + column * N + (i % N)] / 127.5 - 1)));
    gml.saveNumbers({ seed, steps, eta, times, alpha_bar, x_t: rows.map((r) => r[0]), x_0_hat: rows.map((r) => r[1]) }, name);
  }
  if (kind === "gif") {
    gml.filmName = name;
    trigger("select");
  }
});

// A path has come, or a part of one. Its sheet is a picture, which takes a moment to unpack.
async function read(intent) {
  const mine = ++newest, { sheet, times, done, steps, eta, ms } = props.value;
  const levels = await gml.levels(sheet);
  if (mine !== newest) return; // a newer one has come meanwhile
  pixels = levels;
  last = times.length;
  element.dataset.steps = `${done}/${steps}`;
  if (done < steps) {
    run(false);
    return go(last);
  }
  gml.live(element, "ms", `${Math.round(ms)} ms`);
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
if (gml.restoring(element)) trigger("apply");
