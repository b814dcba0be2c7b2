// A student's phone: join with a nickname, choose the real faces, say how sure, vote.
import { ask, code, enter, find, keeps, kept, listen } from "./class.js";

const faces = find(".faces");
let token = code ? kept.get(`class-${code}`) : null,
  state = null,
  you = null,
  shown = 0;

function problem(text) {
  find(".problem").textContent = text;
}

function show(part) {
  for (const name of ["join", "waiting", "round"]) find(`.${name}`).hidden = name !== part;
}

function ask_for_name() {
  show("join");
  const again = performance.getEntriesByType("navigation")[0]?.type === "reload";
  find(".keeps-nothing").hidden = keeps;
  find(".keeps-nothing").textContent = again
    ? "This browser keeps nothing, so the reload has left the room. Votes that were given count; join again with another nickname."
    : "This browser keeps nothing: a reload of this page leaves the room.";
  find(".join .code").value = code;
  (code ? find(".join .name") : find(".join .code")).focus();
}

find(".join").addEventListener("submit", async (event) => {
  event.preventDefault();
  const room = find(".join .code").value.trim().toUpperCase(),
    name = find(".join .name").value;
  find(".join button").disabled = true;
  try {
    const joined = await join(room, name);
    kept.set(`class-${room}`, joined.token);
    problem("");
    if (room !== code) enter(room);
    token = joined.token;
    follow();
  } catch (error) {
    problem(error.message);
  } finally {
    find(".join button").disabled = false;
  }
});

// A lecture behind one address is let in by and by.
async function join(room, name) {
  for (;;) {
    try {
      return await ask(`${encodeURIComponent(room)}/join`, { body: { name } });
    } catch (error) {
      if (!error.again) throw error;
      problem(error.message);
      await new Promise((done) => setTimeout(done, 1000 * error.again * (0.5 + Math.random())));
    }
  }
}

function deal() {
  shown = state.round;
  faces.replaceChildren(
    ...[0, 1, 2].map((k) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "face" });
      button.setAttribute("aria-pressed", "false");
      const image = Object.assign(new Image(), { src: `${code}/faces/${shown}/${k}`, alt: `Face ${k + 1}` });
      button.append(image, Object.assign(document.createElement("span"), { className: "tag" }));
      button.addEventListener("click", () => {
        if (state.phase !== "open" || you.picks !== null) return;
        button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
        draw();
      });
      return button;
    }),
  );
  find(".sure").value = 75;
}

const picked = () =>
  [...faces.children].flatMap((face, k) => (face.getAttribute("aria-pressed") === "true" ? [k] : []));

function draw() {
  find(".you").textContent = you?.name ?? "";
  if (state.phase === "lobby") return show("waiting");
  show("round");
  if (shown !== state.round) deal();
  const open = state.phase === "open",
    voted = you.picks !== null;
  const count = picked().length;
  find(".question").textContent =
    state.phase === "over"
      ? "That was the last round."
      : `Round ${state.round}. Tap every real face; there may be none.`;
  find(".choice").hidden = !open || voted;
  find(".sure-shown").textContent = `${find(".sure").value} %`;
  find(".vote").textContent = count ? `Vote: ${count} real` : "Vote: none is real";
  for (const [k, face] of [...faces.children].entries()) {
    if (voted) face.setAttribute("aria-pressed", String(you.picks[k] === "1"));
    face.disabled = !open || voted;
    const told = state.real?.length === 3;
    face.classList.toggle("real", told && state.real[k]);
    face.classList.toggle("made", told && !state.real[k]);
    face.querySelector(".tag").textContent = told
      ? state.real[k]
        ? "real"
        : state.sources[k]
      : face.getAttribute("aria-pressed") === "true"
        ? "real?"
        : "";
  }
  find(".outcome").textContent = open
    ? voted
      ? "Counted. Look at the projector."
      : ""
    : state.void
      ? "This round does not count."
      : voted && state.real
        ? `${state.real.filter((real, k) => (you.picks[k] === "1") === real).length} of 3 right.`
        : "Time is up.";
}

find(".sure").addEventListener("input", draw);
find(".vote").addEventListener("click", async () => {
  const round = state.round,
    picks = picked(),
    sure = Number(find(".sure").value);
  find(".vote").disabled = true;
  try {
    await ask(`${code}/vote`, { secret: token, body: { round, picks, sure } });
    you.picks = [0, 1, 2].map((k) => (picks.includes(k) ? "1" : "0")).join("");
    problem("");
  } catch (error) {
    problem(error.message);
  }
  find(".vote").disabled = false;
  draw();
});

function follow() {
  listen(
    token,
    "student",
    (news) => {
      if (news.you) you = news.you;
      else if (state && news.round !== state.round) you = { ...you, picks: null };
      state = news;
      problem("");
      draw();
    },
    (text, status) => {
      if (status === 403) {
        kept.remove(`class-${code}`);
        token = null;
        ask_for_name();
      }
      if (status !== 403 || state) problem(text);
    },
  );
}

if (token) follow();
else ask_for_name();
