// Style mixing. value = {sheet, rows, columns, layers, psi, ms, faces, model, sizes, groups}: the sheet has the mean face,
// the columns' faces, then each row's face and its mixtures; faces of these are drawn already. A person is a list with a seed for every layer, so a mixture is a person too. A face
// that was found for a picture has no seed: "w1" is the first of those in found.
const { most, ships } = props,
  find = (selector) => element.querySelector(selector);
const matrix = find(".matrix"),
  large = find(".closer canvas"),
  shelf = find(".shelf"),
  file = find("input[type=file]");
let picture = null,
  at = [1, 1],
  kept = [],
  found = [],
  newest = 0,
  model = null;

const text = (person) => (new Set(person).size === 1 ? `${person[0]}` : person.join(" "));
const words = (person) => {
  const runs = [];
  person.forEach((seed, k) =>
    seed === runs.at(-1)?.seed ? (runs.at(-1).end = k) : runs.push({ seed, start: k, end: k }),
  );
  if (runs.length === 1)
    return typeof person[0] === "string" ? `found face ${person[0].slice(1)}` : `seed ${person[0]}`;
  return runs
    .map(({ seed, start, end }) => `${seed} in layer${start === end ? ` ${start}` : `s ${start} to ${end}`}`)
    .join(", ");
};
const list = (persons) => persons.map(text).join(", ");
// Whose face is in a cell: i = 0 is above, j = 0 at the left. null is the mean face.
function person(i, j) {
  const { rows, columns, layers } = props.value;
  if (!i && !j) return null;
  if (!i) return columns[j - 1];
  if (!j) return rows[i - 1];
  return rows[i - 1].map((seed, k) => (layers.includes(k) ? columns[j - 1][k] : seed));
}

function ask(changes) {
  const { rows, columns, layers } = { ...props.value, ...changes };
  props.value = {
    ...props.value,
    wanted: { rows: list(rows), columns: list(columns), layers: layers.join(", "), found: found.join(" ") },
  };
  trigger("select");
}

// Which layers: by group, or one by one.
function layerButton(words, layers, choose) {
  const button = Object.assign(document.createElement("button"), {
    type: "button",
    className: "plain",
    textContent: words,
  });
  button.layers = layers;
  button.addEventListener("click", () => {
    gml.did(element, "group");
    ask({ layers: choose() });
  });
  return button;
}
function layerButtons() {
  const { sizes, groups } = props.value;
  find(".mixing-groups").replaceChildren(
    ...Object.entries(groups)
      .filter(([, own]) => own.length)
      .map(([name, own]) => layerButton(name, own, () => own)),
  );
  find(".mixing-layers").replaceChildren(
    ...sizes.map((size, k) => {
      const button = layerButton(size, [k], () => {
        const { layers } = props.value,
          next = layers.includes(k) ? layers.filter((l) => l !== k) : [...layers, k];
        return next.sort((a, b) => a - b);
      });
      button.setAttribute("aria-label", `Layer ${k}, ${size} by ${size} pixels`);
      return button;
    }),
  );
}
// Another generator has other layers, and its faces are nobody's here: what was kept stays in its own file.
function meet() {
  if (model === props.value.model) return;
  if (model !== null) {
    kept = [];
    found = [];
    shelf.replaceChildren();
  }
  model = props.value.model;
  layerButtons();
}

function pixels(canvas, i, j) {
  const side = picture.naturalWidth / (props.value.columns.length + 1);
  canvas.width = canvas.height = side;
  canvas.getContext("2d").drawImage(picture, j * side, i * side, side, side, 0, 0, side, side);
}

function click(i, j) {
  const { rows, columns } = props.value,
    another = Math.floor(Math.random() * 10000);
  const swap = (persons, k) => persons.map((p, n) => (n === k ? props.value.sizes.map(() => another) : p));
  at = [i, j];
  closer();
  if (i && j) return gml.did(element, "cell");
  if (!i && !j) return;
  if (!j) {
    gml.did(element, "row");
    ask({ rows: swap(rows, i - 1) });
  } else ask({ columns: swap(columns, j - 1) });
}

function closer() {
  const [i, j] = at,
    who = person(i, j);
  pixels(large, i, j);
  const caption = who ? words(who)[0].toUpperCase() + words(who).slice(1) : "The mean face: psi = 0";
  large.setAttribute("aria-label", caption);
  find(".closer figcaption").textContent = caption;
  find("[data-do=go-on]").disabled = !(i && j);
  find("[data-do=keep]").disabled = find("[data-do=png]").disabled = !who;
  for (const cell of matrix.children) cell.setAttribute("aria-pressed", cell.dataset.at === `${i},${j}`);
}

