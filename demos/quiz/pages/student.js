// A student's phone: join with a nickname, choose the real faces, say how sure, vote.
import { ask, code, enter, find, keeps, kept, listen } from "./class.js";

const faces = find(".faces"),
  empty = find(".empty");
let token = code ? kept.get(`class-${code}`) : null,
  state = null,
  you = null,
  shown = 0,
  sending = false;

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
      const image = Object.assign(new Image(), { src: `${code}/faces/${shown}/${k}`, alt: `Face ${k + 1}` });
      const tag = Object.assign(document.createElement("span"), { className: "tag" });
      tag.append(document.createElement("b"), document.createElement("span"));
      button.append(image, tag);
      button.addEventListener("click", () => {
        press(button, button.getAttribute("aria-pressed") !== "true");
        draw();
      });
      return button;
    }),
  );
  recall();
}

const press = (face, on) => face.setAttribute("aria-pressed", String(on));

// What the server has of this round's vote.
function recall() {
  for (const [k, face] of [...faces.children].entries()) press(face, you.picks?.[k] === "1");
  find(".sure").value = you.sure ?? 75;
}

const picked = () =>
  [...faces.children].flatMap((face, k) => (face.getAttribute("aria-pressed") === "true" ? [k] : []));
const as_text = (picks) => [0, 1, 2].map((k) => (picks.includes(k) ? "1" : "0")).join("");
const sure = () => Number(find(".sure").value);

function draw() {
  find(".you").textContent = you?.name ?? "";
  if (state.phase === "lobby") return show("waiting");
  show("round");
  if (shown !== state.round) deal();
  const open = state.phase === "open",
    voted = you.picks !== null;
  if (!open) {
    if (voted) recall(); // a change that was not sent does not count
    if (empty.open) empty.close();
  }
  const told = !open && state.real?.length === 3,
    count = picked().length,
    says = count ? `${count} real` : "none is real",
    changed = voted && (as_text(picked()) !== you.picks || sure() !== you.sure);
  find("h1").textContent = state.phase === "over" ? "The game is over" : `Round ${state.round}`;
  find(".question").textContent = open
    ? !voted
      ? "Tap every real face. There may be none."
      : changed
        ? "Not sent yet: your earlier vote still counts."
        : "Counted. You can change it until the reveal."
    : state.phase === "over" && you.faces
      ? `${you.right} of ${you.faces} faces right. Rank ${you.rank} of ${state.players}.`
      : outcome(voted);
  find(".choice").hidden = !open;
  find(".sure-shown").textContent = `${sure()} %`;
  find(".vote").textContent = !voted ? `Vote: ${says}` : changed ? `Change to: ${says}` : `Counted: ${says}`;
  find(".vote").disabled = sending || (voted && !changed);
  for (const [k, face] of [...faces.children].entries()) {
    const mine = face.getAttribute("aria-pressed") === "true",
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
  }
  find(".outcome").textContent = open
    ? ""
    : state.phase === "over"
      ? you.faces
        ? `The last round: ${outcome(voted)}`
        : ""
      : "The next round begins on the projector.";
}

function outcome(voted) {
  if (state.void) return "This round does not count.";
  if (!voted) return "You did not vote.";
  return `${state.real.filter((real, k) => (you.picks[k] === "1") === real).length} of 3 right.`;
}

find(".sure").addEventListener("input", draw);
find(".vote").addEventListener("click", () => {
  if (picked().length) return vote();
  empty.returnValue = "";
  empty.showModal();
});
empty.addEventListener("close", () => empty.returnValue && vote());

async function vote() {
  const given = { round: state.round, picks: picked(), sure: sure() };
  sending = true;
  draw();
  try {
    await ask(`${code}/vote`, { secret: token, body: given });
    if (given.round === state.round) you = { ...you, picks: as_text(given.picks), sure: given.sure };
    problem("");
  } catch (error) {
    problem(error.message);
  }
  sending = false;
  draw();
}

function follow() {
  listen(
    token,
    "student",
    (news) => {
      if (news.you) you = news.you;
      else if (state && news.round !== state.round) you = { ...you, picks: null, sure: null };
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
