// Three faces to judge. value = {token, number, deck, side, note, problem, pictures}: what is real comes with the answer,
// never before. The page makes up the name of its game, so that no two visitors share a round.
const find = (selector) => element.querySelector(selector),
  all = (selector) => [...element.querySelectorAll(selector)];
const table = find(".table"),
  buttons = all(".face"),
  go = find(".go"),
  slider = find("input[type=range]"),
  files = find("[type=file]");
const WIDTH = 480; // pixels along the longer side of a photo when it leaves the page
const game = [...crypto.getRandomValues(new Uint8Array(12))].map((v) => v.toString(16).padStart(2, "0")).join("");
let number = 0,
  state = "waiting",
  byKeys = true,
  sending = [],
  loaded = 0;

// What outlives this view: the record, which the next view reads, also in this window's storage since there is no face
// in it; and which faces are played with, in memory alone.
const KEY = "gml-quiz";
const kept = gml.remembered(KEY) ?? [];
gml.quiz ??= { record: kept.filter((round) => Array.isArray(round?.from)), deck: "standard" };

function keep(round) {
  const { record } = gml.quiz;
  record.push({ number: (record.at(-1)?.number ?? 0) + 1, ...round });
  gml.quiz.record = record.slice(-500);
  gml.remember(KEY, gml.quiz.record);
}

function tally() {
  let right = 0,
    streak = 0,
    longest = 0;
  for (const { picked, real, from } of gml.quiz.record) {
    const good = from.filter((_, k) => picked.includes(k + 1) === real.includes(k + 1)).length;
    right += good;
    streak = good === 3 ? streak + 1 : 0;
    longest = Math.max(longest, streak);
  }
  const faces = 3 * gml.quiz.record.length;
  find(".score").textContent = faces ? `${right} of ${faces} faces right` : "";
  find(".streak").textContent = faces ? `streak ${streak}, longest ${longest}` : "";
}

const picked = () => buttons.map((b, k) => (b.ariaPressed === "true" ? k + 1 : "")).join("");

function turn(to, label, enabled = true) {
  table.dataset.state = state = to;
  go.textContent = label;
  go.disabled = !enabled;
  find(".back").hidden = gml.quiz.deck === "standard";
}

function next() {
  if (props.value.lacking) return;
  number = (number % 500) + 1;
  turn("waiting", "Reveal", false);
  trigger("select");
}

// A round has come.
async function show() {
  const value = props.value;
  if (!value?.token || value.deck !== gml.quiz.deck || value.number !== number) return;
  const mine = ++loaded,
    images = all(".face img");
  // All three are unpacked before one is shown.
  await Promise.all(value.pictures.map((src) => Object.assign(new Image(), { src }).decode()));
  if (mine !== loaded) return;
  images.forEach((image, k) => {
    Object.assign(image, { src: value.pictures[k], hidden: false, alt: `Face ${k + 1}` });
    image.style.imageRendering = value.side <= 64 ? "pixelated" : "auto";
    buttons[k].ariaPressed = "false";
    buttons[k].dataset.is = "";
  });
  for (const part of all(".window, .verdict-chip, .told")) part.hidden = true;
  find(".ask").textContent = `Round ${number}. Choose the real ones, or none.`;
  find(".deck-note").textContent = [value.problem, value.note].filter(Boolean).join(" ");
  byKeys = true;
  turn("asking", "Reveal");
}

function choose(k) {
  if (state !== "asking") return;
  buttons[k].ariaPressed = buttons[k].ariaPressed === "true" ? "false" : "true";
  const n = picked().length;
  find(".ask").textContent =
    `Round ${number}. ${["None is real?", "One is real?", "Two are real?", "All are real?"][n]}`;
}

function forward() {
  if (state === "asking") {
    turn("telling", "Reveal", false);
    trigger("submit");
  } else if (state === "told" || state === "lost") next();
}

// What the server is asked with, and what it is told.
table.asks = () => [game, number, gml.quiz.deck];
table.says = () => [props.value.token, picked(), Number(slider.value)];
table.photos = () => JSON.stringify(sending);
table.failed = () => {
  if (state === "telling" || state === "waiting") turn("lost", "Next round");
};
table.play = (key) => {
  gml.quiz.deck = key;
  next();
};

