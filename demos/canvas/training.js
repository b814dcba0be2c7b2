// The same noise at several moments of training. value = {sheet, images, verdicts, seed, ms}: the sheet has a row for
// each moment and a column for each noise; verdicts[k][j] is D(G(z_j)) then, or verdicts[k] is null.
const N = 64,
  find = (selector) => element.querySelector(selector),
  scrub = find(".scrub"),
  play = find(".play");
const PACE = 900; // ms a moment
let sheet = null,
  k = 0,
  playing = null,
  seen = new Set(),
  newest = 0;

const cells = props.value.verdicts.at(-1).map((_, j) => {
  const figure = document.createElement("figure");
  figure.innerHTML = `<canvas width="${N}" height="${N}" role="img" aria-label="Face ${j + 1}"></canvas>
    <div class="verdict-bar"><i></i></div><figcaption></figcaption>`;
  find(".six").append(figure);
  return figure;
});

function draw() {
  if (!sheet) return;
  const { images, verdicts } = props.value,
    last = images.length - 1;
  cells.forEach((cell, j) => {
    const verdict = verdicts[k]?.[j];
    cell
      .querySelector("canvas")
      .getContext("2d")
      .drawImage(sheet, j * N, k * N, N, N, 0, 0, N, N);
    cell.querySelector("i").style.width = `${100 * (verdict ?? 0)}%`;
    cell.querySelector("figcaption").textContent =
      verdict == null ? "D has not begun" : `D: ${Math.round(100 * verdict)} % real`;
  });
  scrub.max = last;
  scrub.value = k;
  element.dataset.moment = k;
  const after = images[k].toLocaleString("en");
  scrub.setAttribute("aria-valuetext", `after ${after} images`);
  find(".tip").textContent = k ? `after ${after} images${k === last ? ", averaged" : ""}` : "before training";
}

function go(to) {
  k = to;
  seen.add(k);
  if (seen.size === props.value.images.length && seen.size > 1) gml.did(element, "scrub");
  draw();
}

function run(on) {
  clearInterval(playing);
  playing = null;
  play.textContent = on ? "Pause" : "Play";
  if (!on) return;
  const last = props.value.images.length - 1;
  go(k === last ? 0 : k);
  playing = setInterval(() => {
    if (!element.isConnected) return clearInterval(playing);
    if (element.offsetParent === null) return; // another tab is looked at
    go(k + 1);
    if (k === last) run(false);
  }, PACE);
}

play.addEventListener("click", () => run(playing === null));
scrub.addEventListener("input", () => {
  run(false);
  go(Number(scrub.value));
});
find(".downloads").addEventListener("click", (event) => {
  const { seed, images, verdicts } = props.value;
  if (event.target.dataset.save === "png") trigger("select");
  if (event.target.dataset.save === "json") gml.saveNumbers({ seed, images, verdicts }, `dcgan-seed${seed}.json`);
});

async function read(opened) {
  const mine = ++newest,
    image = Object.assign(new Image(), { src: props.value.sheet });
  await image.decode();
  if (mine !== newest) return; // a newer one has come meanwhile
  sheet = image;
  if (opened || element.dataset.moments !== String(props.value.images.length)) k = props.value.images.length - 1;
  element.dataset.moments = props.value.images.length;
  gml.live(element, "ms", `${props.value.ms.toFixed(1)} ms`);
  element.dataset.seed = props.value.seed;
  draw();
}
watch("value", () => read(false));
read(true);
if (gml.restoring(element)) trigger("apply");
