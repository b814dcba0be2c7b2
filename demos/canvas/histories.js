// One pixel as several models predict it. value = {row, col, past, seed, models: [{title, field, seen, wall, ms}]}, where
// field has 784 bytes in hexadecimal; props.facts has what stands beside each model.
const N = 28;
const find = (selector) => element.querySelector(selector);

const rows = new Map(
  props.facts.map((facts) => {
    const row = document.createElement("section");
    row.setAttribute("aria-label", facts.title);
    row.innerHTML = `<div class="frame"><canvas width="28" height="28" tabindex="0" role="application"></canvas><i class="cursor"
      hidden></i></div><div class="who"><h3></h3><p class="how"></p><p class="seen"></p></div><dl></dl><figure><img
      class="pixels" alt=""><figcaption></figcaption></figure>`;
    row.querySelector("h3").textContent = facts.title;
    row.querySelector(".how").textContent = facts.history;
    row
      .querySelector("canvas")
      .setAttribute(
        "aria-label",
        `What the pixel depends on in ${facts.title}. Click or use the arrow keys to choose the pixel.`,
      );
    const told = [
      ["nats", facts.nats, facts.bits],
      ["parameters", facts.parameters, `trained ${facts.minutes}`],
      ["steps", `${facts.train} / ${facts.draw}`, "to train / to draw"],
    ];
    row.querySelector("dl").replaceChildren(
      ...told.map(([name, value, note]) => {
        const cell = document.createElement("div");
        cell.innerHTML = "<dt></dt><dd><b></b><small></small></dd>";
        cell.querySelector("dt").textContent = name;
        cell.querySelector("b").textContent = value;
        cell.querySelector("small").textContent = note;
        return cell;
      }),
    );
    return [facts.title, row];
  }),
);
find(".rows").replaceChildren(...rows.values());

function draw() {
  if (!props.value) return; // the weights could not be had, and the page says so
  const { row, col, past, seed, models } = props.value,
    here = row * N + col;
  const card = gml.rgb(element, "--card"),
    blank = gml.rgb(element, "--blank"),
    family = gml.rgb(element, "--fam"),
    spot = gml.rgb(element, "--spot");
  for (const { title, field, seen, wall, ms } of models) {
    const part = rows.get(title),
      level = (i) => Number.parseInt(field.slice(2 * i, 2 * i + 2), 16) / 255;
    gml.paint(part.querySelector("canvas"), N, (i) =>
      level(i) > 0 ? gml.mix(card, family, 0.12 + 0.88 * level(i)) : i < here ? spot : blank,
    );
    part.querySelector(".cursor").hidden = false;
    gml.place(part.querySelector(".cursor"), here, N);
    part.querySelector(".seen").textContent = `sees ${seen} of ${past}`;
    const image = part.querySelector("img");
    if (image.getAttribute("src") !== wall) image.src = wall;
    image.alt = `${props.wall} digits of ${title}, seeds ${seed} to ${seed + props.wall - 1}`;
    part.querySelector("figcaption").textContent = `${props.wall} at once in ${ms.toLocaleString("en")} ms`;
  }
  find(".tip").textContent = `pixel ${here}: row ${row}, column ${col}`.replaceAll(" ", "\u00a0");
}

function pick(i) {
  element.dataset.at = JSON.stringify([Math.floor(i / N), i % N]);
  gml.did(element, "pick");
  trigger("select");
}
for (const { 1: part } of rows) {
  const canvas = part.querySelector("canvas");
  canvas.addEventListener("click", (event) => pick(gml.cell(canvas, event, N)));
  canvas.addEventListener("keydown", (event) => {
    const { row, col } = props.value;
    const next = gml.arrow(event.key, row * N + col, N);
    if (next === null) return;
    event.preventDefault();
    pick(next);
  });
}
watch("value", draw);
gml.onTheme(draw);
draw();
if (gml.restoring(element)) trigger("apply");
