// A digit as a grid of codes. value = {drawing, codes, nearest, place, ink, terms, to_code, to_encoder, through_argmin}, and at
// first {portraits, use} too. The decoder comes later: from then on the page decodes every grid by itself, as models/vqvae.py does.
const SIDE = 7,
  N = 28,
  BETA = 0.25;
const find = (selector) => element.querySelector(selector);
const picture = find(".picture"),
  store = find("[data-codes]");
let codes = [],
  nearest = [],
  place = 24,
  drawing = null, // that these are of
  past = [], // grids before each exchange
  tried = null, // the code under the pointer
  first = [], // the picture of the nearest codes
  built = false,
  book = null,
  layers = null;

// The decoder: (channels, n * n) in, (channels, n * n) or twice the side out.

function half(h) {
  const exponent = (h >> 10) & 31,
    fraction = h & 1023;
  const size = exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction;
  return h >> 15 ? -size : size;
}

const relu = (x) => x.map((v) => Math.max(v, 0));

// k by k, with padding so that the side stays.
function convolve(x, from, n, [weight, bias], k) {
  const to = bias.length,
    out = new Float32Array(to * n * n),
    r = (k - 1) / 2;
  for (let o = 0; o < to; o++) {
    out.fill(bias[o], o * n * n, (o + 1) * n * n);
    for (let c = 0; c < from; c++)
      for (let i = -r; i <= r; i++)
        for (let j = -r; j <= r; j++) {
          const w = weight[((o * from + c) * k + i + r) * k + j + r];
          for (let y = Math.max(0, -i); y < Math.min(n, n - i); y++)
            for (let z = Math.max(0, -j); z < Math.min(n, n - j); z++)
              out[(o * n + y) * n + z] += w * x[(c * n + y + i) * n + z + j];
        }
  }
  return out;
}

// Transposed, 4 by 4, stride 2: each number is spread over the sixteen around its new place.
function enlarge(x, from, n, [weight, bias]) {
  const to = bias.length,
    m = 2 * n,
    out = new Float32Array(to * m * m);
  for (let o = 0; o < to; o++) {
    out.fill(bias[o], o * m * m, (o + 1) * m * m);
    for (let c = 0; c < from; c++)
      for (let i = 0; i < 4; i++)
        for (let j = 0; j < 4; j++) {
          const w = weight[((c * to + o) * 4 + i) * 4 + j];
          for (let y = 0; y < n; y++) {
            const row = 2 * y - 1 + i;
            if (row < 0 || row >= m) continue;
            for (let z = 0; z < n; z++) {
              const column = 2 * z - 1 + j;
              if (column >= 0 && column < m) out[(o * m + row) * m + column] += w * x[(c * n + y) * n + z];
            }
          }
        }
  }
  return out;
}

function read({ weights, dim, widths: [deep, wide] }) {
  const text = atob(weights),
    flat = new Float32Array(text.length / 2);
  for (let i = 0; i < flat.length; i++) flat[i] = half(text.charCodeAt(2 * i) | (text.charCodeAt(2 * i + 1) << 8));
  let at = 0;
  const take = (n) => flat.subarray(at, (at += n));
  const layer = (from, to, k) => [take(from * to * k * k), take(to)];
  book = { codes: take(128 * dim), dim };
  const residual = () => [layer(deep, deep / 2, 3), layer(deep / 2, deep, 1)];
  layers = { start: layer(dim, deep, 3), residuals: [residual(), residual()] };
  layers.ups = [layer(deep, wide, 4), layer(wide, 1, 4)];
}

// The ink, 0 to 1, of a grid of codes; until the decoder is there, of the grid that the server has answered last.
function decode(grid) {
  if (!book) return Array.from(gml.bytes(props.value.ink), (v) => v / 255);
  const { dim } = book;
  const e = new Float32Array(dim * SIDE * SIDE);
  grid.forEach((code, i) => {
    for (let c = 0; c < dim; c++) e[c * SIDE * SIDE + i] = book.codes[code * dim + c];
  });
  let x = convolve(e, dim, SIDE, layers.start, 3);
  const deep = layers.start[1].length;
  for (const [near, mix] of layers.residuals) {
    const more = convolve(relu(convolve(relu(x), deep, SIDE, near, 3)), deep / 2, SIDE, mix, 1);
    x = x.map((v, i) => v + more[i]);
  }
  x = enlarge(relu(x), deep, SIDE, layers.ups[0]);
  x = enlarge(relu(x), layers.ups[0][1].length, 2 * SIDE, layers.ups[1]);
  return x.map((v) => Math.min(1, Math.max(0, (v + 1) / 2)));
}

// What is shown.

const row = (i) => Math.floor(i / SIDE);
const put = (code, i) => codes.map((k, j) => (j === i ? code : k));

// Which rows or columns a code at i can reach: three places each way in the grid, and what two enlargements add.
const span = (i) => [Math.max(0, 4 * (i - 3) - 3), Math.min(N, 4 * (i + 3) + 7)];

function frame(mark, [top, bottom], [left, right]) {
  const share = (v) => `${(100 * v) / N}%`;
  Object.assign(mark.style, {
    top: share(top),
    left: share(left),
    width: share(right - left),
    height: share(bottom - top),
  });
}

