// Plays a grid of codes that is already written: value = {kind, side, vocabulary, tokens, steps, frames, portraits, ms, ...}.
// steps[i] = {codes, p, drawn}: the likeliest codes at place i, their p, and that of the one drawn; frames: a sheet of the
// picture after 0, 1, 2, ... codes. Everything on screen is a function of that value and of k, the codes written so far.
const find = (selector) => element.querySelector(selector);
const picture = find(".picture"),
  calm = matchMedia("(prefers-reduced-motion: reduce)");
let sheet = null, // of frames, as levels 0 to 255
  size = 28,
  newest = 0;

const total = () => props.value?.tokens.length ?? 0;
const face = () => props.value.kind === "faces";

function look(cell, code) {
  const seen = code !== undefined;
  cell.className = `code${face() ? "" : " ink"}${seen ? "" : " blank"}`;
  cell.style.setProperty("--x", (code ?? 0) % props.columns);
  cell.style.setProperty("--y", Math.floor((code ?? 0) / props.columns));
}

function draw(k) {
  if (!sheet) return;
  const { tokens, side, vocabulary } = props.value;
  [...find(".code-grid").children].forEach((cell, i) => {
    look(cell, i < k ? tokens[i] : undefined);
    cell.textContent = i < k ? tokens[i] : "";
    cell.toggleAttribute("data-next", i === k);
  });
  const blank = gml.rgb(element, "--blank"),
    ink = gml.rgb(element, "--ink"),
    card = gml.rgb(element, "--card");
  const columns = props.frames * size,
    cell = size / side;
  gml.paint(picture, size, (i) => {
    const [y, x] = [Math.floor(i / size), i % size];
    if (Math.floor(y / cell) * side + Math.floor(x / cell) >= k) return blank;
    const at = (Math.floor(k / props.frames) * size + y) * columns + (k % props.frames) * size + x;
    return face() ? [...sheet.subarray(3 * at, 3 * at + 3)] : gml.mix(ink, card, sheet[at] / 255);
  });
  find(".count").textContent = `${k} of ${tokens.length}`;
  guesses(Math.min(k, tokens.length - 1), k < tokens.length, vocabulary);
}

// What the model expects at place i.
function guesses(i, open, vocabulary) {
  const { codes, p, drawn } = props.value.steps[i],
    token = props.value.tokens[i];
  find(".next").textContent = open ? `p of code ${i + 1}, to come` : `p of code ${i + 1}, the last`;
  const rest = codes.includes(token) ? [] : [[token, drawn]];
  const shown = [...codes.map((code, j) => [code, p[j]]).slice(0, codes.length - rest.length), ...rest];
  find(".likely").replaceChildren(
    ...shown.map(([code, share]) => {
      const row = document.createElement("p"),
        tile = document.createElement("i");
      look(tile, code);
      row.toggleAttribute("data-drawn", code === token);
      row.style.setProperty("--p", share);
      row.append(tile, Object.assign(document.createElement("span"), { className: "bar" }));
      row.append(Object.assign(document.createElement("span"), { textContent: `${code}` }));
      row.append(Object.assign(document.createElement("b"), { textContent: `${(100 * share).toFixed(1)} %` }));
      return row;
    }),
    Object.assign(document.createElement("p"), {
      className: "others",
      textContent: `the other ${vocabulary - shown.length}: ${Math.max(0, 100 * (1 - shown.reduce((s, [, v]) => s + v, 0))).toFixed(1)} %`,
    }),
  );
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
  const { frames, portraits, ...numbers } = props.value;
  const name = `image-gpt-${numbers.kind}-${numbers.digit}-seed${numbers.seed}.${kind}`;
  if (kind === "json") gml.saveNumbers(numbers, name);
  else gml.savePicture(picture, name);
});

async function read(opened) {
  if (!props.value) return; // the weights could not be had, and the page says so
  const mine = ++newest,
    { frames, side, vocabulary, portraits, ms } = props.value;
  const levels = await gml.levels(frames, face() ? 3 : 1);
  if (mine !== newest) return; // a newer one has come meanwhile
  sheet = levels;
  if (!sheet) return (find(".next").textContent = gml.UNREADABLE);
  size = Math.round(
    Math.sqrt(sheet.length / (face() ? 3 : 1) / props.frames / Math.ceil((total() + 1) / props.frames)),
  );
  picture.width = picture.height = size;
  element.style.setProperty("--portraits", `url(${portraits})`);
  element.style.setProperty("--rows", vocabulary / props.columns);
  element.style.setProperty("--n", side);
  element.style.setProperty("--unit", `${size}px`); // whole pixels
  if (find(".code-grid").children.length !== side * side)
    find(".code-grid").replaceChildren(...Array.from({ length: side * side }, () => document.createElement("i")));
  gml.live(element, "ms", `${Math.round(ms)} ms`);
  element.dataset.ready = props.value.seed;
  const moving = !calm.matches && (opened || gml.intent === "play");
  film.go(moving ? 0 : total());
  if (moving) film.run(true);
  gml.intent = null;
}
watch("value", () => read(false));
gml.onTheme(film.again);
read(true);
if (gml.restoring(element)) trigger("apply");
