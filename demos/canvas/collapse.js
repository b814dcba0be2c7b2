// Four recordings on one clock. value: {run, kinds, moments, shown, points, modes, quality, reverse_kl}, see collapse_run.
const { surface } = gml.surface;
const EXTENT = 6, // of what was recorded; the surface shows EDGE, half of it
  HEAPS = Float64Array.from({ length: 50 }, (_, k) => (k % 2 ? Math.floor(k / 2) % 5 : Math.floor(k / 10)) - 2);
const find = (selector) => element.querySelector(selector),
  calm = matchMedia("(prefers-reduced-motion: reduce)");
let points = null,
  places = [];

// Kind by kind: moments x shown points. The data stand 2 apart; here 1.
function made(kind, moment) {
  const { moments, shown } = props.value,
    from = 2 * shown * (kind * moments.length + moment);
  return Float64Array.from(points.subarray(from, from + 2 * shown), (v) => (v / 127.5 - 1) * (EXTENT / 2));
}

function draw(k, by) {
  if (!points) return;
  const { kinds, moments, modes, quality, reverse_kl } = props.value;
  kinds.forEach((_, kind) => {
    const { place, said } = places[kind];
    const at = Math.min(k, moments.length - 1);
    said.textContent = `${modes[kind][at]} of 25, ${Math.round(100 * quality[kind][at])}%, KL ${reverse_kl[kind][at].toFixed(2)}`;
    if (!place.clear()) return;
    place.points(HEAPS, gml.colour(element, "--ink"), 9, 0.22);
    place.points(made(kind, at), gml.colour(element, "--fam"), 5, 0.9);
  });
  find(".moment").textContent = `step ${moments[k].toLocaleString("en")}`;
  element.dataset.moment = k;
  if (by === "scrub" && k > 0 && k < moments.length - 1) gml.did(element, "scrub");
}

const film = gml.player({
  element,
  play: find(".play"),
  scrub: find(".scrub"),
  last: () => (props.value ? props.value.moments.length - 1 : 0),
  pace: () => 4,
  draw,
  onEnd: (asked) => asked && gml.did(element, "play"),
});

function read(opened) {
  if (!props.value) return;
  points = gml.bytes(props.value.points);
  if (!places.length) {
    find(".four").innerHTML = props.value.kinds
      .map(
        (kind) =>
          `<figure><figcaption><b>${kind}</b></figcaption><canvas role="img" aria-label="${kind}: points that G made"></canvas><p class="said"></p></figure>`,
      )
      .join("");
    places = [...element.querySelectorAll("figure")].map((figure) => ({
      place: surface(figure.querySelector("canvas")),
      said: figure.querySelector(".said"),
    }));
  }
  element.dataset.run = props.value.run;
  const last = props.value.moments.length - 1;
  if (!opened) return film.go(film.at || last);
  film.go(calm.matches ? last : 0);
  if (!calm.matches) film.run(true);
}
watch("value", () => read(false));
gml.onTheme(film.again);
addEventListener("resize", () => element.isConnected && film.again());
read(true);
if (gml.restoring(element)) trigger("apply");
