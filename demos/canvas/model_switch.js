// Which model draws. value = {models: [{name, facts, ready, bytes, problem}], progress, problem}; props.titles has what
// each is called, props.link what the choice is called in a link. `input` says which one is chosen though it cannot draw
// yet; once its files are here, `apply` says its name. Up to three stand side by side, more are a list to open.
const find = (selector) => element.querySelector(selector);
const names = Object.keys(props.titles),
  linked = gml.linked(element, props.link);
let looked = names.includes(linked) ? linked : names[0],
  told = names[0], // what the server takes to be chosen
  used = names[0], // what has drawn
  fetching = false,
  cancelled = false, // a sign of life may still be on its way
  hurried = false;

function choose(name) {
  looked = name;
  hurried = false;
  use();
  draw();
}

if (names.length > 3) {
  const list = document.createElement("select");
  list.setAttribute("aria-label", "Model");
  list.append(...names.map((name) => new Option(props.titles[name], name, false, name === looked)));
  list.addEventListener("change", () => choose(list.value));
  find(".models").append(list);
} else
  for (const name of names) {
    const label = document.createElement("label"),
      radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name: element.id || props.link, value: name, checked: name === looked });
    label.append(radio, props.titles[name]);
    radio.addEventListener("change", () => choose(name));
    find(".models").append(label);
  }

const state = (name) => props.value.models.find((model) => model.name === name);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

function send(event, words) {
  props.value = { ...props.value, ...words };
  trigger(event);
}

function use() {
  const { ready } = state(looked);
  if (told === looked && (!ready || used === looked)) return;
  told = looked;
  if (!ready || used === looked) return send("input", { chosen: looked });
  used = looked;
  gml.intent = "play";
  send("apply", { chosen: used });
}

function time(seconds) {
  return seconds >= 90 ? `${Math.round(seconds / 60)} minutes` : `${Math.max(1, seconds)} s`;
}

function draw() {
  const { facts, ready, bytes, problem } = state(looked),
    progress = cancelled ? null : props.value.progress;
  fetching = progress !== null;
  const mine = fetching && progress.name === looked;
  find(".model-card").hidden = looked === names[0];
  const where = ready ? "Here." : `Not downloaded yet: what you see is still drawn by ${props.titles[used]}.`;
  find(".model-facts").textContent = `${facts.join(". ")}. ${where}`;
  const trouble = problem || (mine ? "" : props.value.problem);
  find(".model-problem").textContent = trouble;
  find(".model-problem").hidden = ready || !trouble;
  find(".fetch").hidden = ready || fetching;
  find(".fetch").disabled = Boolean(problem) || hurried;
  find(".fetch").textContent = `Download ${megabytes(bytes)}`;
  find(".cancel").hidden = !mine;
  find(".fetching").hidden = !mine;
  if (!mine) return;
  const { done, total, speed, left } = progress;
  find("progress").value = done / total;
  find(".speed").textContent =
    `${megabytes(done)} of ${megabytes(total)}` +
    (speed ? `, ${(speed / 1e6).toFixed(1)} MB/s, ${time(left)} to go` : "");
}

find(".fetch").addEventListener("click", () => {
  cancelled = false;
  hurried = true; // until the first sign of life
  find(".fetch").disabled = true;
  send("select", { asked: looked, problem: "" });
});
find(".cancel").addEventListener("click", () => {
  cancelled = true;
  trigger("edit");
  props.value = { ...props.value, progress: null };
  hurried = true; // the second half of a double click, and until the server has heard
  draw();
  setTimeout(() => {
    hurried = false;
    draw();
  }, 600);
});

watch("value", () => {
  if (props.value.problem) hurried = false;
  draw();
  use(); // a download has ended, or a link has named a model that is here
});
draw();
// A link to a model that is unknown draws with the one that ships.
if (looked !== used) use();
else if (linked !== null && linked !== used) send("apply", { chosen: used });
trigger("download"); // what is here may have changed since the app was started
