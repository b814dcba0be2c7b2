// A point on a map of z, and what it decodes to. value = {z: [z1, z2], ink: base64 of 784 bytes, ms}; the first one
// has also {sheet, dots}.
// While the point moves the picture is looked up in the sheet of side x side pictures; where it rests, the server's own answer takes its place.
const N = 28,
  KEYS = 81,
  GAP = 0.025, // of the map's side: a point with no dot this near stands in a gap
  { side, edge, phi } = props;
const find = (selector) => element.querySelector(selector);
const map = find(".map"),
  pointer = find(".pointer"),
  picture = find(".picture");
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
let at,
  z,
  p,
  sheet = null,
  dragging = false,
  travelled = 0,
  resting = null;

// phi[k] is where z = -edge + k * step stands on the map, 0 to 1; straight lines in between.
const step = (2 * edge) / (phi.length - 1);
const toMap = (v) => {
  const k = Math.min(phi.length - 2, Math.max(0, Math.floor((v + edge) / step)));
  return phi[k] + ((v + edge) / step - k) * (phi[k + 1] - phi[k]);
};
const toZ = (u) => {
  let k = phi.findIndex((v) => v > u) - 1;
  if (k < 0) k = u <= 0 ? 0 : phi.length - 2;
  return -edge + step * (k + (u - phi[k]) / (phi[k + 1] - phi[k]));
};

// Test digits: their two coordinates in 65536 steps each, then their names.
const raw = bytes(props.value.dots),
  count = raw.length / 5,
  xy = new Uint16Array(raw.buffer, 0, 2 * count);
const dots = Array.from({ length: count }, (_, k) => {
  const [u, v] = [xy[2 * k] / 65535, xy[2 * k + 1] / 65535];
  return { u, v, z: [toZ(u), toZ(v)], digit: raw[4 * count + k] };
});

function drawMap() {
  const dark = document.body.classList.contains("dark"),
    scale = devicePixelRatio || 1;
  const width = (map.width = map.height = Math.round(map.clientWidth * scale)),
    g = map.getContext("2d");
  if (!width) return;
  g.fillStyle = gml.colour(element, "--card");
  g.fillRect(0, 0, width, width);
  g.strokeStyle = gml.colour(element, "--line");
  g.lineWidth = scale;
  for (const v of [-2, -1, 0, 1, 2]) {
    const t = Math.round(toMap(v) * width) + 0.5;
    g.strokeRect(t, -9, 0, width + 18);
    g.strokeRect(-9, width - t, width + 18, 0);
  }
  for (const { u, v, digit } of dots) {
    g.fillStyle = `oklch(${dark ? 0.76 : 0.6} 0.15 ${36 * digit + 20} / 0.7)`;
    g.beginPath();
    g.arc(u * width, (1 - v) * width, Math.max(2 * scale, width / 240), 0, 7);
    g.fill();
  }
  // Names stand on the clusters; a legend would have to be looked up.
  g.font = `600 ${Math.round(Math.max(17 * scale, width / 22))}px ${gml.colour(element, "--serif")}`;
  g.textAlign = "center";
  g.textBaseline = "middle";
  g.lineWidth = 5 * scale;
  g.lineJoin = "round";
  for (let digit = 0; digit < 10; digit++) {
    const mine = dots.filter((dot) => dot.digit === digit);
    const middle = (name) => mine.map((dot) => dot[name]).sort((a, b) => a - b)[mine.length >> 1];
    const [x, y] = [middle("u") * width, (1 - middle("v")) * width];
    g.strokeStyle = gml.colour(element, "--card");
    g.strokeText(digit, x, y);
    g.fillStyle = gml.colour(element, "--ink");
    g.fillText(digit, x, y);
  }
}

function draw() {
  pointer.style.cssText = `left:${100 * at[0]}%;top:${100 * (1 - at[1])}%`;
  const card = gml.rgb(element, "--card"),
    ink = gml.rgb(element, "--ink");
  gml.paint(picture, N, (i) => gml.mix(card, ink, p[i] / 255));
  const names = new Array(10).fill(0);
  for (const { digit } of dots
    .map((dot) => ({ digit: dot.digit, far: (dot.z[0] - z[0]) ** 2 + (dot.z[1] - z[1]) ** 2 }))
    .sort((a, b) => a.far - b.far)
    .slice(0, 10))
    names[digit]++;
  const most = Math.max(...names);
  find(".tip").textContent =
    `z = (${z.map((v) => v.toFixed(2)).join(", ")})`.replaceAll(" ", "\u00a0") +
    `   ${most} of the 10 nearest test digits are ${names.indexOf(most)}s`;
}

