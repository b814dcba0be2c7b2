// The projector: large faces, votes, reveal, ranking. The secret stands behind the # of the address. What is shown of the
// votes is the game's own: play.js, maker.js.
import { ask, code, element, find, forget, listen } from "./class.js";
import * as maker from "./maker.js";
import * as play from "./play.js";

const games = { play, maker };
const key = location.hash.slice(1),
  faces = find(".faces"),
  tools = find(".tools"),
  SHOWN = 10,
  JOINED = 60;
let state = null,
  game = null, // the projector's part of the game that this room plays
  shown = 0,
  listed = "",
  ended = false;

function problem(text) {
  find(".problem").textContent = text;
}

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
        ...game.below(state),
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
  const { phase, round, voted, players } = state,
    { title, projector } = games[state.game],
    open = phase === "open",
    told = phase === "revealed" || phase === "over";
  game = projector;
  document.title = `${title} The class`;
  find(".rule").textContent = game.rule;
  find(".projector").dataset.game = state.game;
  find(".projector").className = `projector ${phase === "lobby" || phase === "over" ? phase : "playing"}`;
  find("h1").textContent = phase === "lobby" ? title : phase === "over" ? "The game is over" : `Round ${round}`;
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
  for (const [k, cell] of [...faces.children].entries()) game.paint(cell, k, { state, told });
  ranking();
  if (phase === "over" && !ended) end();
}

async function end() {
  ended = true;
  const report = await ask(`${code}/results`, { secret: key }).catch((error) => problem(error.message));
  if (!report) return;
  const csv = element("button", { type: "button", textContent: "Results as CSV" });
  csv.addEventListener("click", async () => {
    const answer = await fetch(`${code}/results?as=csv`, { headers: { authorization: `Bearer ${key}` } });
    const url = URL.createObjectURL(await answer.blob());
    element("a", { href: url, download: `${game.file}-${code}.csv` }).click();
  });
  find(".end").replaceChildren(...game.report(report), csv);
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
