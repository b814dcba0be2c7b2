// A sheet to draw on. value: 784 characters 0 or 1; props.rows: how many rows can be drawn on.
const N = 28,
  rows = props.rows;
const canvas = element.querySelector("canvas"),
  mark = element.querySelector(".cursor");
let ink = [...(props.value ?? "")].map(Number),
  cursor = 7 * N + 14,
  pen = null,
  before = null;
canvas.setAttribute("aria-label", props.label);
element.querySelector(".pad-hint").textContent = props.hint;

function draw() {
  const dark = gml.rgb(element, "--ink"),
    card = gml.rgb(element, "--card"),
    blank = gml.rgb(element, "--blank");
  gml.paint(canvas, N, (i) => (i >= rows * N ? blank : ink[i] ? dark : card));
  const focused = document.activeElement === canvas && canvas.matches(":focus-visible");
  mark.hidden = !focused;
  gml.place(mark, cursor, N);
}

function dab(i) {
  // A brush two pixels wide is how thick the strokes are that the model has learned from.
  for (const j of pen ? [i, i + 1, i + N, i + N + 1] : [i]) if (j < rows * N && (j % N) - (i % N) >= 0) ink[j] = pen;
}

function stroke(from, to) {
  const steps = Math.max(Math.abs((from % N) - (to % N)), Math.abs(Math.floor(from / N) - Math.floor(to / N)), 1);
  for (let s = 0; s <= steps; s++) {
    const at = (a, b) => Math.round(a + ((b - a) * s) / steps);
    dab(at(Math.floor(from / N), Math.floor(to / N)) * N + at(from % N, to % N));
  }
}

function send() {
  const text = ink.join("");
  if (text === props.value) return;
  props.value = text;
  trigger("input");
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  before = gml.cell(canvas, event, N);
  pen = ink[before] && before < rows * N ? 0 : 1; // starting on ink rubs it out
  stroke(before, before);
  draw();
});
canvas.addEventListener("pointermove", (event) => {
  if (pen === null) return;
  const here = gml.cell(canvas, event, N);
  stroke(before, here);
  before = here;
  draw();
});
for (const end of ["pointerup", "pointercancel"])
  canvas.addEventListener(end, () => {
    if (pen === null) return;
    pen = null;
    send();
  });
canvas.addEventListener("keydown", (event) => {
  const next = gml.arrow(event.key, cursor, N);
  if (next !== null && next < rows * N) cursor = next;
  else if (event.key === "Enter" || event.key === " ") {
    ink[cursor] = 1 - ink[cursor];
    send();
  } else if (next === null) return;
  event.preventDefault();
  draw();
});
canvas.addEventListener("focus", draw);
canvas.addEventListener("blur", draw);
element.querySelector(".clear").addEventListener("click", () => {
  ink.fill(0);
  draw();
  send();
});
watch("value", () => {
  ink = [...(props.value ?? "")].map(Number);
  draw();
});
gml.onTheme(draw);
draw();
if (gml.restoring(element)) trigger("apply");
