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
  note = { of: "", text: "" }, // what has become of the face that is seen large, as long as the matrix is this one
  past = [], // what Undo brings back: rows, columns and layers
  undone = "",
  newest = 0,
  model = null;
// Of each generator the faces that were kept, {who, uri}, and the w's that were found: in this window's memory, so that
// they are there when the view comes back.
const memory = (gml.keptFaces ??= {});
const own = () => (memory[model] ??= { kept: [], found: [] });

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
    wanted: { rows: list(rows), columns: list(columns), layers: layers.join(", "), found: own().found.join(" ") },
  };
  trigger("select");
}

const key = ({ rows, columns, layers }) => JSON.stringify([rows, columns, layers]);
// Another matrix has come; before is the one that was seen. What an Undo brought is not undone in turn.
function remember(before) {
  if (key(before) === key(props.value)) return;
  if (undone !== key(props.value)) past.push(before);
  undone = "";
  find(".undo").disabled = !past.length;
}
function undo() {
  const before = past.pop();
  if (!before) return;
  find(".undo").disabled = !past.length;
  undone = key(before);
  gml.did(element, "row");
  ask(before);
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
// Another generator has other layers, and its faces are nobody's here: each has a shelf of its own.
function meet() {
  if (model === props.value.model) return;
  model = props.value.model;
  past = [];
  find(".undo").disabled = true;
  shelf.replaceChildren(...own().kept.map(onShelf));
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
  if (!j) ask({ rows: swap(rows, i - 1) });
  else ask({ columns: swap(columns, j - 1) });
}

// A mixture takes its row, and the columns go on with the next finer layers: the ones that it has from them already
// would bring nothing new.
function goOn(i, who) {
  const { rows, columns, layers, groups } = props.value,
    all = Object.entries(groups).filter(([, own]) => own.length),
    last = all.findLastIndex(([, own]) => own.some((k) => layers.includes(k))),
    [name, next] = all[(last + 1) % all.length];
  const wanted = { rows: rows.map((row, k) => (k === i - 1 ? who : row)), columns, layers: next };
  at = [i, 0];
  note = { of: key(wanted), text: `Now in row ${i}: the columns give it their ${name.toLowerCase()} layers.` };
  ask(wanted);
}

function closer() {
  const [i, j] = at,
    who = person(i, j);
  pixels(large, i, j);
  const caption = who ? words(who)[0].toUpperCase() + words(who).slice(1) : "The mean face: psi = 0";
  large.setAttribute("aria-label", caption);
  find(".closer figcaption").textContent = note.of === key(props.value) ? `${caption}. ${note.text}` : caption;
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
    matrix.style.setProperty("--rows", rows.length + 1);
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

let seen = null; // the value whose picture is seen
async function read() {
  const mine = ++newest,
    image = Object.assign(new Image(), { src: props.value.sheet });
  await image.decode();
  if (mine !== newest) return;
  picture = image;
  meet();
  if (seen?.model === model) remember(seen);
  seen = props.value;
  draw();
}

// Faces that were kept: as pictures with what they are made of; a click puts one into the first row.
function onShelf({ who, uri }) {
  const button = Object.assign(document.createElement("button"), { type: "button", title: words(who) });
  button.setAttribute("aria-label", `Kept: ${words(who)}. Put it into the first row`);
  button.append(uri ? Object.assign(new Image(), { src: uri, alt: "" }) : text(who));
  button.addEventListener("click", () => intoFirstRow(who));
  return button;
}
function put(who, uri) {
  own().kept.push({ who, uri });
  shelf.append(onShelf({ who, uri }));
}
function intoFirstRow(who) {
  at = [1, 0];
  ask({ rows: [who, ...props.value.rows.slice(1)] });
}
const say = (problem) => {
  find(".problem").textContent = problem;
  find(".problem").hidden = !problem;
};
// Faces that were found have names here, in the order they came.
const full = `Up to ${most} found faces can be kept. Load the page again to begin anew.`;
const nameOf = (w) => {
  const { found } = own();
  return `w${1 + (found.includes(w) ? found.indexOf(w) : found.push(w) - 1)}`;
};
// What the view "Find a face" has sent here waits in gml.toMix = {w, uri}.
function take() {
  if (!gml.toMix || model === null) return;
  const { w, uri } = gml.toMix,
    { found } = own();
  gml.toMix = null;
  if (model !== ships) return say("A found face can be mixed with those of its own generator: choose it first.");
  if (!found.includes(w) && found.length >= most) return say(full);
  const isNew = !found.includes(w),
    name = nameOf(w),
    who = props.value.sizes.map(() => name);
  if (isNew) put(who, uri);
  intoFirstRow(who);
}
element.addEventListener("found", take);
async function open() {
  const wrong = "This is not a file of kept faces: Kept faces (JSON) saves one.";
  try {
    const [chosen] = file.files,
      content = chosen.size < 1e5 ? JSON.parse(await chosen.text()) : {};
    const theirs = content.found ?? [],
      names = theirs.map((_, k) => `w${k + 1}`);
    const good = (who) =>
      Array.isArray(who) &&
      who.length === props.value.sizes.length &&
      who.every((seed) => names.includes(seed) || (Number.isInteger(seed) && seed >= 0 && seed < 10000));
    if (!content.kept?.length || content.kept.length > 50 || !content.kept.every(good)) throw new Error(wrong);
    if ((content.model ?? model) !== model) throw new Error(wrong);
    if (!theirs.every((w) => /^[\w+/]+=*$/.test(w))) throw new Error(wrong);
    if (new Set([...own().found, ...theirs]).size > most) return say(full);
    const named = theirs.map(nameOf); // they may have other names here than in the file
    content.kept.forEach((who) => put(who.map((seed) => named[names.indexOf(seed)] ?? seed)));
    say("");
  } catch {
    say(wrong);
  }
  file.value = "";
}
file.addEventListener("change", open);

element.addEventListener("click", (event) => {
  const [i, j] = at,
    who = person(i, j),
    doing = event.target.dataset.do;
  if (doing === "undo") undo();
  if (doing === "go-on") goOn(i, who);
  if (doing === "keep" && own().kept.length < 50) put(who, gml.readable() ? large.toDataURL() : null);
  if (doing === "png") {
    // The server draws it again, with a note inside that nobody like this was born.
    props.value = { ...props.value, home: text(who) };
    trigger("edit");
  }
  if (doing === "save") {
    const { kept, found } = own(),
      people = kept.map(({ who }) => who);
    gml.saveNumbers({ what: "AI-generated, a seed for each layer", model, kept: people, found }, "stylegan-faces.json");
  }
  if (doing === "open") file.click();
});

watch("value", read);
read().then(take);
// A link that names another generator is drawn when the switch has found it.
if (gml.restoring(element) && [null, ships].includes(gml.linked(element, "model"))) trigger("apply");
