// Three faces, each to be given its maker. value = {makers, lacking} at first, then {token, number, pictures} too: who made
// which comes with the answer, never before. The page makes up the name of its game.
const find = (selector) => element.querySelector(selector),
  all = (selector) => [...element.querySelectorAll(selector)];
const table = find(".lineup"),
  suspects = all(".suspect"),
  go = find(".go"),
  own = find(".own");
const game = [...crypto.getRandomValues(new Uint8Array(12))].map((v) => v.toString(16).padStart(2, "0")).join("");
let number = 0,
  state = "waiting",
  byKeys = true,
  loaded = 0,
  now = 0, // the face that a digit names
  said = [], // for each face the number of its maker, from 1
  told = null;

// The record outlives this view, and a reload: names of makers, no face.
const KEY = "gml-makers",
  MOST = 500;
const kept = gml.remembered(KEY) ?? [];
gml.makers ??= kept.filter((round) => Array.isArray(round?.made) && Array.isArray(round.said));

function tally() {
  const faces = gml.makers.flatMap((round) => round.made.map((maker, k) => maker === round.said[k]));
  find(".score").textContent = faces.length ? `${faces.filter(Boolean).length} of ${faces.length} right` : "";
  find(".tally a").hidden = !faces.length;
}

function turn(to, label, enabled = true) {
  table.dataset.state = state = to;
  go.textContent = label;
  go.disabled = !enabled;
  own.hidden = to !== "told";
}

function next() {
  number = (number % MOST) + 1;
  turn("waiting", "Reveal", false);
  trigger("select");
}

// What was chosen, and which face comes next.
function mark() {
  const open = state === "asking";
  suspects.forEach((suspect, k) => {
    suspect.toggleAttribute("data-now", open && k === now);
    suspect.querySelectorAll("button").forEach((button, m) => {
      button.ariaPressed = String(said[k] === m + 1);
      button.disabled = !open;
    });
  });
  if (!open) return;
  const whole = suspects.every((_, k) => said[k]);
  go.disabled = !whole;
  find(".ask").textContent = `Round ${number}. ${whole ? "Reveal, or choose again." : `Who made face ${"ABC"[now]}?`}`;
}

function choose(k, maker) {
  if (state !== "asking" || maker > props.value.makers.length) return;
  said[k] = maker;
  const open = [1, 2, 0].map((step) => (k + step) % 3).find((other) => !said[other]);
  now = open ?? k;
  mark();
}

// A round has come.
async function show() {
  const value = props.value;
  if (!value?.token || value.number !== number) return;
  const mine = ++loaded,
    images = all(".face img");
  await Promise.all(value.pictures.map((src) => Object.assign(new Image(), { src }).decode()));
  if (mine !== loaded) return;
  images.forEach((image, k) =>
    Object.assign(image, { src: value.pictures[k], hidden: false, alt: `Face ${"ABC"[k]}` }),
  );
  for (const part of all(".verdict-chip, .told")) part.hidden = true;
  for (const suspect of suspects) suspect.dataset.is = "";
  said = [];
  now = 0;
  byKeys = true;
  own.ariaPressed = "false";
  turn("asking", "Reveal", false);
  mark();
}

function forward() {
  if (state === "asking" && !go.disabled) {
    turn("telling", "Reveal", false);
    trigger("submit");
  } else if (state === "told" || state === "lost") next();
}

// What the server is asked with, and what it is told.
table.asks = () => [game, number];
table.says = () => [props.value.token, said.join("")];
table.failed = () => {
  if (state === "telling" || state === "waiting") turn("lost", "Next round");
};

// The answer has come.
table.reveal = (answer) => {
  told = answer;
  told.faces.forEach((face, k) => {
    const right = told.said[k] === told.made[k],
      [chip, box] = [suspects[k].querySelector(".verdict-chip"), suspects[k].nextElementSibling];
    suspects[k].dataset.is = right ? "right" : "wrong";
    chip.textContent = `${told.made[k]}${right ? ": right" : `, not ${told.said[k]}`}`;
    const words = document.createElement("p");
    words.append(
      Object.assign(document.createElement("b"), { textContent: `${"ABC"[k]}: ${told.made[k]}. ` }),
      face.words,
    );
    box.replaceChildren(words);
    chip.hidden = box.hidden = false;
  });
  gml.makers = [...gml.makers, { said: told.said, made: told.made }].slice(-MOST);
  gml.remember(KEY, gml.makers);
  tally();
  find(".ask").textContent =
    told.right === 3 ? "All three right." : `${["None", "One", "Two"][told.right]} of three right.`;
  gml.did(element, "reveal");
  if (byKeys) gml.did(element, "keys");
  if (told.right === 3) gml.did(element, "all");
  turn("told", "Next round");
  mark();
};

// Gestures.
suspects.forEach((suspect, k) => {
  const choices = props.value.makers.map((name, m) => {
    const button = document.createElement("button"),
      digit = Object.assign(document.createElement("i"), { textContent: m + 1, ariaHidden: "true" });
    Object.assign(button, { type: "button", className: "plain", ariaPressed: "false", disabled: true });
    button.append(digit, name);
    button.addEventListener("click", (event) => {
      if (event.detail) byKeys = false; // 0 for a press of Enter
      choose(k, m + 1);
    });
    return button;
  });
  suspect.querySelector(".choices").replaceChildren(...choices);
  suspect.querySelector(".face").addEventListener("click", () => {
    now = k;
    mark();
  });
});
go.addEventListener("click", (event) => {
  if (event.detail) byKeys = false;
  forward();
});
own.addEventListener("click", () => {
  const on = own.ariaPressed !== "true";
  own.ariaPressed = String(on);
  all(".face img").forEach((image, k) => (image.src = on ? told.faces[k].own : props.value.pictures[k]));
  find(".ask").textContent = on
    ? `Drawn with ${told.faces.map((face) => face.pixels).join(", ")} pixels a side.`
    : "Shrunk to one size again.";
  if (on) gml.did(element, "own");
});

function key(event) {
  if (!element.isConnected) return removeEventListener("keydown", key);
  if (element.offsetParent === null || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const at = event.target,
    inside = at === document.body || element.contains(at);
  if (!inside) return;
  // By its place: on a French keyboard the key says &, and one that a program presses may say nothing.
  const maker = /^(?:Digit|Numpad)?([1-9])$/.exec(event.code || event.key)?.[1];
  const step = { ArrowLeft: 2, ArrowRight: 1 }[event.key];
  if (maker) choose(now, Number(maker));
  else if (step) {
    now = (now + step) % 3;
    mark();
  } else if (event.key === "Enter" && at.tagName !== "BUTTON" && at.tagName !== "A") forward();
  else return;
  event.preventDefault();
}
addEventListener("keydown", key);
watch("value", show);
tally();
if (props.value.lacking) {
  find(".ask").textContent = props.value.lacking;
  go.hidden = true;
} else next();
