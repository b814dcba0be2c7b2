// What phone and projector share: asking the server, and hearing what happens.
export const find = (selector) => document.querySelector(selector);
export const element = (tag, words = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), words);
  made.append(...children);
  return made;
};
// Addresses are told from the page's own (its <base> is .../class/), so that the app may lie below any path.
export let code = location.pathname.slice(new URL(document.baseURI).pathname.length).split("/")[0].toUpperCase();

// On the page with no code the first one that is right: the page stays, what it knows too.
export function enter(room) {
  history.replaceState(null, "", room);
  code = room;
}

// What this browser keeps of a room. Where storing is forbidden (inside another page, all cookies blocked) it lasts
// until this page is left.
const memory = new Map();
export const keeps = (() => {
  try {
    return Boolean(localStorage);
  } catch {
    return false;
  }
})();
export const kept = {
  get: (name) => (keeps ? localStorage.getItem(name) : (memory.get(name) ?? null)),
  set: (name, value) => (keeps ? localStorage.setItem(name, value) : memory.set(name, value)),
  remove: (name) => (keeps ? localStorage.removeItem(name) : memory.delete(name)),
};

// The rooms that were opened in this browser: the main page keeps the way back to each (canvas/quiz_room.js).
export function forget() {
  const rooms = JSON.parse(kept.get("class-rooms") ?? "[]");
  kept.set("class-rooms", JSON.stringify(rooms.filter((room) => room.code !== code)));
}

// An answer, or an Error with the server's sentence.
export async function ask(path, { body, secret = "", role = "" } = {}) {
  const headers = { authorization: `Bearer ${secret}`, "x-role": role };
  let answer;
  try {
    answer = await fetch(path, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
  } catch {
    throw new Error("The server cannot be reached. Are you still in the network?");
  }
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok)
    throw Object.assign(new Error(content.error ?? "Something went wrong. Try again."), {
      status: answer.status,
      again: Number(answer.headers.get("retry-after")),
    });
  return content;
}

// Server-sent events through fetch, because a secret belongs in a header and EventSource has none. Comes back by itself.
export async function listen(secret, role, heard, lost) {
  for (let wait = 500; ; wait = Math.min(8000, 2 * wait)) {
    try {
      const answer = await fetch(`${code}/events`, {
        headers: { authorization: `Bearer ${secret}`, "x-role": role },
      });
      if (!answer.ok) {
        const { error } = await answer.json().catch(() => ({}));
        lost(error ?? "The room cannot be reached.", answer.status);
        if (answer.status === 403 || answer.status === 404) return;
      } else {
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let text = ""; ; ) {
          const { value, done } = await reader.read();
          if (done) break;
          text += value;
          const parts = text.split("\n\n");
          text = parts.pop();
          for (const part of parts) {
            const data = /^data: (.*)$/m.exec(part)?.[1];
            if (!data) continue;
            if (part.startsWith("event: gone")) lost(JSON.parse(data), 0);
            else heard(JSON.parse(data));
            wait = 500;
          }
        }
      }
    } catch {
      // the line is cut: below it is tried again
    }
    lost("The line is cut. Trying again.", 0);
    await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random())));
  }
}
