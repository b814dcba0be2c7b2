// A face and its z as bars. value = {z: [64 numbers], moved: [what the directions add], picture, ms}.
// A bar that is dragged sets that number of z; the picture comes from the server.
const EDGE = 4,
  find = (selector) => element.querySelector(selector),
  group = find(".bars"),
  image = find("img");
let z = [],
  busy = 0;

const bars = props.value.z.map((_, k) => {
  const bar = document.createElement("div");
  bar.innerHTML = "<i></i>";
  bar.setAttribute("role", "slider");
  bar.setAttribute("aria-orientation", "vertical");
  bar.setAttribute("aria-label", `z${k + 1}`);
  bar.setAttribute("aria-valuemin", -EDGE);
  bar.setAttribute("aria-valuemax", EDGE);
  bar.tabIndex = k ? -1 : 0; // one stop for the tab key, arrows go on from there
  group.append(bar);
  return bar;
});

function draw() {
  bars.forEach((bar, k) => {
    const shown = Math.max(-EDGE, Math.min(EDGE, z[k]));
    bar.firstChild.style.cssText = `top:${50 - (50 * Math.max(shown, 0)) / EDGE}%;height:${(50 * Math.abs(shown)) / EDGE}%`;
    bar.setAttribute("aria-valuenow", z[k].toFixed(2));
  });
}

function set(k, v) {
  z[k] = Math.round(100 * Math.max(-EDGE, Math.min(EDGE, v))) / 100;
  find(".tip").textContent = `z${k + 1} = ${z[k].toFixed(2)}`;
  draw();
  // What the directions add is taken off again: they stay where they are.
  gml.face = z.map((v, k) => (v - props.value.moved[k]).toFixed(3)).join(",");
  gml.did(element, "number");
  trigger("input");
}

// What a pointer at this height means for a bar.
const at = (bar, event) => {
  const box = bar.getBoundingClientRect();
  return EDGE - (2 * EDGE * (event.clientY - box.top)) / box.height;
};

let held = null;
group.addEventListener("pointerdown", (event) => {
  held = bars.indexOf(event.target.closest("[role=slider]"));
  if (held < 0) return (held = null);
  group.setPointerCapture(event.pointerId);
  bars[held].focus({ preventScroll: true });
  set(held, at(bars[held], event));
});
group.addEventListener("pointermove", (event) => {
  if (held === null || busy) return;
  busy = requestAnimationFrame(() => (busy = 0)); // one question a frame
  set(held, at(bars[held], event));
});
for (const end of ["pointerup", "pointercancel"]) group.addEventListener(end, () => (held = null));
group.addEventListener("keydown", (event) => {
  const k = bars.indexOf(document.activeElement);
  const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key],
    up = { ArrowUp: 0.25, ArrowDown: -0.25 }[event.key];
  if (k < 0 || !(across || up)) return;
  event.preventDefault();
  if (up) return set(k, z[k] + up);
  const next = Math.min(bars.length - 1, Math.max(0, k + across));
  bars[k].tabIndex = -1;
  bars[next].tabIndex = 0;
  bars[next].focus();
  find(".tip").textContent = `z${next + 1} = ${z[next].toFixed(2)}`;
});

find(".downloads").addEventListener("click", (event) => {
  if (event.target.dataset.save === "png") trigger("download");
  if (event.target.dataset.save === "json") gml.saveNumbers({ z }, "vae-face.json");
});

function read() {
  const { picture, ms } = props.value;
  image.src = picture;
  element.dataset.picture = picture.length;
  if (held === null) z = [...props.value.z]; // the finger is ahead of the answers
  find(".tip").textContent = `decoded in ${ms.toFixed(1)} ms`;
  gml.live(element, "ms", `${ms.toFixed(1)} ms`);
  draw();
}
watch("value", read);
read();

// Numbers set by hand here before, or those of a photo, wait in the page's memory.
function taken() {
  if (!element.isConnected) removeEventListener("gml-face", taken);
  else if (gml.face) trigger("input");
}
addEventListener("gml-face", taken);
if (gml.face) trigger("input");
else if (gml.restoring(element)) trigger("apply");
