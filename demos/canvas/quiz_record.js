// What Play has put down: gml.quiz.record, a round each. value = the numbers that the server has read from it.
const find = (selector) => element.querySelector(selector),
  sheet = find(".quiz-sheet");
// What a spreadsheet computes, and columns and mark as in quiz/report.py: each such cell gets a quote in front.
const FORMULA = /(?:^|(?<=[;,|\t\r\n]))(?=[\p{DI}\p{C}\u2800\s]*[=+\-@＝＋－＠−])/gu;
let sent = 0; // rounds that the server was asked about

// As in quiz.js: whichever of the two comes first reads what this window kept.
const kept = gml.remembered("gml-quiz") ?? [];
gml.quiz ??= { record: kept.filter((round) => Array.isArray(round?.from)), deck: "standard" };

// The plots wait unseen, so that nobody reads "nothing yet" above a record that is being read.
const wait = (on) => (document.querySelector("#quiz-record").style.visibility = on ? "hidden" : "");

function look() {
  if (!element.isConnected) return removeEventListener("gml-address", look);
  const rounds = gml.quiz.record.length;
  find(".count").textContent =
    `${rounds ? rounds : "No"} ${rounds === 1 ? "round" : "rounds"}${rounds === 500 ? ", the last ones" : ""}${gml.forgetful ? ". This browser keeps nothing: a reload forgets them" : ""}`;
  for (const button of sheet.querySelectorAll("button")) button.disabled = !rounds;
  // Asked of the view: on a slide these buttons are not seen.
  if (rounds === sent || element.closest("gradio-app").hidden) return;
  if (!sent) wait(true);
  sent = rounds;
  trigger("select");
}

sheet.rounds = () =>
  JSON.stringify(gml.quiz.record.map(({ picked, sure, real, from }) => ({ picked, sure, real, from })));
sheet.counted = () => wait(false);

function tick() {
  if (props.value.longest_streak >= 2) gml.did(element, "streak");
  if (props.value.rounds >= 10) gml.did(element, "ten");
}
watch("value", tick);

find(".again").addEventListener("click", () => {
  gml.quiz.record = [];
  gml.remember("gml-quiz", []);
  look();
});
sheet.addEventListener("click", ({ target }) => {
  const { record } = gml.quiz;
  if (target.dataset.save === "json") gml.saveNumbers({ ...props.value, record }, "which-face-is-real.json");
  if (target.dataset.save !== "csv") return;
  const cell = (v) => `"${String(v).replace(FORMULA, "'").replaceAll('"', '""')}"`;
  const rows = record.flatMap((r) =>
    r.from.map((from, k) => [r.number, k + 1, from, +r.real.includes(k + 1), +r.picked.includes(k + 1), r.sure]),
  );
  const text = [["round", "face", "source", "real", "said_real", "sure_percent"], ...rows]
    .map((r) => r.map(cell).join(","))
    .join("\r\n");
  gml.save(URL.createObjectURL(new Blob([`\ufeff${text}\r\n`], { type: "text/csv" })), "which-face-is-real.csv");
});

addEventListener("gml-address", look); // the shell says so when a view is shown
look();