// The answer has come.
table.reveal = (told) => {
  told.faces.forEach((face, k) => {
    const said = told.picked.includes(k + 1) === face.real;
    buttons[k].dataset.is = face.real ? "real" : "made";
    const chip = buttons[k].querySelector(".verdict-chip");
    chip.textContent = `${face.real ? "Real" : "Made"} \u00b7 ${face.source}`;
    chip.hidden = false;
    const right = document.createElement("b"),
      words = document.createElement("p");
    right.textContent = `${k + 1}: you were ${said ? "right" : "wrong"}.`;
    words.append(right, ` ${face.words}`);
    const box = buttons[k].nextElementSibling;
    box.replaceChildren(words);
    if (face.where) closer(k, face, words);
    box.hidden = false;
  });
  const real = told.faces.map((face, k) => (face.real ? k + 1 : "")).join("");
  keep({ picked: told.picked, sure: told.sure, real, from: told.faces.map(({ source }) => source) });
  tally();
  const there = ["None was real", "One was real", "Two were real", "All were real"][real.length];
  find(".ask").textContent = `${there}. ${told.right === 3 ? "All three right." : `${told.right} of 3 right.`}`;
  gml.did(element, "reveal");
  if (byKeys) gml.did(element, "keys");
  if (!real) gml.did(element, "none");
  turn("told", "Next round");
};

// A place marked on face k and enlarged beside its words, and the spectrum of its fine detail.
function closer(k, face, words) {
  const [left, top, width] = face.where;
  const place = buttons[k].querySelector(".window"),
    large = document.createElement("span");
  place.style.cssText = `left:${100 * left}%;top:${100 * top}%;width:${100 * width}%;height:${100 * width}%`;
  place.hidden = false;
  Object.assign(large, { className: "enlarged", role: "img", ariaLabel: "The marked place, enlarged" });
  large.style.backgroundImage = `url("${props.value.pictures[k]}")`;
  large.style.backgroundSize = `${100 / width}%`;
  large.style.backgroundPosition = `${(100 * left) / (1 - width)}% ${(100 * top) / (1 - width)}%`;
  words.before(large);
  words.after(
    Object.assign(new Image(), {
      src: face.spectrum,
      alt: "Spectrum of its fine detail",
      title: "Spectrum of its fine detail, low frequencies in the middle",
      className: "pixels",
    }),
  );
}

// Gestures.
buttons.forEach((button, k) =>
  button.addEventListener("click", () => {
    byKeys = false;
    choose(k);
  }),
);
go.addEventListener("click", (event) => {
  if (event.detail) byKeys = false; // 0 for a press of Enter
  forward();
});
const sure = () => (find("output").textContent = `${slider.value}\u00a0%`);
slider.addEventListener("input", sure);

function key(event) {
  if (!element.isConnected) return removeEventListener("keydown", key);
  if (element.offsetParent === null || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const at = event.target,
    inside = at === document.body || element.contains(at);
  const step = { ArrowLeft: -5, ArrowRight: 5 }[event.key];
  if (!inside || at.closest(".from")) return;
  // By its place: on a French keyboard the key says &, and one that a program presses may say nothing.
  const face = /^(?:Digit|Numpad)?([123])$/.exec(event.code || event.key)?.[1];
  if (face) choose(face - 1);
  else if (step && at !== slider) {
    slider.value = Number(slider.value) + step;
    sure();
  } else if (event.key === "Enter" && at !== go) forward();
  else return;
  event.preventDefault();
}
addEventListener("keydown", key);

// Photos are made small here, so that what leaves the page has neither names nor places nor dates in it.
find(".own").addEventListener("click", () => files.click());
files.addEventListener("change", async () => {
  const chosen = [...files.files];
  files.value = "";
  if (chosen.length < 3 || chosen.length > props.most_photos)
    return (find(".ask").textContent = `Choose 3 to ${props.most_photos} photos, with one face on each.`);
  try {
    sending = await Promise.all(
      chosen.map((file) =>
        gml.photo(file, WIDTH).catch((error) => {
          throw Error(`${file.name}: ${error.message}`);
        }),
      ),
    );
  } catch (error) {
    return (find(".ask").textContent = error.message);
  }
  trigger("upload");
});
find(".back").addEventListener("click", () => table.play("standard"));
watch("value", show);
tally();
if (props.value.lacking) {
  find(".ask").textContent = "There is nothing to compare yet.";
  find(".deck-note").textContent = props.value.lacking;
  find(".own").hidden = true;
} else next();
