// The projector: large faces, votes as they come, reveal, ranking. The secret stands behind the # of the address.
import { ask, code, find, forget, listen } from "./class.js";

const key = location.hash.slice(1),
  faces = find(".faces"),
  tools = find(".tools"),
  SHOWN = 10,
  JOINED = 60;
let state = null,
  shown = 0,
  listed = "",
  ended = false;

function problem(text) {
  find(".problem").textContent = text;
}

const element = (tag, words = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), words);
  made.append(...children);
  return made;
};

async function act(what, body) {
  try {
    await ask(`${code}/${what}`, { secret: key, body });
    problem("");
  } catch (error) {
    problem(error.message);
  }
}

// A press is for what the page shows: the server ignores it when the game has gone on meanwhile.
const press = (what, { phase, round }) => act(what, { phase, round });

function deal() {
  shown = state.round;
  faces.replaceChildren(
    ...[0, 1, 2].map((k) => {
      const image = Object.assign(new Image(), { src: `${code}/faces/${shown}/${k}`, alt: `Face ${k + 1}` });
      const number = element("span", { className: "number", textContent: k + 1 });
      number.setAttribute("aria-hidden", "true");
      return element(
        "div",
        {},
        element("div", { className: "face" }, image, number, element("b", { className: "tag" })),
        element("div", { className: "bar" }, element("i"), element("span")),
      );
    }),
  );
}

// Who leads, or who came last; all of them, with what can be done to each, only while the teacher manages the room.
function ranking() {
  const told = state.phase !== "lobby",
    managing = tools.open,
    all = told ? state.ranking : [...state.ranking].reverse(),
    list = managing ? all : all.slice(0, told ? SHOWN : JOINED);
  find(".standing").textContent = told ? `Ranking, ${state.players} in the room` : `${state.players} in the room`;
  const now = JSON.stringify([told, managing, list]);
  if (now === listed) return; // a vote changes nothing here, and who is about to press a button keeps it
  listed = now;
  find(".ranking").replaceChildren(
    ...list.map((player) =>
      element(
        "li",
        {},
        ...(told ? [element("span", { className: "rank", textContent: player.rank })] : []),
        element("bdi", { className: "name", textContent: player.hidden ? "(hidden)" : player.name }),
        ...(told ? [element("span", { className: "points", textContent: player.right })] : []),
        ...(managing ? changes(player) : []),
      ),
    ),
  );
}

function changes(player) {
  const button = (text, change) => {
    const made = element("button", { type: "button", className: "quiet", textContent: text, title: player.name });
    made.setAttribute("aria-label", `${text} ${player.name}`);
    made.addEventListener("click", () => change());
    return made;
  };
  const hide = player.hidden ? "show" : "hide";
  return [
    button(hide, () => act("edit", { player: player.id, change: hide })),
    button("rename", () => {
      const name = prompt("A new nickname", player.name);
      if (name !== null) act("edit", { player: player.id, change: "rename", name });
    }),
    button(
      "remove",
      () =>
        confirm(`Remove ${player.name} and all their votes?`) && act("edit", { player: player.id, change: "remove" }),
    ),
  ];
}

function draw() {
  const { phase, round, voted, players, counts } = state,
    open = phase === "open",
    told = phase === "revealed" || phase === "over";
  find(".projector").className = `projector ${phase === "lobby" || phase === "over" ? phase : "playing"}`;
  find("h1").textContent =
    phase === "lobby" ? "Which face is real?" : phase === "over" ? "The game is over" : `Round ${round}`;
  find(".next").disabled = phase === "over";
  find(".next").textContent = phase === "lobby" ? "Begin" : open ? "Reveal" : "Next round";
  find(".next").hidden = phase === "over";
  find(".finish").hidden = phase !== "revealed";
  find(".shut").setAttribute("aria-pressed", String(state.shut));
  find(".shut").textContent = state.shut ? "Open the door" : "Close the door";
  faces.hidden = phase === "lobby" || phase === "over";
  find(".voted").textContent = open
    ? `${voted} of ${players} have voted`
    : phase === "revealed"
      ? state.void
        ? "This round does not count: its photos are gone."
        : `${voted} voted`
      : "";
  if (round && shown !== round) deal();
  for (const [k, cell] of [...faces.children].entries()) {
    const face = cell.firstChild,
      share = voted ? counts[k] / voted : 0;
    face.classList.toggle("real", told && Boolean(state.real?.[k]));
    face.classList.toggle("made", told && !state.real?.[k]);
    face.querySelector(".tag").textContent = told ? (state.real[k] ? "real" : state.sources[k]) : "";
    cell.querySelector("i").style.width = `${100 * share}%`;
    cell.querySelector(".bar span").textContent = `${counts[k]} say real`;
  }
  ranking();
  if (phase === "over" && !ended) end();
}

async function end() {
  ended = true;
  const report = await ask(`${code}/results`, { secret: key }).catch((error) => problem(error.message));
  if (!report) return;
  const percent = (share) => `${Math.round(100 * share)} %`,
    row = (kind, words) => element("tr", {}, ...words.map((text) => element(kind, { textContent: text })));
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
  const csv = element("button", { type: "button", textContent: "Results as CSV" });
  csv.addEventListener("click", async () => {
    const answer = await fetch(`${code}/results?as=csv`, { headers: { authorization: `Bearer ${key}` } });
    const url = URL.createObjectURL(await answer.blob());
    element("a", { href: url, download: `which-face-is-real-${code}.csv` }).click();
  });
  find(".end").replaceChildren(
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
    csv,
  );
  find(".end").hidden = false;
}

find(".next").addEventListener("click", () => press("advance", state));
find(".finish").addEventListener("click", () => {
  const asked = state; // while the question stands, the game may go on
  if (confirm("End the game for everybody? There will be no further round.")) press("finish", asked);
});
find(".shut").addEventListener("click", () => act("door", { shut: !state.shut }));
find(".clear").addEventListener("click", () => {
  const since = find(".since"),
    when = since.selectedOptions[0].textContent;
  if (confirm(`Remove everybody who joined in the last ${when}, and their votes?`))
    act("clear", { seconds: Number(since.value) });
});
addEventListener("keydown", (event) => {
  if (event.target === document.body && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    if (!event.repeat) find(".next").click();
  }
});
tools.addEventListener("toggle", () => state && ranking());
find(".copy").addEventListener("click", async () => {
  const text = find(".link").href;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Plain HTTP has no clipboard: the old way.
    const field = element("textarea", { value: text });
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  find(".copy").textContent = "Copied";
  setTimeout(() => (find(".copy").textContent = "Copy link"), 1500);
});

find(".projector .code").textContent = code;
const page = document.baseURI.replace(/\/class\/$/, "");
fetch(`${code}/qr.svg`, { headers: { "x-page": page } }).then(async (answer) => {
  find(".qr").innerHTML = await answer.text();
  find(".link").href = answer.headers.get("x-link");
  find(".link").textContent = answer.headers.get("x-link").replace(/\/[^/]+$/, ""); // the code stands below it
  const reached = answer.headers.get("x-reachable") !== "no",
    inside = answer.headers.get("x-inside") === "yes";
  find(".reach").hidden = reached || inside;
  find(".inside").hidden = reached || !inside;
  find(".dies").hidden = answer.headers.get("x-kept") !== "no";
});
listen(
  key,
  "teacher",
  (news) => {
    state = news;
    problem("");
    draw();
  },
  (text, status) => {
    if (status === 404) forget(); // the room has ended
    problem(text);
  },
);