// Between four cells of the sheet, their mixture.
function look([u, v]) {
  const x = u * (side - 1),
    y = (1 - v) * (side - 1);
  const j = Math.min(side - 2, Math.floor(x)),
    i = Math.min(side - 2, Math.floor(y)),
    width = side * N;
  const out = new Float32Array(N * N),
    fx = x - j,
    fy = y - i;
  for (let k = 0; k < N * N; k++) {
    const from = (i * N + Math.floor(k / N)) * width + j * N + (k % N);
    const above = sheet[from] * (1 - fx) + sheet[from + N] * fx;
    const below = sheet[from + N * width] * (1 - fx) + sheet[from + N * width + N] * fx;
    out[k] = above * (1 - fy) + below * fy;
  }
  return out;
}

function move(u, v) {
  const clip = (t) => Math.min(1, Math.max(0, t));
  travelled += Math.hypot(clip(u) - at[0], clip(v) - at[1]);
  at = [clip(u), clip(v)];
  z = at.map(toZ);
  if (sheet) p = look(at);
  else if ("ready" in element.dataset) ask(); // this browser gives no picture back: each point is the server's
  draw();
}

function ask() {
  element.dataset.z = JSON.stringify(z.map((v) => Number(v.toFixed(2))));
  trigger("select");
}

function rest() {
  clearTimeout(resting);
  if (!dots.some(({ u, v }) => Math.hypot(u - at[0], v - at[1]) < GAP)) gml.did(element, "gap");
  ask();
}

function under(event) {
  const box = map.getBoundingClientRect();
  move((event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height);
}
map.addEventListener("pointerdown", (event) => {
  map.setPointerCapture(event.pointerId);
  dragging = true;
  under(event);
  travelled = 0; // a jump is no walk
});
map.addEventListener("pointermove", (event) => dragging && under(event));
for (const end of ["pointerup", "pointercancel"])
  map.addEventListener(end, () => {
    if (!dragging) return;
    dragging = false;
    if (travelled > 0.3) gml.did(element, "drag");
    rest();
  });
map.addEventListener("keydown", (event) => {
  const cell = Math.round((1 - at[1]) * (KEYS - 1)) * KEYS + Math.round(at[0] * (KEYS - 1));
  const next = gml.arrow(event.key, cell, KEYS);
  if (next === null) return;
  event.preventDefault();
  move((next % KEYS) / (KEYS - 1), 1 - Math.floor(next / KEYS) / (KEYS - 1));
  if (travelled > 0.3) gml.did(element, "drag");
  clearTimeout(resting);
  resting = setTimeout(rest, 250);
});

find(".downloads").addEventListener("click", (event) => {
  const kind = event.target.dataset.save,
    name = `vae-z${z.map((v) => v.toFixed(2)).join("_")}.${kind}`;
  if (kind === "png") gml.savePicture(picture, name);
  if (kind === "json") gml.saveNumbers({ z, p_ink_given_z: Array.from(p, (v) => v / 255) }, name);
});

function read() {
  if (dragging) {
    // The finger is already elsewhere. Where there is no sheet, the newest picture is the nearest.
    if (!sheet) p = bytes(props.value.ink);
    return draw();
  }
  z = props.value.z;
  element.dataset.z = JSON.stringify(z);
  at = z.map(toMap);
  p = bytes(props.value.ink);
  gml.live(element, "ms", `${props.value.ms.toFixed(1)} ms`);
  draw();
}
watch("value", read);
gml.onTheme(() => (drawMap(), draw()));
new ResizeObserver(drawMap).observe(map);
read();
drawMap();

gml.levels(props.value.sheet).then((levels) => {
  sheet = levels;
  element.dataset.ready = "";
});
if (gml.restoring(element)) trigger("apply");
