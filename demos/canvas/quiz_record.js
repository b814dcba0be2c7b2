// What Play has put down: gml.quiz.record, a round each. value = the numbers that the server has read from it.
const sheet = element.querySelector(".quiz-sheet");
// What a spreadsheet computes, and columns and mark as in quiz/report.py: each such cell gets a quote in front.
const FORMULA = /(?:^|(?<=[;,|\t\r\n]))(?=[\p{DI}\p{C}\u2800\s]*[=+\-@＝＋－＠−])/gu;

// As in quiz.js: whichever of the two comes first reads what this window kept.
const kept = gml.remembered("gml-quiz") ?? [];
gml.quiz ??= { record: kept.filter((round) => Array.isArray(round?.from)), deck: "standard" };

function tick() {
  if (props.value.longest_streak >= 2) gml.did(element, "streak");
  if (props.value.rounds >= 10) gml.did(element, "ten");
}
watch("value", tick);

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

gml.record({
  element,
  trigger,
  sheet,
  board: "#quiz-record",
  rounds: () => gml.quiz.record.map(({ picked, sure, real, from }) => ({ picked, sure, real, from })),
  full: 500,
  forget: () => gml.remember("gml-quiz", (gml.quiz.record = [])),
});
