// Three maps with one pointer, and under each what its decoder makes. value = {shown, digit, radius, seed, at: {name: z},
// epsilon: wall pairs of numbers, ink: {name: base64 of 784 bytes a picture}, ms}; the first one has dots: {name: dots}.
// While a finger moves the pictures are looked up in sheets, which come later; where it rests, the server's own take their place.
const N = 28,
  across = Math.sqrt(props.wall);
const plane = gml.plane(props);
const sides = [...element.querySelectorAll("figure")].map((figure) => ({
  name: figure.dataset.name,
  map: figure.querySelector(".map"),
  pointer: figure.querySelector(".pointer"),
  picture: figure.querySelector(".picture"),
  dots: plane.dots(props.value.dots[figure.dataset.name]),
  sheet: null,
}));
let state = props.value;

const onMap = (z) => z.map(plane.toMap);
const moves = () => state.shown === "around a digit";

// Where each of the pictures under a map is decoded, as the server does it.
function places(at) {
  if (state.shown === "a point") return [at];
  return state.epsilon.map(([a, b]) => (moves() ? [at[0] + state.radius * a, at[1] + state.radius * b] : [a, b]));
}

function draw() {
  const card = gml.rgb(element, "--card"),
    ink = gml.rgb(element, "--ink"),
    n = state.shown === "a point" ? 1 : across;
  for (const side of sides) {
    const [u, v] = onMap(state.at[side.name]);
    side.pointer.style.cssText = `left:${100 * u}%;top:${100 * (1 - v)}%`;
    side.pointer.hidden = state.shown === "draws from N(0, I)";
    const size = N * n;
    side.picture.width = side.picture.height = size;
    gml.paint(side.picture, size, (i) => {
      const [row, column] = [Math.floor(i / size), i % size];
      const cell = Math.floor(row / N) * n + Math.floor(column / N);
      return gml.mix(card, ink, side.levels[cell][(row % N) * N + (column % N)] / 255);
    });
  }
  const z = state.at[sides[0].name].map((v) => v.toFixed(2)).join(", ");
  element.querySelector(".tip").textContent = {
    "a point": `z = (${z}) on every map`,
    "draws from N(0, I)": `The same ${props.wall} draws of z for all`,
    "around a digit": `${props.wall} codes around test digit ${state.digit}, a ${sides[0].dots[state.digit].digit}, about ${state.radius} away`,
  }[state.shown];
}

// What the sheets say of the pictures; where the browser gives no sheet back, they stay until the server has answered.
function look() {
  for (const side of sides)
    if (side.sheet) side.levels = places(state.at[side.name]).map((z) => plane.look(side.sheet, onMap(z)));
  draw();
}

function drawMaps() {
  for (const side of sides) plane.draw(element, side.map, side.dots);
}

// Onto a point of a map; around a digit, onto the dot that is nearest there, and onto its place on the other maps.
function move(side, ...to) {
  const next = { ...state, at: {} };
  if (moves()) {
    const far = side.dots.map((dot) => Math.hypot(dot.u - to[0], dot.v - to[1]));
    next.digit = far.indexOf(Math.min(...far));
    for (const { name, dots } of sides) next.at[name] = dots[next.digit].z;
  } else {
    next.shown = "a point";
    const z = to.map((t) => Number(plane.toZ(t).toFixed(2)));
    for (const { name } of sides) next.at[name] = z;
  }
  state = next;
  look();
}

function rest(far) {
  if (far) gml.did(element, "drag");
  if (!moves()) state.point = state.at[sides[0].name];
  element.dataset.knobs = JSON.stringify([state.shown, ...state.point, state.digit]);
  trigger("select");
}

for (const side of sides)
  side.finger = gml.pointing(side.map, {
    at: () => onMap(state.at[side.name]),
    move: (u, v) => move(side, u, v),
    rest,
  });

function read() {
  if (sides.some(({ finger }) => finger.dragging)) return; // the finger is already elsewhere
  const before = state;
  state = props.value;
  for (const side of sides) {
    const bytes = gml.bytes(state.ink[side.name]);
    side.levels = Array.from({ length: bytes.length / N ** 2 }, (_, k) => bytes.subarray(k * N ** 2, (k + 1) * N ** 2));
  }
  if (before !== state && state.shown === "draws from N(0, I)") gml.did(element, "prior");
  if (before !== state && moves() && state.radius > before.radius) gml.did(element, "around");
  gml.live(element, "ms", `${state.ms.toFixed(1)} ms`);
  draw();
}
watch("value", read);
gml.onTheme(() => (drawMaps(), draw()));
for (const { map } of sides) new ResizeObserver(drawMaps).observe(map);
read();
drawMaps();

gml.later(element).then(async (sheets) => {
  if (sheets) for (const side of sides) side.sheet = await gml.levels(sheets[side.name]);
  element.dataset.ready = "";
});
if (gml.restoring(element)) trigger("apply");
