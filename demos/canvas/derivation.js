// The bound, line by line. value = {lines: [{value, error, text, note, figure}], picture}: value is null where there is no
// number. The line that is looked at and all above it show theirs; props.start is the first one. `select` says which.
const find = (selector) => element.querySelector(selector);
const list = find(".lines"),
  buttons = [...list.querySelectorAll("button")];
let line = props.start;
const seen = new Set();

for (const [k, button] of buttons.entries()) {
  button
    .querySelector(".why")
    .insertAdjacentHTML(
      "beforeend",
      '<span class="on-axis" aria-hidden="true"><i class="top"></i><i class="lost"></i><i class="error"></i><i class="dot"></i></span>',
    );
  button.insertAdjacentHTML("beforeend", '<span class="number"></span>');
  button.addEventListener("click", () => pick(k + 1));
}

function draw() {
  list.dataset.line = line;
  const lines = props.value?.lines;
  if (!lines) return;
  const known = lines.filter(({ value }) => value !== null);
  const low = Math.min(...known.map(({ value, error }) => value - error)),
    high = Math.max(...known.map(({ value, error }) => value + error));
  const at = (v) => (100 * (v - low)) / Math.max(high - low, 1e-6); // percent of the axis
  const top = lines[0].value ?? lines[2].value;
  for (const [k, button] of buttons.entries()) {
    const { value, error, text } = lines[k],
      shown = k < line,
      axis = button.querySelector(".on-axis");
    button.parentElement.classList.toggle("reached", shown);
    k + 1 === line ? button.setAttribute("aria-current", "step") : button.removeAttribute("aria-current");
    button.tabIndex = k + 1 === line ? 0 : -1;
    button.querySelector(".number").textContent = shown ? text : "";
    axis.classList.toggle("blank", !shown || value === null);
    const set = (part, from, to) =>
      Object.assign(axis.querySelector(part).style, { left: `${at(from)}%`, width: `${at(to) - at(from)}%` });
    set(".top", top, top);
    set(".lost", k < 3 ? top : value, top);
    set(".error", value - error, value + error);
    set(".dot", value, value);
  }
  find(".of-line").innerHTML = lines[line - 1].figure;
  find(".of-line-note").textContent = lines[line - 1].note;
  find(".decoded").innerHTML = `${props.value.picture}<figcaption>decoded</figcaption>`;
}

// byHand: somebody stepped here; otherwise a link did.
list.show = (k, byHand = true) => {
  line = Math.min(buttons.length, Math.max(1, k));
  if (byHand) seen.add(line);
  if (seen.size >= 4 && line === buttons.length) gml.did(element, "jensen");
  draw();
};

function pick(k) {
  list.show(k);
  trigger("select");
}

list.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  pick(line + step);
  buttons[line - 1].focus();
});

watch("value", draw);
draw();
if (gml.restoring(element)) trigger("apply");
