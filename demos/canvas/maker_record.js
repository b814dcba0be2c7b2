// What Name the maker has put down: gml.makers, a round each. value = the numbers that the server has read from it.
const sheet = element.querySelector(".maker-sheet");

// As in maker.js: whichever of the two comes first reads what this window kept.
const kept = gml.remembered("gml-makers") ?? [];
gml.makers ??= kept.filter((round) => Array.isArray(round?.made) && Array.isArray(round.said));

function tick() {
  if (props.value.d_prime.every((pair) => pair.d_prime)) gml.did(element, "pairs");
  if (props.value.faces >= 30) gml.did(element, "thirty");
}
watch("value", tick);

element
  .querySelector(".save")
  .addEventListener("click", () => gml.saveNumbers({ ...props.value, record: gml.makers }, "name-the-maker.json"));

gml.record({
  element,
  trigger,
  sheet,
  board: "#maker-record",
  rounds: () => gml.makers,
  forget: () => gml.remember("gml-makers", (gml.makers = [])),
});
