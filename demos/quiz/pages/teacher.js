// The projector: large faces, votes as they come, reveal, ranking. The secret stands behind the # of the address.
import { ask, code, find, listen } from "./class.js";

const key = location.hash.slice(1),
  faces = find(".faces"),
  SHOWN = 10,
  JOINED = 60;
let state = null,
  shown = 0,
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
      const bar = element("div", { className: "bar" }, element("i"), element("b", {}, element("span")));
      return element(
        "div",
        {},
        element("div", { className: "face" }, image, element("span", { className: "tag" })),
        bar,
      );
    }),
  );
}

function ranking() {
  const told = state.phase !== "lobby";
  find(".standing").textContent = told ? `Ranking, ${state.players} in the room` : `${state.players} in the room`;
  find(".ranking").replaceChildren(
    ...(told ? state.ranking.slice(0, SHOWN) : state.ranking.slice(-JOINED)).map((player) => {
      const name = element("span", {
        className: "name",
        textContent: player.hidden ? "(hidden)" : player.name,
        title: player.name,
      });
      const button = (text, change) => {
        const made = element("button", { type: "button", className: "quiet", textContent: text });
        made.setAttribute("aria-label", `${text} ${player.name}`);
        made.addEventListener("click", () => change());
        return made;
      };
      const hide = button(player.hidden ? "show" : "hide", () =>
        act("edit", { player: player.id, change: player.hidden ? "show" : "hide" }),
      );
      const rename = button("rename", () => {
        const name = prompt("A new nickname", player.name);
        if (name !== null) act("edit", { player: player.id, change: "rename", name });
      });
      const remove = button(
        "remove",
        () =>
          confirm(`Remove ${player.name} and all their votes?`) && act("edit", { player: player.id, change: "remove" }),
      );
      return element(
        "li",
        {},
        name,
        ...(told ? [element("span", { className: "points", textContent: player.right })] : []),
        hide,
        rename,
        remove,
      );
    }),
  );
}

function draw() {
  const { phase, round, voted, players, counts } = state,
    open = phase === "open",
    told = phase === "revealed" || phase === "over";
  find(".projector").className = `projector ${phase === "lobby" ? "lobby" : "playing"}`;
  find(".stage > .lobby").hidden = phase !== "lobby";
  find(".next").disabled = phase === "over";
  find(".next").textContent = phase === "lobby" ? "Begin" : open ? "Reveal" : "Next round";
  find(".next").hidden = phase === "over";
  find(".finish").hidden = phase !== "revealed";
  find(".shut").setAttribute("aria-pressed", String(state.shut));
  find(".shut").textContent = state.shut ? "Open the door" : "Close the door";
  faces.hidden = phase === "lobby" || phase === "over";
  find(".voted").textContent = open
    ? `Round ${round}: ${voted} of ${players} have voted`
    : phase === "revealed"
      ? state.void
        ? "This round does not count: its photos are gone."
        : `Round ${round}: ${voted} voted`
      : "";
  if (round && shown !== round) deal();
  for (const [k, cell] of [...faces.children].entries()) {
    const face = cell.firstChild,
      share = voted ? counts[k] / voted : 0;
    face.classList.toggle("real", told && Boolean(state.real?.[k]));
    face.classList.toggle("made", told && !state.real?.[k]);
    face.querySelector(".tag").textContent = told ? (state.real[k] ? "real" : state.sources[k]) : `${k + 1}`;
    cell.querySelector("i").style.width = `${100 * share}%`;
    cell.querySelector("b span").textContent = `${counts[k]} say real`;
  }
  ranking();
  if (phase === "over" && !ended) end();
}

async function end() {
  ended = true;
  const report = await ask(`${code}/results`, { secret: key }).catch((error) => problem(error.message));
  if (!report) return;
  const rows = report.by_source.map((r) =>
    element(
      "tr",
      {},
      ...[
        r.source,
        r.seen,
        `${Math.round(100 * r.right)} %`,
        r.d_prime === null ? "-" : `${r.d_prime.toFixed(2)} (${r.low.toFixed(2)} to ${r.high.toFixed(2)})`,
      ].map((text) => element("td", { textContent: text })),
    ),
  );
  const head = element(
    "tr",
    {},
    ...["made by", "shown", "told apart", "d' (95 %)"].map((text) => element("th", { textContent: text })),
  );
  const most = Math.max(1, ...report.confidence.map((c) => c.votes));
  const columns = report.confidence.map((c) =>
    element(
      "div",
      {},
      element("span", { textContent: c.votes }),
      Object.assign(element("i"), { style: `height:${(120 * c.votes) / most}px` }),
      `${c.sure} %`,
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
      element("table", {}, head, ...rows),
      element("p", { className: "soft", textContent: "d' = 0: guessing. 1: some skill. 3: hardly a mistake." }),
    ),
    element(
      "section",
      {},
      element("h2", { textContent: "How sure the class was" }),
      element("div", { className: "columns-chart" }, ...columns),
      element("p", { className: "soft", textContent: report.calibration }),
    ),
    element("section", {}, element("h2", { textContent: "To take home" }), csv),
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
  find(".link").href = find(".link").textContent = answer.headers.get("x-link");
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
  (text) => problem(text),
);
