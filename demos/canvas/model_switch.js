// Which model draws. value = {models: [{name, facts, ready, bytes, problem}], progress, problem}; props.titles has what
// each is called. Looking at a model that is not here changes nothing but the card; once it is here, `apply` says its name.
const find = (selector) => element.querySelector(selector);
const names = Object.keys(props.titles),
  linked = gml.linked(element, "model");
let looked = names.includes(linked) ? linked : names[0],
  used = names[0],
  fetching = false,
  hurried = false;

const radios = names.map((name) => {
  const label = document.createElement("label"),
    radio = document.createElement("input");
  Object.assign(radio, { type: "radio", name: element.id || "model", value: name, checked: name === looked });
  label.append(radio, props.titles[name]);
  find(".models").append(label);
  radio.addEventListener("change", () => {
    looked = name;
    hurried = false;
    use();
    draw();
  });
  return radio;
});

const state = (name) => props.value.models.find((model) => model.name === name);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

function send(event, words) {
  props.value = { ...props.value, ...words };
  trigger(event);
}

function use() {
  if (!state(looked).ready || used === looked) return;
  used = looked;
  gml.intent = "play";
  send("apply", { chosen: used });
}

function time(seconds) {
  return seconds >= 90 ? `${Math.round(seconds / 60)} minutes` : `${Math.max(1, seconds)} s`;
}

function draw() {
  const { facts, ready, bytes, problem } = state(looked),
    { progress } = props.value;
  fetching = progress !== null;
  const mine = fetching && progress.name === looked;
  find(".model-card").hidden = looked === names[0];
  find(".model-facts").textContent = facts.join(". ") + (ready ? ". Here." : ". Not here yet: once, over the network.");
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
  hurried = true; // until the first sign of life
  find(".fetch").disabled = true;
  send("select", { asked: looked, problem: "" });
});
find(".cancel").addEventListener("click", () => {
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
// A link to a model that is unknown, or not here, draws with the one that ships.
if (linked !== null && linked !== used) {
  if (names.includes(linked) && state(linked).ready) use();
  else send("apply", { chosen: used });
}
trigger("download"); // what is here may have changed since the app was started
