// Noise schedules, bent in the page: alpha-bar and log SNR over time, and a drawing that drowns along them. The server draws.
// value = {ours, trained: base64 of eight pictures, changes, trained_changes: eight numbers, schedule, steps, seed}; the first
// one has drawing (784 bytes) and grain (784 floats) too, in base64.
const N = 28,
  SHOWN = 8,
  BETA = [1e-4, 0.02],
  { edge, gap, kinds, T } = props,
  [LINEAR, COSINE, BY_HAND] = kinds;
const find = (selector) => element.querySelector(selector);
const plots = find(".two-plots");
const set = (part, attributes) => {
  for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
};
const clip = (v, low, high) => Math.min(high, Math.max(low, v));
const sigmoid = (v) => 1 / (1 + Math.exp(-v));
const logit = (a) => Math.log(a) - Math.log1p(-a);
const tenth = (v) => Math.round(10 * v) / 10 + 0; // as the knobs have it
const minus = (text) => text.replace("-", "−");

// log SNR over time of a schedule whose beta at each time is known.
const ofBetas = (beta) => {
  let kept = 1;
  return Float64Array.from({ length: T }, (_, t) => logit((kept *= 1 - beta(t))));
};
const f = (t) => Math.cos((((t / T + 0.008) / 1.008) * Math.PI) / 2) ** 2;
const fixed = {
  [LINEAR]: ofBetas((t) => BETA[0] + ((BETA[1] - BETA[0]) * t) / (T - 1)),
  [COSINE]: ofBetas((t) => Math.min(0.999, 1 - f(t + 1) / f(t))),
};

// Smooth through evenly spaced knots that fall, and falling everywhere, as models/schedules.py has it.
function bent(knots) {
  const rise = knots.slice(1).map((v, k) => v - knots[k]),
    inner = rise.slice(1).map((b, k) => (2 * rise[k] * b) / (rise[k] + b)),
    end = (a, b) => Math.min(0, (3 * a - b) / 2);
  const slope = [end(rise[0], rise[1]), ...inner, end(rise.at(-1), rise.at(-2))];
  return Float64Array.from({ length: T }, (_, t) => {
    const at = (t * rise.length) / (T - 1),
      k = Math.min(rise.length - 1, Math.floor(at)),
      u = at - k;
    return (
      knots[k] * (1 + 2 * u) * (1 - u) ** 2 +
      slope[k] * u * (1 - u) ** 2 +
      knots[k + 1] * u ** 2 * (3 - 2 * u) +
      slope[k + 1] * u ** 2 * (u - 1)
    );
  });
}
const onCurve = (kind) => [1, 2, 3].map((k) => tenth(fixed[kind][Math.round((k * (T - 1)) / 4)]));

let kind = COSINE,
  handles = onCurve(COSINE),
  snr = fixed[COSINE],
  drawn = props.value,
  resting = null;
const digit = Float64Array.from(gml.bytes(drawn.drawing), (level) => level / 127.5 - 1);
const grain = new Float32Array(gml.bytes(drawn.grain).buffer);
// From clean to drowned: evenly spaced, the last one where there is only noise.
const times = Array.from({ length: SHOWN }, (_, k) => Math.round((T * (k + 1)) / SHOWN) - 1);

const toX = (t) => 6 + (308 * t) / (T - 1);
const HIGH = 12; // of the plot of log SNR
const plotted = {
  kept: { y: (l) => 130 - 120 * sigmoid(l), back: (y) => logit(clip((130 - y) / 120, 1e-6, 1 - 1e-6)) },
  snr: { y: (l) => 70 - (60 * clip(l, -HIGH, HIGH)) / HIGH, back: (y) => ((70 - y) / 60) * HIGH },
};

