// Plays a picture that is already drawn: value = {bits, logits, flips, nats, ms, seed, temperature, model, ...}.
// Everything on screen is a function of that value and of k, the number of pixels drawn so far.
const N = 28,
  TOTAL = N * N;
const find = (selector) => element.querySelector(selector);
const picture = find(".picture"),
  map = find(".map");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let hover = null,
  cursor = 14 * N + 14,
  pending = null;
let p, nats, sums;

function read() {
  const { logits, bits, temperature, ms, quality, trained, parameters } = props.value;
  // The map shows what the pixels were drawn with; surprise is the model's own, at temperature 1.
  p = logits.map((l) => 1 / (1 + Math.exp(-l / temperature)));
  nats = logits.map((l, i) => Math.log1p(Math.exp(bits[i] === "1" ? -l : l)));
  let sum = 0;
  sums = nats.map((v) => (sum += v));
  gml.live(element, "ms", `${Math.round(ms)} ms`);
  gml.live(element, "quality", quality);
  gml.live(element, "trained", trained);
  gml.live(element, "parameters", parameters);
}

function draw(k) {
  const ink = gml.rgb(element, "--ink"),
    card = gml.rgb(element, "--card"),
    blank = gml.rgb(element, "--blank"),
    family = gml.rgb(element, "--fam");
  gml.paint(picture, N, (i) => (i >= k ? blank : props.value.bits[i] === "1" ? ink : card));
  gml.paint(map, N, (i) => (i > k ? blank : gml.mix(card, family, p[i])));
  find(".count").textContent = k;
  for (const mark of element.querySelectorAll(".cursor")) place(mark, hover ?? (k < TOTAL ? k : null));
  find(".flips").replaceChildren(
    ...props.value.flips.filter((i) => i < k).map((i) => place(document.createElement("i"), i)),
  );
  tip(k);
}

function place(mark, i) {
  mark.hidden = i === null;
  if (i !== null) gml.place(mark, i, N);
  return mark;
}

// A line breaks between items and not inside one.
const items = (...texts) => texts.map((text) => text.replaceAll(" ", "\u00a0")).join("   ");

// Pixels are counted from 0, as in the box of flipped ones and in the equations.
function tip(k) {
  const i = Math.max(0, hover ?? k - 1),
    { temperature } = props.value;
  // With another temperature the two numbers are of two distributions, so each says of which.
  const [drawnWith, own] = temperature === 1 ? ["", ""] : [` at T = ${temperature}`, " at T = 1"];
  const chance = `p(ink | past) = ${p[i].toFixed(2)}${drawnWith}`;
  const rest =
    i > k
      ? ["not drawn yet"]
      : i === k
        ? [chance, "next"]
        : [chance, `surprise ${nats[i].toFixed(2)}${own}`, `so far ${sums[i].toFixed(1)} nats`];
  find(".tip").textContent = items(`pixel ${i}`, ...rest);
}

read();
const film = gml.player({
  element,
  play: find(".play"),
  step: find(".step"),
  scrub: find(".scrub"),
  last: () => TOTAL,
  pace: () => Number(find(".speed select").value),
  draw,
  onEnd: (asked) => asked && gml.did(element, "play"),
});

// Gestures.

function flip(i) {
  if (i >= film.at) return (find(".hint").textContent = "That pixel is not drawn yet. Flip one that is.");
  // A flip changes history: later flips belonged to a picture that no longer is.
  const { flips } = props.value;
  const earlier = flips.filter((j) => j < i);
  element.dataset.flips = (flips.includes(i) ? earlier : [...earlier, i]).join(", ");
  pending = { i, flips: element.dataset.flips };
  trigger("edit");
}

function point(i) {
  hover = i;
  film.again();
}

picture.addEventListener("click", (event) => flip(gml.cell(picture, event, N)));
for (const canvas of [picture, map]) {
  canvas.addEventListener("pointermove", (event) => point(gml.cell(canvas, event, N)));
  canvas.addEventListener("pointerleave", () => point(null));
}
picture.addEventListener("blur", () => point(null));
picture.addEventListener("keydown", (event) => {
  const next = gml.arrow(event.key, cursor, N);
  if (next !== null) cursor = next;
  else if (event.key === "Enter" || event.key === " ") flip(cursor);
  else return;
  event.preventDefault();
  point(cursor);
});

find(".downloads").addEventListener("click", (event) => {
  const kind = event.target.dataset.save;
  const { seed, temperature, model } = props.value;
  const name = `${model.toLowerCase().replaceAll(" ", "-")}-seed${seed}-temperature${temperature}.${kind}`;
  if (kind === "gif") {
    gml.filmName = name;
    trigger("download");
  } else if (kind === "json") {
    gml.saveNumbers({ ...props.value, p_ink_given_past: p, surprise_nats: nats }, name);
  } else if (kind === "png") gml.savePicture(picture, name);
});

// A new picture has come.
watch("value", () => {
  const { flips } = props.value;
  read();
  hover = null;
  // and not the answer to another gesture, the flip having been refused
  const flipped = pending?.flips === flips.join(", ") ? pending.i : null;
  if (flipped !== null) {
    gml.did(element, "flip");
    find(".hint").textContent = `Pixel ${flipped} flipped. The pixels before it stay, the rest is drawn anew.`;
  }
  const from = flipped !== null ? flipped + 1 : gml.intent === "play" ? 0 : TOTAL;
  film.go(calm.matches ? TOTAL : from);
  if (film.at < TOTAL) film.run(true);
  pending = gml.intent = null;
});

gml.onTheme(film.again);
film.go(TOTAL);
if (gml.restoring(element)) trigger("apply");
else if (!calm.matches) film.run(true); // alive at once: the picture is there, and is shown being drawn
