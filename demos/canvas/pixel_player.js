// Plays a picture that is already drawn: value = {bits, logits, flips, nats, ms, seed, temperature}.
// Everything on screen is a function of that value and of k, the number of pixels drawn so far.
const N = 28,
  TOTAL = N * N;
const find = (selector) => element.querySelector(selector);
const picture = find(".picture"),
  map = find(".map"),
  scrub = find(".scrub"),
  play = find(".play");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let k = TOTAL,
  playing = false,
  asked = false,
  hover = null,
  cursor = 14 * N + 14,
  last = 0,
  carry = 0;
let p,
  nats,
  sums,
  pending = null;

function read() {
  const { logits, bits, temperature } = props.value;
  // The map shows what the pixels were drawn with; surprise is the model's own, at temperature 1.
  p = logits.map((l) => 1 / (1 + Math.exp(-l / temperature)));
  nats = logits.map((l, i) => Math.log1p(Math.exp(bits[i] === "1" ? -l : l)));
  let sum = 0;
  sums = nats.map((v) => (sum += v));
}

function draw() {
  const ink = gml.rgb(element, "--ink"),
    card = gml.rgb(element, "--card");
  const blank = gml.rgb(element, "--blank"),
    family = gml.rgb(element, "--fam");
  gml.paint(picture, N, (i) => (i >= k ? blank : props.value.bits[i] === "1" ? ink : card));
  gml.paint(map, N, (i) => (i > k ? blank : gml.mix(card, family, p[i])));
  scrub.value = k;
  find(".count").textContent = k;
  place(find(".frame .cursor"), hover ?? (k < TOTAL ? k : null));
  place(map.parentElement.querySelector(".cursor"), hover ?? (k < TOTAL ? k : null));
  find(".flips").replaceChildren(
    ...props.value.flips.filter((i) => i < k).map((i) => place(document.createElement("i"), i)),
  );
  tip();
}

function place(mark, i) {
  mark.hidden = i === null;
  if (i !== null) mark.style.cssText = `left:${((i % N) / N) * 100}%;top:${(Math.floor(i / N) / N) * 100}%`;
  return mark;
}

// Three items; a line breaks between them and not inside one.
const items = (...texts) => texts.map((text) => text.replaceAll(" ", "\u00a0")).join("   ");

function tip() {
  const i = hover ?? k - 1;
  const chance = i < 0 ? `p(ink) = ${p[0].toFixed(2)}` : `p(ink | past) = ${p[i].toFixed(2)}`;
  find(".tip").textContent =
    i < 0
      ? items("x1", chance, "next")
      : i > k
        ? items(`x${i + 1}`, "not drawn yet")
        : i === k
          ? items(`x${i + 1}`, chance, "next")
          : items(`x${i + 1}`, chance, `surprise ${nats[i].toFixed(2)}`, `so far ${sums[i].toFixed(1)} nats`);
}

function go(to) {
  k = Math.min(TOTAL, Math.max(0, to));
  draw();
}

function run(on) {
  playing = on;
  play.textContent = on ? "Pause" : "Play";
  if (!on) return;
  if (k >= TOTAL) k = 0;
  last = performance.now();
  carry = 0;
  requestAnimationFrame(frame);
}

function frame(now) {
  if (!playing) return;
  if (!element.isConnected) return;
  if (element.offsetParent !== null) {
    carry += (Math.min(100, now - last) / 1000) * Number(find(".speed select").value);
    const pixels = Math.floor(carry);
    carry -= pixels;
    if (pixels) go(k + pixels);
  }
  last = now;
  if (k < TOTAL) return requestAnimationFrame(frame);
  run(false);
  if (asked) gml.did(element, "play");
}

// Gestures.

play.addEventListener("click", () => {
  asked = true;
  run(!playing);
});
find(".step").addEventListener("click", () => {
  run(false);
  go(k >= TOTAL ? 1 : k + 1);
});
scrub.addEventListener("input", () => {
  run(false);
  go(Number(scrub.value));
});

function flip(i) {
  if (i >= k) return (find(".hint").textContent = "That pixel is not drawn yet. Flip one that is.");
  // A flip changes history: later flips belonged to a picture that no longer is.
  const { flips } = props.value;
  const earlier = flips.filter((j) => j < i);
  element.dataset.flips = (flips.includes(i) ? earlier : [...earlier, i]).join(", ");
  pending = { i, flips: element.dataset.flips };
  trigger("edit");
}
picture.addEventListener("click", (event) => flip(gml.cell(picture, event, N)));
for (const canvas of [picture, map]) {
  canvas.addEventListener("pointermove", (event) => {
    hover = gml.cell(canvas, event, N);
    if (!playing) draw();
  });
  canvas.addEventListener("pointerleave", () => {
    hover = null;
    draw();
  });
}
picture.addEventListener("keydown", (event) => {
  const next = gml.arrow(event.key, cursor, N);
  if (next !== null) hover = cursor = next;
  else if (event.key === "Enter" || event.key === " ") flip(cursor);
  else return;
  event.preventDefault();
  draw();
});
picture.addEventListener("blur", () => {
  hover = null;
  draw();
});

element.querySelector(".downloads").addEventListener("click", (event) => {
  const kind = event.target.dataset.save;
  const { seed, temperature, flips } = props.value;
  const name = `pixelcnn-seed${seed}-temperature${temperature}.${kind}`;
  if (kind === "gif") {
    gml.filmName = name;
    trigger("download");
  } else if (kind === "json") {
    gml.saveNumbers({ ...props.value, p_ink_given_past: p, surprise_nats: nats }, name);
  } else if (kind === "png") gml.savePicture(picture, name);
});

// A new picture has come.
watch("value", () => {
  const { flips, temperature, ms } = props.value;
  read();
  hover = null;
  gml.live(element, "ms", `${Math.round(ms)} ms`);
  if (temperature <= 0.4) gml.did(element, "cold");
  if (pending?.flips === flips.join(", ")) {
    // and not the answer to another gesture, the flip having been refused
    gml.did(element, "flip");
    find(".hint").textContent = `Pixel ${pending.i + 1} flipped. The pixels before it stay, the rest is drawn anew.`;
    go(pending.i + 1);
    asked = false;
    run(!calm.matches);
    if (calm.matches) go(TOTAL);
  } else if (gml.intent === "play" && !calm.matches) {
    asked = false;
    go(0);
    run(true);
  } else {
    run(false);
    go(TOTAL);
  }
  pending = gml.intent = null;
});

gml.onTheme(draw);
read();
gml.live(element, "ms", `${Math.round(props.value.ms)} ms`);
if (gml.restoring(element)) {
  draw();
  trigger("apply");
} else if (calm.matches) draw();
else {
  go(0); // alive at once: the picture is there, and is shown being drawn
  run(true);
}