// Eight pictures in a row, from paper to ink; level(k, i) in 0 to 1.
function paint(canvas, level) {
  const card = gml.rgb(element, "--card"),
    ink = gml.rgb(element, "--ink"),
    image = new ImageData(SHOWN * N, N);
  for (let k = 0; k < SHOWN; k++)
    for (let i = 0; i < N * N; i++) {
      const to = 4 * (Math.floor(i / N) * SHOWN * N + k * N + (i % N));
      image.data.set([...gml.mix(card, ink, clip(level(k, i), 0, 1)), 255], to);
    }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function draw(said = "") {
  snr = kind === BY_HAND ? bent([fixed[LINEAR][0], ...handles, fixed[LINEAR][T - 1]]) : fixed[kind];
  const some = Array.from({ length: 201 }, (_, k) => Math.round((k * (T - 1)) / 200));
  for (const [name, { y }] of Object.entries(plotted)) {
    const put = (line, of) =>
      find(`.${name} .line.${line}`).setAttribute(
        "points",
        some.map((t) => `${toX(t).toFixed(1)},${y(of[t]).toFixed(2)}`).join(" "),
      );
    put("g1", fixed[LINEAR]);
    put("g0", snr);
    for (const k of [0, 1, 2]) {
      const at = { cx: toX(((k + 1) * (T - 1)) / 4), cy: y(handles[k]) };
      for (const part of element.querySelectorAll(`.${name} [data-part="${k}"] circle`)) set(part, at);
    }
  }
  handles.forEach((value, k) =>
    set(find(`.snr [data-part="${k}"]`), {
      "aria-valuenow": value,
      "aria-valuetext": minus(`log SNR ${value.toFixed(1)}, ${(100 * sigmoid(value)).toFixed(1)}% picture`),
    }),
  );
  const kept = times.map((t) => sigmoid(snr[t]));
  paint(find(".drowning"), (k, i) => (1 + Math.sqrt(kept[k]) * digit[i] + Math.sqrt(1 - kept[k]) * grain[i]) / 2);
  const percents = kept.map((a) => `${(100 * a).toFixed(a < 0.1 ? 1 : 0)}%`);
  find(".drowning").setAttribute(
    "aria-label",
    `A seven that drowns: ${percents.join(", ")} of the variance is picture`,
  );
  find(".tip").textContent = said || `${percents.join(" ").replaceAll("%", "")} % is picture`;
  fade();
  plots.dataset.kind = kind;
  plots.dataset.handles = handles.join();
  plots.dataset.kept = kept.map((a) => a.toPrecision(8)).join();
}

// Digits that were drawn along another curve than the one above are pale until the server has answered.
function fade() {
  const same = drawn.schedule === kind && (kind !== BY_HAND || drawn.snr.join() === handles.join());
  find(".ours").classList.toggle("stale", !same);
}

// What the server has drawn.
function drawAnswer() {
  fade();
  const rows = { ours: drawn.ours, trained: drawn.trained };
  for (const [name, text] of Object.entries(rows)) {
    const levels = gml.bytes(text);
    paint(find(`.${name}`), (k, i) => levels[k * N * N + i] / 255);
  }
  const heads = { training: "Schedule of training", ours: `This one, ${drawn.schedule}` };
  for (const [name, head] of Object.entries(heads)) {
    find(`.of-${name}`).textContent = `${head}: ${drawn.steps} steps`;
    find(name === "ours" ? ".ours" : ".trained").setAttribute(
      "aria-label",
      `Eight digits. ${head}, ${drawn.steps} steps`,
    );
  }
  // The server counts from the latest time, the pictures stand from the earliest.
  const [ours, trained] = [drawn.changes.toReversed(), drawn.trained_changes.toReversed()],
    most = Math.max(...ours, ...trained, 1),
    high = (v) => (44 * v) / most;
  const bar = (k, v, name, left) =>
    `<rect class="${name}" x="${80 * k + left}" y="${54 - high(v)}" width="22" height="${Math.max(1, high(v))}"></rect>`;
  find(".worth").innerHTML =
    `<line class="axis" x1="0" x2="640" y1="54" y2="54"></line>` +
    ours
      .map(
        (v, k) =>
          bar(k, v, "bar", 16) +
          bar(k, trained[k], "group plain", 42) +
          `<text x="${80 * k + 40}" y="77" text-anchor="middle">${v.toFixed(1)}</text>`,
      )
      .join("");
  find(".worth").setAttribute(
    "aria-label",
    `The guess changes by ${ours.join(", ")} grey levels; in training's schedule by ${trained.join(", ")}`,
  );
  plots.dataset.drawn = [drawn.schedule, drawn.steps, drawn.seed].join();
}

const STOPS = `Noise only grows: dots stay ${gap} apart.`;
// Whether the curve still falls; where it would not, the dot stops.
function bend(k, to) {
  const wanted = clip(tenth(to), -edge, edge),
    low = k < 2 ? tenth(handles[k + 1] + gap) : -edge,
    high = k > 0 ? tenth(handles[k - 1] - gap) : edge;
  handles = handles.with(k, clip(wanted, low, high));
  kind = BY_HAND;
  draw(wanted < low || wanted > high ? STOPS : "");
  gml.did(element, wanted < low || wanted > high ? "flat" : "bend");
}
plots.knobs = () => [kind, ...handles];
plots.choose = ([to]) => {
  kind = to;
  if (to !== BY_HAND) handles = onCurve(to);
  if (to === LINEAR) gml.did(element, "linear");
  draw();
  return plots.knobs();
};
plots.turn = ([, ...values]) => {
  values.forEach((value, k) => Number.isFinite(value) && tenth(value) !== handles[k] && bend(k, value));
  return plots.knobs();
};
// From a link, in which anything may stand: what does not fall is made to.
plots.restore = ([to, ...values]) => {
  kind = to;
  if (to === BY_HAND) {
    let before = edge + gap;
    handles = values.map((value, k) => (before = tenth(clip(value, (2 - k) * gap - edge, before - gap))));
  } else handles = onCurve(to);
  draw(to === BY_HAND && handles.some((v, k) => v !== tenth(values[k])) ? STOPS : "");
  return plots.knobs();
};

function rest() {
  clearTimeout(resting);
  resting = null;
  trigger("submit");
}
for (const [name, { back }] of Object.entries(plotted)) {
  const svg = find(`.${name}`);
  svg.querySelector(".grips").innerHTML = [0, 1, 2]
    .map((k) => {
      const spoken = `role="slider" tabindex="0" aria-valuemin="${-edge}" aria-valuemax="${edge}" aria-label="log SNR at ${"¼½¾"[k]} of the time. Drag, or use the arrow keys."`;
      return `<g data-part="${k}" ${name === "snr" ? spoken : ""}><circle class="grip" r="28"></circle><circle class="dot" r="8"></circle></g>`;
    })
    .join("");
  for (const grip of svg.querySelectorAll("[data-part]")) {
    const k = Number(grip.dataset.part);
    let held = false;
    grip.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      grip.setPointerCapture(event.pointerId);
      grip.focus();
      held = true;
    });
    grip.addEventListener("pointermove", ({ clientY }) => {
      if (!held) return;
      const box = svg.getBoundingClientRect();
      bend(k, back((156 * (clientY - box.top)) / box.height));
      trigger("select");
    });
    for (const end of ["pointerup", "pointercancel"])
      grip.addEventListener(end, () => {
        if (held) rest();
        held = false;
      });
    if (name === "snr")
      gml.turning(grip, (by) => {
        bend(k, handles[k] + by / 5);
        trigger("select");
        clearTimeout(resting);
        resting = setTimeout(rest, 250);
      });
  }
}

watch("value", () => {
  drawn = props.value;
  drawAnswer();
});
gml.onTheme(() => (draw(find(".tip").textContent), drawAnswer()));
draw();
drawAnswer();
if (gml.restoring(element)) trigger("apply");
