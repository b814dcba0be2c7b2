// A sheet to draw on. value: 784 characters, 0 paper and 1 ink; with props.brushes also ?, a pixel left open.
const N = 28;
const canvas = element.querySelector("canvas"),
  mark = element.querySelector(".cursor"),
  brushes = element.querySelector(".brushes");
let sheet = [...(props.value ?? "")],
  cursor = 7 * N + 14,
  pen = null,
  before = null;
canvas.setAttribute("aria-label", props.label);
element.querySelector(".pad-hint").textContent = props.hint;
brushes.hidden = !props.brushes;
for (const radio of brushes.querySelectorAll("input")) radio.name = element.id;

function draw() {
  const colours = {
    1: gml.rgb(element, "--ink"),
    0: gml.rgb(element, "--card"),
    "?": gml.rgb(element, "--blank"),
  };
  gml.paint(canvas, N, (i) => colours[sheet[i]]);
  const focused = document.activeElement === canvas && canvas.matches(":focus-visible");
  mark.hidden = !focused;
  gml.place(mark, cursor, N);
}

// What a stroke that begins at a pixel paints: starting on ink rubs it out, where there is one brush.
function brush(i) {
  if (props.brushes) return brushes.querySelector(":checked").value;
  return sheet[i] === "1" ? "0" : "1";
}

function dab(i) {
  // Ink is two pixels wide, as thick as the strokes that the model has learned from; rubbing is one pixel wide, or, with
  // brushes, as wide as a finger wants it.
  const wide = pen === "1" ? 2 : props.brushes ? 4 : 1;
  const [row, col] = [Math.floor(i / N), i % N];
  for (let r = row; r < Math.min(N, row + wide); r++)
    for (let c = col; c < Math.min(N, col + wide); c++) sheet[r * N + c] = pen;
}

function stroke(from, to) {
  const steps = Math.max(Math.abs((from % N) - (to % N)), Math.abs(Math.floor(from / N) - Math.floor(to / N)), 1);
  for (let s = 0; s <= steps; s++) {
    const at = (a, b) => Math.round(a + ((b - a) * s) / steps);
    dab(at(Math.floor(from / N), Math.floor(to / N)) * N + at(from % N, to % N));
  }
}

function send() {
  const text = sheet.join("");
  if (text === props.value) return;
  props.value = text;
  trigger("input");
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  before = gml.cell(canvas, event, N);
  pen = brush(before);
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
  if (next !== null) cursor = next;
  else if (event.key === "Enter" || event.key === " ") {
    sheet[cursor] = brush(cursor);
    send();
  } else return;
  event.preventDefault();
  draw();
});
canvas.addEventListener("focus", draw);
canvas.addEventListener("blur", draw);
element.querySelector(".clear").addEventListener("click", () => {
  sheet.fill(props.brushes ? "?" : "0");
  draw();
  send();
});
watch("value", () => {
  sheet = [...(props.value ?? "")];
  draw();
});
gml.onTheme(draw);
draw();
if (gml.restoring(element)) trigger("apply");
