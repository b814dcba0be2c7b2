// A kernel and its mask, laid over a digit. value = {bits, A: {k, mask, strength}, B: ...}: k * k numbers each.
const N = 28,
  canvas = element.querySelector("canvas"),
  mark = element.querySelector(".cursor"),
  table = element.querySelector(".taps");
let kind = "A",
  here = 14 * N + 14;

const rowOf = (i) => Math.floor(i / N);

// What the mask says about pixel i, or null outside the window.
function tap(i) {
  const { k, mask } = props.value[kind],
    r = (k - 1) / 2;
  const row = rowOf(i) - rowOf(here) + r,
    col = (i % N) - (here % N) + r;
  return row < 0 || col < 0 || row >= k || col >= k ? null : mask[row * k + col];
}

function draw() {
  if (!props.value) return;
  const { bits } = props.value,
    { k, mask, strength } = props.value[kind];
  const ink = gml.rgb(element, "--ink"),
    card = gml.rgb(element, "--card"),
    blank = gml.rgb(element, "--blank"),
    family = gml.rgb(element, "--fam");
  gml.paint(canvas, N, (i) => {
    const colour = bits[i] === "1" ? ink : card;
    if (tap(i) === 1) return gml.mix(colour, family, 0.45);
    return i < here && tap(i) === null ? colour : gml.mix(colour, blank, 0.8);
  });
  mark.hidden = false;
  gml.place(mark, here, N);
  table.style.setProperty("--k", k);
  table.replaceChildren(
    ...mask.map((one, j) => {
      const cell = Object.assign(document.createElement("b"), { textContent: one, className: one ? "" : "off" });
      cell.style.setProperty("--w", `${100 * strength[j]}%`);
      if (j === (k * k - 1) / 2) cell.classList.add("centre");
      return cell;
    }),
  );
  const passed = mask.filter(Boolean).length;
  table.setAttribute("aria-label", `Mask ${kind}, ${k} by ${k}: ${passed} of ${k * k} taps are 1`);
  element.querySelector(".about").textContent =
    `Mask ${kind}: ${kind === "A" ? "the pixel itself is hidden" : "the pixel's own features pass"}`;
  const inside = [...bits].filter((_, i) => tap(i) === 1).length;
  element.querySelector(".tip").textContent =
    `pixel ${here}   passes ${passed} of ${k * k} taps` +
    (inside < passed ? `   ${passed - inside} beyond the edge` : "");
}

function move(i) {
  if (i === here) return;
  here = i;
  element.dataset.pixel = i;
  draw();
  gml.did(element, "move");
  trigger("select");
}

// The knobs were turned, by hand or by a link.
element.querySelector(".pair").show = ([mask, pixel], byHand) => {
  if (byHand && pixel !== here) gml.did(element, "move");
  if (byHand && mask === "B") gml.did(element, "b");
  [kind, here] = [mask, pixel];
  draw();
};

canvas.addEventListener("pointerdown", (event) => move(gml.cell(canvas, event, N)));
canvas.addEventListener("pointermove", (event) => event.buttons && move(gml.cell(canvas, event, N)));
canvas.addEventListener("keydown", (event) => {
  const next = gml.arrow(event.key, here, N);
  if (next === null) return;
  event.preventDefault();
  move(next);
});
watch("value", draw);
gml.onTheme(draw);
draw();
if (gml.restoring(element)) trigger("apply");
