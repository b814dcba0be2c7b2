// What Name the maker has put down: gml.makers, a round each. value = the numbers that the server has read from it.
const find = (selector) => element.querySelector(selector),
  sheet = find(".maker-sheet");
let sent = 0; // rounds that the server was asked about

// As in maker.js: whichever of the two comes first reads what this window kept.
const kept = gml.remembered("gml-makers") ?? [];
gml.makers ??= kept.filter((round) => Array.isArray(round?.made) && Array.isArray(round.said));

// The matrix waits unseen, so that nobody reads "nothing yet" above a record that is being read.
const wait = (on) => (document.querySelector("#maker-record").style.visibility = on ? "hidden" : "");

function look() {
  if (!element.isConnected) return removeEventListener("gml-address", look);
  const rounds = gml.makers.length;
  find(".count").textContent =
    `${rounds || "No"} ${rounds === 1 ? "round" : "rounds"}${gml.forgetful ? ". This browser keeps nothing: a reload forgets them" : ""}`;
  for (const button of sheet.querySelectorAll("button")) button.disabled = !rounds;
  // Asked of the view: on a slide these buttons are not seen.
  if (rounds === sent || element.closest("gradio-app").hidden) return;
  if (!sent) wait(true);
  sent = rounds;
  trigger("select");
}

sheet.rounds = () => JSON.stringify(gml.makers);
sheet.counted = () => wait(false);

function tick() {
  if (props.value.d_prime.every((pair) => pair.d_prime)) gml.did(element, "pairs");
  if (props.value.faces >= 30) gml.did(element, "thirty");
}
watch("value", tick);

find(".again").addEventListener("click", () => {
  gml.makers = [];
  gml.remember("gml-makers", []);
  look();
});
find(".save").addEventListener("click", () =>
  gml.saveNumbers({ ...props.value, record: gml.makers }, "name-the-maker.json"),
);

addEventListener("gml-address", look); // the shell says so when a view is shown
look();
