// The search for a w. value = {target, what, face, errors, steps, distance, w, waiting, ms, done}: errors[k] is how far the
// face after k steps is from the target, in grey levels; waiting is how many searches come before this one.
const { size, psi } = props,
  find = (selector) => element.querySelector(selector);
const [goal, soFar] = element.querySelectorAll("canvas"),
  captions = element.querySelectorAll("figcaption");
let newest = 0;
goal.width = goal.height = soFar.width = soFar.height = size;

async function paint(canvas, uri, label) {
  const image = Object.assign(new Image(), { src: uri }),
    mine = newest;
  await image.decode();
  if (mine !== newest) return; // a newer one has come meanwhile
  canvas.getContext("2d").drawImage(image, 0, 0, size, size);
  canvas.setAttribute("aria-label", label);
}

function draw() {
  const { target, what, face, errors, steps, distance, waiting, ms, done } = props.value;
  newest++;
  const k = Math.max(0, errors.length - 1),
    last = errors.at(-1);
  const away = last === undefined ? "" : `, ${last.toFixed(1)} grey levels away`;
  paint(goal, target, what);
  paint(soFar, face, `The face after ${k} steps`);
  captions[0].textContent = what;
  captions[1].textContent = errors.length
    ? `After ${k} of ${steps} steps${away}`
    : "Where the search begins: the mean face";
  const top = Math.max(...errors, 1);
  const line = errors
    .map((error, i) => `${((100 * i) / steps).toFixed(2)},${(100 - (100 * error) / top).toFixed(2)}`)
    .join(" L");
  find(".line").setAttribute("d", line && `M${line}`);
  find(".under").setAttribute("d", line && `M0,100 L${line} L${(100 * k) / steps},100 Z`);
  find("svg").setAttribute(
    "aria-label",
    errors.length ? `Distance to the target: from ${errors[0]} to ${last} grey levels` : "No step yet",
  );
  find("i").textContent = errors.length ? `${last.toFixed(1)} of ${errors[0].toFixed(0)}` : "";
  captions[2].textContent = "How far apart, step by step, in grey levels";
  const place = `w is ${distance.toFixed(2)} deviations from the mean face (at psi ${psi} about ${psi})`;
  find(".tip").textContent = waiting
    ? `${waiting === 1 ? "Another search is" : `${waiting} other searches are`} first: yours begins by itself`
    : errors.length
      ? `${place}\n${ms.toFixed(0)} ms a step, here, now`
      : "Press Find it";
  for (const button of element.querySelectorAll("button")) button.disabled = !errors.length;
  element.dataset.steps = k;
  element.dataset.done = Boolean(done);
  if (done) gml.did(element, "search");
}

find(".controls").addEventListener("click", (event) => {
  if (event.target.dataset.do === "png") trigger("select");
  if (event.target.dataset.do !== "mix") return;
  gml.did(element, "found");
  mix();
});

// The view of mixtures takes it out of this window's memory: no address can hold a w.
async function mix() {
  gml.toMix = { w: props.value.w, uri: props.value.face };
  await gml.go("stylegan", "mixing");
  document.querySelector("#mixing .canvas-mixing")?.dispatchEvent(new Event("found"));
}

watch("value", draw);
draw();
if (gml.restoring(element)) trigger("apply");
