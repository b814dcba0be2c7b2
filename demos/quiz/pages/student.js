// A student's phone: join with a nickname, judge three faces, vote. What is judged is the game's own: play.js, maker.js.
import { ask, code, enter, find, keeps, kept, listen } from "./class.js";
import * as maker from "./maker.js";
import * as play from "./play.js";

const games = { play, maker };
const faces = find(".faces"),
  empty = find(".empty");
let token = code ? kept.get(`class-${code}`) : null,
  state = null,
  you = null,
  game = null, // the phone's part of the game that this room plays
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
  const image = (k) => Object.assign(new Image(), { src: `${code}/faces/${shown}/${k}`, alt: `Face ${k + 1}` });
  faces.replaceChildren(...[0, 1, 2].map((k) => game.cell(k, image(k), draw, state)));
  recall();
}

// What the server has of this round's vote.
function recall() {
  game.recall(cells(), you.picks);
  find(".sure").value = you.sure || 75;
}

const cells = () => [...faces.children];
const sure = () => Number(find(".sure").value);

function draw() {
  const { title, phone } = games[state.game];
  game = phone;
  document.title = title;
  find("main").dataset.game = state.game;
  find(".you").textContent = you?.name ?? "";
  find("h1").textContent = title;
  if (state.phase === "lobby") return show("waiting");
  show("round");
  if (shown !== state.round) deal();
  const open = state.phase === "open",
    voted = you.picks !== null;
  if (!open) {
    recall(); // what was not sent does not count
    if (empty.open) empty.close();
  }
  const told = !open && Boolean(game.truth(state)),
    text = game.text(cells()),
    lacks = game.lacks(text),
    says = game.says(text, state),
    changed = voted && (text !== you.picks || (game.sure && sure() !== you.sure));
  find("h1").textContent = state.phase === "over" ? "The game is over" : `Round ${state.round}`;
  find(".question").textContent = open
    ? !voted
      ? game.asks
      : changed
        ? "Not sent yet: your earlier vote still counts."
        : "Counted. You can change it until the reveal."
    : state.phase === "over" && you.faces
      ? `${you.right} of ${you.faces} faces right. Rank ${you.rank} of ${state.players}.`
      : outcome(voted);
  find(".choice").hidden = !open;
  find(".choice label").hidden = !game.sure;
  find(".sure-shown").textContent = `${sure()} %`;
  find(".vote").textContent = lacks || `${!voted ? "Vote" : changed ? "Change to" : "Counted"}: ${says}`;
  find(".vote").disabled = sending || Boolean(lacks) || (voted && !changed);
  game.paint(cells(), { state, open, told, voted });
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
  return `${[...game.truth(state)].filter((letter, k) => letter === you.picks[k]).length} of 3 right.`;
}

find(".sure").addEventListener("input", draw);
find(".vote").addEventListener("click", () => {
  if (!game.empty(game.text(cells()))) return vote();
  empty.returnValue = "";
  empty.showModal();
});
empty.addEventListener("close", () => empty.returnValue && vote());

async function vote() {
  const text = game.text(cells()),
    given = { round: state.round, picks: game.sent(text, state), sure: game.sure ? sure() : undefined };
  sending = true;
  draw();
  try {
    await ask(`${code}/vote`, { secret: token, body: given });
    if (given.round === state.round) you = { ...you, picks: text, sure: given.sure };
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
