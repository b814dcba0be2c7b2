// A point on a map of z, and what it decodes to. value = {z: [z1, z2], ink: base64 of 784 bytes, ms}; the first one
// has also dots. While the point moves the picture is looked up in a sheet of side x side pictures, which comes later; where it
// rests, the server's own answer takes its place.
const N = 28,
  GAP = 0.025; // of the map's side: a point with no dot this near stands in a gap
const find = (selector) => element.querySelector(selector);
const map = find(".map"),
  pointer = find(".pointer"),
  picture = find(".picture");
let at,
  z,
  p,
  sheet = null;

const plane = gml.plane(props),
  { toMap, toZ } = plane,
  dots = plane.dots(props.value.dots),
  drawMap = () => plane.draw(element, map, dots);

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

function move(u, v) {
  at = [u, v];
  z = at.map(toZ);
  if (sheet) p = plane.look(sheet, at);
  else if ("ready" in element.dataset) ask(); // this browser gives no picture back: each point is the server's
  draw();
}

function ask() {
  element.dataset.z = JSON.stringify(z.map((v) => Number(v.toFixed(2))));
  trigger("select");
}

function rest(far) {
  if (far) gml.did(element, "drag");
  if (!dots.some(({ u, v }) => Math.hypot(u - at[0], v - at[1]) < GAP)) gml.did(element, "gap");
  ask();
}

const finger = gml.pointing(map, { at: () => at, move, rest });

find(".downloads").addEventListener("click", (event) => {
  const kind = event.target.dataset.save,
    name = `vae-z${z.map((v) => v.toFixed(2)).join("_")}.${kind}`;
  if (kind === "png") gml.savePicture(picture, name);
  if (kind === "json") gml.saveNumbers({ z, p_ink_given_z: Array.from(p, (v) => v / 255) }, name);
});

function read() {
  if (finger.dragging) {
    // The finger is already elsewhere. Where there is no sheet, the newest picture is the nearest.
    if (!sheet) p = gml.bytes(props.value.ink);
    return draw();
  }
  z = props.value.z;
  element.dataset.z = JSON.stringify(z);
  at = z.map(toMap);
  p = gml.bytes(props.value.ink);
  gml.live(element, "ms", `${props.value.ms.toFixed(1)} ms`);
  draw();
}
watch("value", read);
gml.onTheme(() => (drawMap(), draw()));
new ResizeObserver(drawMap).observe(map);
read();
drawMap();

gml.later(element).then(async (uri) => {
  sheet = uri && (await gml.levels(uri));
  element.dataset.ready = "";
});
if (gml.restoring(element)) trigger("apply");
