// Who made which face? All in which its pages differ from the other game's. A vote as text: for each face the number of
// its maker, from 1; 0 for one that is not named yet.
import { element } from "./class.js";

const buttons = (cell) => [...cell.querySelectorAll(".choices button")];
const on = (button) => button.getAttribute("aria-pressed") === "true";
const press = (cell, chosen) =>
  buttons(cell).forEach((one, m) => one.setAttribute("aria-pressed", String(m === chosen)));
const percent = (share) => `${Math.round(100 * share)} %`;

export const title = "Who made which face?";

// The phone: beside each face a button for every maker.
export const phone = {
  asks: "Who made each face? One may have made several.",
  sure: false,

  cell(k, image, changed, { makers }) {
    const cell = element("div", { className: "suspect" }, element("div", { className: "face" }, image));
    const choices = makers.map((name, m) => {
      const words = [element("b", { textContent: name }), element("span")];
      const button = element("button", { type: "button" }, ...words);
      button.addEventListener("click", () => {
        press(cell, m);
        changed();
      });
      return button;
    });
    cell.setAttribute("role", "group");
    cell.setAttribute("aria-label", `Face ${k + 1}: its maker`);
    cell.append(element("div", { className: "choices" }, ...choices), element("p", { className: "hint" }));
    return cell;
  },
  recall: (cells, text) => cells.forEach((cell, k) => press(cell, (text?.[k] ?? 0) - 1)),
  text: (cells) => cells.map((cell) => buttons(cell).findIndex(on) + 1).join(""),
  lacks: (text) => (text.includes("0") ? `${text.replaceAll("0", "").length} of 3 named` : ""),
  empty: () => false,
  sent: (text, { makers }) => [...text].map((m) => makers[m - 1]),
  says: (text, { makers }) => [...text].map((m) => makers[m - 1]).join(", "),
  truth: ({ made, makers }) => made?.map((name) => makers.indexOf(name) + 1).join(""),

  paint(cells, { state, open, told }) {
    cells.forEach((cell, k) => {
      buttons(cell).forEach((one, m) => {
        const mine = on(one),
          right = told && state.made[k] === state.makers[m];
        one.disabled = !open;
        one.classList.toggle("right", right);
        one.classList.toggle("wrong", told && mine && !right);
        one.lastChild.textContent = !told
          ? ""
          : mine
            ? `${right ? "\u2713" : "\u2717"} you said`
            : right
              ? "made it"
              : "";
      });
      cell.querySelector(".hint").textContent = told ? state.words[k] : "";
    });
  },
};

// The projector: below each face its possible makers; with the reveal how many say each, and what gives the right one away.
export const projector = {
  rule: "Three faces a round, drawn by our models: one may have made several.",
  file: "name-the-maker",

  below: ({ makers }) => [
    ...makers.map((name) =>
      element(
        "div",
        { className: "row" },
        element("span", { textContent: name }),
        element("div", { className: "bar" }, element("i")),
        element("b"),
      ),
    ),
    element("p", { className: "hint" }),
  ],

  paint(cell, k, { state, told }) {
    cell.firstChild.classList.toggle("made", told);
    cell.querySelector(".tag").textContent = told ? state.made[k] : "";
    cell.querySelector(".hint").textContent = told ? state.words[k] : "";
    [...cell.querySelectorAll(".row")].forEach((row, m) => {
      const [name, bar, said] = row.children,
        right = told && state.made[k] === state.makers[m],
        count = told ? state.counts[k][m] : 0;
      row.classList.toggle("right", right);
      name.textContent = `${right ? "\u2713 " : ""}${state.makers[m]}`;
      bar.firstChild.style.width = `${state.voted ? (100 * count) / state.voted : 0}%`;
      said.textContent = told ? count : "";
    });
  },

  report({ faces, right, makers, matrix, d_prime }) {
    const cell = (count, whole, same) => {
      const made = element(
        "td",
        { className: same ? "same" : "" },
        element("b", { textContent: percent(count / (whole || 1)) }),
        element("span", { textContent: `${count} of ${whole}` }),
      );
      made.style.setProperty("--share", count / (whole || 1));
      return made;
    };
    const rows = makers.map((made) => {
      const said = makers.map((name) => matrix[made][name]),
        whole = said.reduce((sum, count) => sum + count, 0),
        cells = said.map((count, m) => cell(count, whole, makers[m] === made));
      return element("tr", {}, element("th", { scope: "row", textContent: made }), ...cells);
    });
    const heads = makers.map((name) => element("th", { scope: "col", textContent: name }));
    const pairs = d_prime.map(({ pair, faces, d_prime: d }) => {
      const told = d ? `${d[0].toFixed(2)} (${d[1].toFixed(2)} to ${d[2].toFixed(2)})` : "-";
      return element(
        "tr",
        {},
        ...[pair.join(" and "), faces, told].map((text) => element("td", { textContent: text })),
      );
    });
    const columns = ["makers", "votes", "d\u2032 (95 %)"].map((text) => element("th", { textContent: text }));
    const share = faces ? `${right} of ${faces} faces given to their maker: ${percent(right / faces)}` : "No votes";
    return [
      element(
        "section",
        {},
        element("h2", { textContent: "Who is taken for whom" }),
        element("table", { className: "matrix" }, element("tr", {}, element("td"), ...heads), ...rows),
        element("p", {
          className: "soft",
          textContent: `Down: who made it. Across: what you said. Framed: right. ${share}; guessing gets ${percent(1 / (makers.length || 1))}.`,
        }),
      ),
      element(
        "section",
        {},
        element("h2", { textContent: "How far apart two makers are" }),
        element("table", {}, element("tr", {}, ...columns), ...pairs),
        element("p", { className: "soft", textContent: "d\u2032 = 0: guessing. 1: some skill. 3: hardly a mistake." }),
      ),
    ];
  },
};