function draw() {
  const grid = tried === null ? codes : put(tried, place),
    ink = gml.rgb(element, "--ink"),
    card = gml.rgb(element, "--card"),
    family = gml.rgb(element, "--fam");
  const now = decode(grid);
  gml.paint(picture, N, (i) => {
    const change = Math.abs(now[i] - first[i]);
    return gml.mix(gml.mix(card, ink, now[i]), family, change > 0.01 ? 0.25 + 0.6 * change : 0);
  });
  const [y, x] = [row(place), place % SIDE];
  frame(find(".own"), [4 * y, 4 * y + 4], [4 * x, 4 * x + 4]);
  frame(find(".reach"), span(y), span(x));
  [...find(".code-grid").children].forEach((cell, i) => {
    look(cell, grid[i], `row ${row(i) + 1}, column ${(i % SIDE) + 1}: code ${grid[i]}`);
    cell.ariaPressed = String(i === place);
    cell.toggleAttribute("data-changed", grid[i] !== nearest[i]);
  });
  [...find(".codebook").children].forEach(
    (cell) => (cell.ariaPressed = String(Number(cell.dataset.code) === grid[place])),
  );
  const exchanged = codes.filter((k, i) => k !== nearest[i]).length;
  find(".undo").disabled = !past.length;
  find(".reset").disabled = !exchanged;
  find(".asks").textContent =
    tried === null ? `Place ${place} has code ${codes[place]}: choose another` : `Code ${tried} in its place`;
  find(".said").textContent = exchanged ? `decoded, ${exchanged} of 49 exchanged` : "decoded from its nearest codes";
}

function look(cell, code, label) {
  cell.style.setProperty("--x", code % props.columns);
  cell.style.setProperty("--y", Math.floor(code / props.columns));
  cell.ariaLabel = label;
  if (cell.parentElement === find(".code-grid")) cell.textContent = code;
}

function numbers() {
  const { terms, to_code, to_encoder, through_argmin } = props.value;
  const [error, apart] = terms;
  find(".terms").innerHTML =
    `<b>${error.toFixed(1)}</b> reconstruction + <b>${apart.toFixed(1)}</b> codebook + ${BETA} · <b>${apart.toFixed(1)}</b> ` +
    `commitment = <b>${(error + apart + BETA * apart).toFixed(1)}</b>`;
  const most = Math.max(1e-6, ...to_code.map(Math.abs));
  element.querySelectorAll(".gradients svg").forEach((figure, i) => {
    const values = [to_code, to_encoder, through_argmin][i];
    figure.innerHTML = `<line x1="0" x2="160" y1="22" y2="22"/>${values
      .map((v, k) => {
        const tall = (21 * Math.abs(v)) / most;
        return `<rect x="${10 * k + 1.5}" width="7" y="${v > 0 ? 22 - tall : 22}" height="${tall}"/>`;
      })
      .join("")}`;
    figure.ariaLabel = `Sixteen numbers: ${values.join(", ")}`;
  });
}

// Gestures.

function ask() {
  store.dataset.codes = codes.join(", ");
  store.dataset.place = place;
  trigger("edit");
}

function exchange(code) {
  tried = null;
  if (code !== codes[place]) {
    past.push(codes);
    codes = put(code, place);
    gml.did(element, "pick");
    ask();
  }
  draw();
}

function buttons(box, n, columns, choose) {
  box.replaceChildren(
    ...Array.from({ length: n }, (_, i) =>
      Object.assign(document.createElement("button"), { type: "button", className: "code ink", tabIndex: i ? -1 : 0 }),
    ),
  );
  box.addEventListener("click", (event) => {
    const cell = event.target.closest("button");
    if (cell) choose([...box.children].indexOf(cell));
  });
  // One stop for the tab key; arrows go on inside.
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns() }[event.key];
    const to = box.children[[...box.children].indexOf(document.activeElement) + step];
    if (!step) return;
    event.preventDefault();
    if (!to) return;
    document.activeElement.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });
}

function build() {
  const { portraits, use } = props.value;
  element.style.setProperty("--portraits", `url(${portraits})`);
  buttons(
    find(".code-grid"),
    SIDE * SIDE,
    () => SIDE,
    (i) => {
      place = i;
      draw();
      ask();
    },
  );
  // The commonest first.
  const order = use.map((_, k) => k).sort((a, b) => use[b] - use[a]);
  const shelf = find(".codebook");
  const columns = () => getComputedStyle(shelf).gridTemplateColumns.split(" ").length;
  buttons(shelf, order.length, columns, (i) => exchange(order[i]));
  order.forEach((code, i) => {
    const cell = shelf.children[i];
    look(cell, code, `code ${code}, ${(100 * use[code]).toFixed(1)} % of all places`);
    cell.dataset.code = code;
    cell.title = cell.ariaLabel;
    cell.style.setProperty("--use", Math.sqrt(use[code] / use[order[0]]));
  });
  shelf.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const code = event.target.closest("button")?.dataset.code;
    tried = code === undefined ? null : Number(code);
    draw();
  });
  shelf.addEventListener("pointerleave", () => {
    tried = null;
    draw();
  });
  built = true;
  gml.later(element).then((decoder) => {
    if (!decoder) return; // each picture is the server's
    read(decoder);
    first = decode(nearest);
    draw();
    element.dataset.ready = "";
  });
}

find(".undo").addEventListener("click", () => {
  codes = past.pop();
  draw();
  ask();
});
find(".reset").addEventListener("click", () => {
  past.push(codes);
  codes = nearest;
  gml.did(element, "reset");
  draw();
  ask();
});

// An answer has come: to an exchange, whose grid stands here already, or with another drawing.
function show() {
  if (!props.value) return; // the weights could not be had, and the page says so
  if (!built) build();
  const another = props.value.drawing !== drawing;
  if (another) {
    ({ codes, nearest, place, drawing } = props.value);
    past = [];
    first = decode(nearest);
  }
  if (another || props.value.codes.join() === codes.join()) numbers();
  draw();
}
watch("value", show);
gml.onTheme(() => built && draw());
show();
if (gml.restoring(element)) trigger("apply");
