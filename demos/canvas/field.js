// Where one pixel looks. value = {field: 784 numbers 0..1, row, col, depth, seen, past}.
const N = 28,
  canvas = element.querySelector("canvas"),
  mark = element.querySelector(".cursor");

function draw() {
  const { field, row, col, seen, past } = props.value;
  const card = gml.rgb(element, "--card"),
    blank = gml.rgb(element, "--blank"),
    family = gml.rgb(element, "--fam");
  const spot = gml.rgb(element, "--spot"),
    here = row * N + col;
  // A logarithm shows faint influence; what is exactly zero in the past is the blind spot.
  const shade = (v) => 0.12 + 0.88 * Math.max(0, 1 + Math.log10(v) / 4);
  gml.paint(canvas, N, (i) => (field[i] > 0 ? gml.mix(card, family, shade(field[i])) : i < here ? spot : blank));
  mark.hidden = false;
  gml.place(mark, row * N + col, N);
  element.querySelector(".tip").textContent =
    // A line breaks between items and not inside one.
    [`pixel ${here}`, `sees ${seen} of the ${past} before it`, `blind to ${past - seen}`]
      .map((text) => text.replaceAll(" ", "\u00a0"))
      .join("   ");
}

function pick(i) {
  element.dataset.at = JSON.stringify([Math.floor(i / N), i % N]);
  gml.did(element, "pick");
  trigger("select");
}
canvas.addEventListener("pointerdown", (event) => pick(gml.cell(canvas, event, N)));
canvas.addEventListener("pointermove", (event) => event.buttons && pick(gml.cell(canvas, event, N)));
canvas.addEventListener("keydown", (event) => {
  const { row, col } = props.value;
  const next = gml.arrow(event.key, row * N + col, N);
  if (next === null) return;
  event.preventDefault();
  pick(next);
});
watch("value", draw);
gml.onTheme(draw);
draw();
if (gml.restoring(element)) trigger("apply");
