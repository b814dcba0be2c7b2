// Opens rooms, and keeps the way back to each for the day that it lives: for a teacher who has closed its page.
const scene = element.querySelector(".room-scene"),
  place = element.querySelector(".rooms-open"),
  KEY = "class-rooms", // pages/class.js takes a room off that has ended
  LIFE = 24 * 3600 * 1000,
  NEWS = ["gml-address", "storage"]; // this view is shown; another window has written
let memory = []; // where the browser forbids storing: until this page is left

function rooms() {
  try {
    memory = JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {}
  return memory.filter(({ opened }) => opened > Date.now() - LIFE);
}

function keep(list) {
  memory = list;
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {}
  ways();
}

function ways() {
  if (!element.isConnected) {
    for (const news of NEWS) removeEventListener(news, ways);
    return;
  }
  const list = rooms();
  place.hidden = !list.length;
  place.querySelector("ul").replaceChildren(
    ...list.map(({ code, teacher, opened }) => {
      const when = new Date(opened).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
      const way = Object.assign(document.createElement("a"), {
        href: new URL(teacher, location.href).href,
        target: "_blank",
        rel: "noopener",
        textContent: `Room ${code}, opened at ${when}`,
      });
      const line = document.createElement("li");
      line.append(way);
      return line;
    }),
  );
}

// The window comes before the answer: a browser lets a page open one only while a click lasts.
scene.open = async (game) => {
  const button = document.querySelector("#open-room"),
    told = document.querySelector(".told-room");
  const room = window.open("", "_blank");
  told.textContent = "";
  try {
    const deck = game === "maker" ? "makers" : (window.gml.quiz?.deck ?? "standard");
    const body = JSON.stringify({ deck });
    const answer = await fetch("class", { method: "POST", body });
    const { code, teacher, error } = await answer.json();
    if (!answer.ok) throw new Error(error);
    gml.did(button, "open");
    keep([{ code, teacher, opened: Date.now() }, ...rooms()].slice(0, 5));
    (room ?? window).location.assign(new URL(teacher, location.href).href);
  } catch (error) {
    room?.close();
    told.textContent = error.message;
  }
};

place.querySelector(".forget").addEventListener("click", () => keep([]));
for (const news of NEWS) addEventListener(news, ways);
ways();
