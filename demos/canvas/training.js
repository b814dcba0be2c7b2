// The same noise at several moments of training. value = {sheet, images, verdicts, seed, ms}: the sheet has a row for
// each moment and a column for each noise; verdicts[k][j] is D(G(z_j)) then, or verdicts[k] is null.
const N = 64,
  find = (selector) => element.querySelector(selector),
  scrub = find(".scrub");
let sheet = null,
  cells = [],
  seen = new Set(),
  newest = 0;

function face(j) {
  const figure = document.createElement("figure");
  figure.innerHTML = `<canvas width="${N}" height="${N}" role="img" aria-label="Face ${j + 1}"></canvas>
    <div class="verdict-bar"><i></i></div><figcaption></figcaption>`;
  return figure;
}

const last = () => (props.value?.images.length ?? 1) - 1;

function draw(k, by) {
  if (!sheet) return;
  const { images, verdicts } = props.value;
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
  element.dataset.moment = k;
  const after = images[k].toLocaleString("en");
  scrub.setAttribute("aria-valuetext", `after ${after} images`);
  find(".tip").textContent = k ? `after ${after} images${k === last() ? ", averaged" : ""}` : "before training";
  if (by) seen.add(k);
  if (seen.size > last() && seen.size > 1) gml.did(element, "scrub");
}

const player = gml.player({ element, play: find(".play"), scrub, last, pace: () => 1.1, draw });

find(".downloads").addEventListener("click", (event) => {
  const { seed, images, verdicts } = props.value;
  if (event.target.dataset.save === "png") trigger("select");
  if (event.target.dataset.save === "json") gml.saveNumbers({ seed, images, verdicts }, `dcgan-seed${seed}.json`);
});

async function read(opened) {
  if (!props.value) return; // the weights could not be had, and the page says so
  const mine = ++newest,
    image = Object.assign(new Image(), { src: props.value.sheet });
  if (!cells.length) {
    cells = props.value.verdicts.at(-1).map((_, j) => face(j));
    find(".six").append(...cells);
  }
  await image.decode();
  if (mine !== newest) return; // a newer one has come meanwhile
  sheet = image;
  gml.live(element, "ms", `${props.value.ms.toFixed(1)} ms`);
  element.dataset.seed = props.value.seed;
  const more = element.dataset.moments !== String(props.value.images.length);
  element.dataset.moments = props.value.images.length;
  if (opened || more) player.go(last());
  else player.again();
}
watch("value", () => read(false));
read(true);
if (gml.restoring(element)) trigger("apply");