function draw() {
  const { rows, columns, layers, faces, ms } = props.value,
    count = (rows.length + 1) * (columns.length + 1);
  at = [Math.min(at[0], rows.length), Math.min(at[1], columns.length)];
  if (matrix.children.length !== count || matrix.dataset.columns !== `${columns.length}`) {
    matrix.dataset.columns = columns.length;
    matrix.style.setProperty("--columns", columns.length + 1);
    matrix.replaceChildren(
      ...Array.from({ length: count }, (_, n) => {
        const i = Math.floor(n / (columns.length + 1)),
          j = n % (columns.length + 1);
        const button = Object.assign(document.createElement("button"), { type: "button" });
        button.dataset.at = `${i},${j}`;
        button.classList.toggle("source", !i || !j);
        button.append(document.createElement("canvas"));
        button.addEventListener("click", () => click(i, j));
        return button;
      }),
    );
  }
  [...matrix.children].forEach((button, n) => {
    const i = Math.floor(n / (columns.length + 1)),
      j = n % (columns.length + 1),
      who = person(i, j);
    pixels(button.firstChild, i, j);
    const name = !who
      ? "The mean face"
      : !i || !j
        ? `${i ? "Row" : "Column"}: ${words(who)}. Another face`
        : words(who);
    button.setAttribute("aria-label", name);
    button.title = name;
  });
  for (const button of element.querySelectorAll(".mixing-knobs button")) {
    const all = button.layers.every((k) => layers.includes(k));
    button.setAttribute("aria-pressed", button.layers.length > 1 ? all && layers.length === button.layers.length : all);
  }
  gml.live(element, "ms", `${ms.toFixed(0)} ms`);
  element.dataset.faces = faces;
  element.dataset.model = model;
  closer();
}

async function read() {
  const mine = ++newest,
    image = Object.assign(new Image(), { src: props.value.sheet });
  await image.decode();
  if (mine !== newest) return;
  picture = image;
  meet();
  draw();
}

// Faces that were kept: as pictures with what they are made of; a click puts one into the first row.
function put(who, uri) {
  const button = Object.assign(document.createElement("button"), { type: "button", title: words(who) });
  button.setAttribute("aria-label", `Kept: ${words(who)}. Put it into the first row`);
  button.append(uri ? Object.assign(new Image(), { src: uri, alt: "" }) : text(who));
  button.addEventListener("click", () => ask({ rows: [who, ...props.value.rows.slice(1)] }));
  shelf.append(button);
  kept.push(who);
}
const say = (problem) => {
  find(".problem").textContent = problem;
  find(".problem").hidden = !problem;
};
// Faces that were found have names here, in the order they came.
const full = `Only ${most} faces that were found can be kept: load the page again to begin anew.`;
const nameOf = (w) => `w${1 + (found.includes(w) ? found.indexOf(w) : found.push(w) - 1)}`;
element.addEventListener("found", ({ detail: { w, uri } }) => {
  if (model !== ships) return say("Faces are found by the generator that ships: choose that one above first.");
  if (!found.includes(w) && found.length >= most) return say(full);
  const isNew = !found.includes(w),
    name = nameOf(w),
    who = props.value.sizes.map(() => name);
  if (isNew) put(who, uri);
  at = [1, 0];
  ask({ rows: [who, ...props.value.rows.slice(1)] });
});
async function open() {
  const wrong = "That is no file of kept faces: it is saved by the button beside.";
  try {
    const [chosen] = file.files,
      content = chosen.size < 1e5 ? JSON.parse(await chosen.text()) : {};
    const own = content.found ?? [],
      names = own.map((_, k) => `w${k + 1}`);
    const good = (who) =>
      Array.isArray(who) &&
      who.length === props.value.sizes.length &&
      who.every((seed) => names.includes(seed) || (Number.isInteger(seed) && seed >= 0 && seed < 10000));
    if (!content.kept?.length || content.kept.length > 50 || !content.kept.every(good)) throw new Error(wrong);
    if ((content.model ?? model) !== model) throw new Error(wrong);
    if (!own.every((w) => /^[\w+/]+=*$/.test(w))) throw new Error(wrong);
    if (new Set([...found, ...own]).size > most) return say(full);
    const named = own.map(nameOf); // they may have other names here than in the file
    content.kept.forEach((who) => put(who.map((seed) => named[names.indexOf(seed)] ?? seed)));
    say("");
  } catch {
    say(wrong);
  }
  file.value = "";
}
file.addEventListener("change", open);

find(".closer").addEventListener("click", (event) => {
  const [i, j] = at,
    who = person(i, j),
    doing = event.target.dataset.do;
  if (doing === "go-on") ask({ rows: props.value.rows.map((row, k) => (k === i - 1 ? who : row)) });
  if (doing === "keep" && kept.length < 50) put(who, large.toDataURL());
  if (doing === "png") {
    // The server draws it again, with a note inside that nobody like this was born.
    props.value = { ...props.value, home: text(who) };
    trigger("edit");
  }
  if (doing === "save")
    gml.saveNumbers({ what: "AI-generated, a seed for each layer", model, kept, found }, "stylegan-faces.json");
  if (doing === "open") file.click();
});

watch("value", read);
read();
trigger("download");
// A link that names another generator is drawn when the switch has found it.
if (gml.restoring(element) && [null, ships].includes(gml.linked(element, "model"))) trigger("apply");
