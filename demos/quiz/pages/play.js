// Which face is real? All in which its pages differ from the other game's. A vote as text: 1 for a face taken for real.
import { element } from "./class.js";

const on = (face) => face.getAttribute("aria-pressed") === "true";
const percent = (share) => `${Math.round(100 * share)} %`;

export const title = "Which face is real?";

// The phone: a face is a button, pressed for real.
export const phone = {
  asks: "Tap every real face. There may be none.",
  sure: true,

  cell(_, image, changed) {
    const tag = element("span", { className: "tag" }, element("b"), element("span"));
    const face = element("button", { type: "button", className: "face" }, image, tag);
    face.addEventListener("click", () => {
      face.setAttribute("aria-pressed", String(!on(face)));
      changed();
    });
    return face;
  },
  recall: (cells, text) => cells.forEach((face, k) => face.setAttribute("aria-pressed", String(text?.[k] === "1"))),
  text: (cells) => cells.map((face) => (on(face) ? "1" : "0")).join(""),
  lacks: () => "",
  empty: (text) => text === "000",
  sent: (text) => [0, 1, 2].filter((k) => text[k] === "1"),
  says: (text) => (text === "000" ? "none is real" : `${text.replaceAll("0", "").length} real`),
  truth: ({ real }) => real?.map((one) => (one ? "1" : "0")).join(""),

  paint(cells, { state, open, told, voted }) {
    cells.forEach((face, k) => {
      const mine = on(face),
        [first, second] = face.querySelector(".tag").children;
      face.disabled = !open;
      face.classList.toggle("real", told && state.real[k]);
      face.classList.toggle("made", told && !state.real[k]);
      first.textContent = told ? (state.real[k] ? "real" : state.sources[k]) : mine ? "real" : "";
      second.textContent = told
        ? voted
          ? `${mine === state.real[k] ? "\u2713" : "\u2717"} you said ${mine ? "real" : "made"}`
          : ""
        : mine
          ? ""
          : voted
            ? "made"
            : "tap if real";
    });
  },
};

// The projector: below each face how many say that it is real, as the votes come.
export const projector = {
  rule: "Three faces a round: none, one, two or all of them are real.",
  file: "which-face-is-real",

  below: () => [element("div", { className: "bar" }, element("i"), element("span"))],

  paint(cell, k, { state, told }) {
    const face = cell.firstChild,
      share = state.voted ? state.counts[k] / state.voted : 0;
    face.classList.toggle("real", told && Boolean(state.real?.[k]));
    face.classList.toggle("made", told && !state.real?.[k]);
    face.querySelector(".tag").textContent = told ? (state.real[k] ? "real" : state.sources[k]) : "";
    cell.querySelector("i").style.width = `${100 * share}%`;
    cell.querySelector(".bar span").textContent = `${state.counts[k]} say real`;
  },

  report(report) {
    const row = (kind, words) => element("tr", {}, ...words.map((text) => element(kind, { textContent: text })));
    const table = element("table", {}, row("th", ["from", "judged", "called made", "d\u2032 (95 %)"]));
    if (report.photographs)
      table.append(row("td", ["photographs", report.photographs.seen, percent(report.photographs.called_made), ""]));
    for (const { source, seen, called_made, d_prime, low, high } of report.by_source) {
      const d = d_prime === null ? "-" : `${d_prime.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
      table.append(row("td", [source, seen, percent(called_made), d]));
    }
    const columns = report.confidence.map(({ sure, right, faces }) =>
      element(
        "div",
        {},
        element("b", { textContent: percent(right) }),
        Object.assign(element("i"), { style: `height:${100 * right}%` }),
        element("span", { textContent: `${sure} % sure` }),
        element("span", { textContent: `${faces} faces` }),
      ),
    );
    return [
      element(
        "section",
        {},
        element("h2", { textContent: "What the class can tell apart" }),
        table,
        element("p", { className: "soft", textContent: "d\u2032 = 0: guessing. 1: some skill. 3: hardly a mistake." }),
      ),
      element(
        "section",
        {},
        element("h2", { textContent: "How sure, and how often right" }),
        element("div", { className: "columns-chart" }, ...columns),
        element("p", { className: "soft", textContent: report.calibration }),
      ),
    ];
  },
};
