// Where the visitor is: views mounted in place, their addresses, Back and Forward, ticks.
// Loads before anything is shown; shell.html calls gml.open() when its own elements are there.
(() => {
  const KEPT = 6; // views that stay mounted, so that coming back finds everything as it was left
  const LATE = 30_000; // ms until a view that is not answered is given up
  const site = window.gml_site;
  const places = site.flatMap((tab) => tab.views.map((view) => ({ tab, view, page: `${tab.id}-${view.id}` })));
  const find = (selector) => document.querySelector(selector);
  const theme = new URLSearchParams(location.search).get("__theme");
  const apps = new Map(); // page -> <gradio-app>; the one not seen for longest comes first
  const addresses = new Map(); // page -> what a link to it says now
  const descriptions = new Map(); // page -> promise of what it is made of
  let here = null;
  let wish = 0; // counts where the visitor wanted to go; only the last one matters
  let mounting = Promise.resolve();

  // Addresses.

  const addressOf = ({ tab, view, page }) => {
    const plain = { tab: tab.id, view: view.id, ...(theme && { __theme: theme }) };
    return addresses.get(page) ?? new URLSearchParams(plain);
  };

  // The view that an address names. A tab with no view, as old links have it: the view that has their knobs.
  function read(search) {
    const query = new URLSearchParams(search);
    const tab = site.find(({ id }) => id === query.get("tab")) ?? site[0];
    const view =
      tab.views.find(({ id }) => id === query.get("view")) ??
      tab.views.find(({ knobs }) => knobs.some((name) => query.has(name))) ??
      tab.views[0];
    return [places.find((place) => place.view === view), query];
  }

  // What a link may set in one part, or null. Values that a knob cannot have are moved to the nearest that it can.
  function allowed({ type, props }, text) {
    if (text === null || text.length > 200) return null;
    if (type === "slider") {
      const value = Number(text);
      if (text.trim() === "" || !Number.isFinite(value)) return null;
      const near = props.minimum + Math.round((value - props.minimum) / (props.step || 1)) * (props.step || 1);
      return Number(Math.min(props.maximum, Math.max(props.minimum, near)).toFixed(6));
    }
    if (type === "textbox") return /^[0-9, ]*$/.test(text) ? text : null;
    if (type === "radio" || type === "dropdown") return props.choices.some(([, value]) => value === text) ? text : null;
    return null;
  }

  // Puts a link's values into a description before it is mounted: no flash, no request. -> what the link says then.
  function restore(components, place, query) {
    const address = new URLSearchParams(addressOf({ ...place, page: null }));
    for (const part of components) {
      const name = part.props.elem_id?.startsWith(`${place.tab.id}-`)
        ? part.props.elem_id.slice(place.tab.id.length + 1)
        : "";
      const value = place.view.knobs.includes(name) ? allowed(part, query.get(name)) : null;
      if (value === null) continue;
      part.props.value = value;
      address.set(name, value);
    }
    return address;
  }

  let linking = null;
  // The address bar follows the knobs, a little behind: each change of it costs the browser time.
  function follow() {
    clearTimeout(linking);
    linking = setTimeout(settle, 300);
  }
  function settle() {
    clearTimeout(linking);
    linking = null;
    history.replaceState(null, "", `?${addressOf(here)}`);
    nameLinks();
    dispatchEvent(new Event("gml-address"));
  }

  // Views.

  function describe({ page }) {
    if (!descriptions.has(page)) {
      const asked = fetch(`views/${page}`).then((answer) => {
        if (!answer.ok) throw new Error(answer.status);
        return answer.json();
      });
      asked.catch(() => descriptions.delete(page)); // the next try asks again
      descriptions.set(page, asked);
    }
    return descriptions.get(page);
  }

  // It reads its attributes while it is made, so it is made of a text that has them.
  function empty() {
    const holder = document.createElement("template");
    holder.innerHTML = '<gradio-app embed="false" eager="true"></gradio-app>';
    return holder.content.firstChild;
  }

  // Gradio reads its description from one global variable, so one view is mounted at a time.
  async function mount(place, described, query) {
    const config = structuredClone(described);
    const before = apps.get(place.page);
    const oldest = [...apps.keys()].find((page) => page !== here?.page);
    let app = before;
    if (before) apps.delete(place.page);
    else if (apps.size < KEPT) app = empty();
    else {
      app = apps.get(oldest);
      apps.delete(oldest);
    }
    config.root = gml.root();
    const address = restore(config.components, place, query);
    app.query = query;
    app.restored = place.view.knobs.some((name) => address.has(name));
    addresses.set(place.page, address);
    app.remove();
    app.removeAttribute("data-ready");
    app.className = `tab-${place.tab.id} fam-${place.tab.family} coming`;
    app.dataset.view = place.page;
    window.gradio_config = config;
    // It is there when each of its own surfaces and knobs is: Gradio fetches the code of a kind of part when it first
    // meets one, and a knob that is set before it is there does not tell that it changed.
    const knobs = place.view.knobs.map((name) => `${place.tab.id}-${name}`);
    const names = config.components
      .filter(({ type, props }) => (type === "html" && props.visible === true) || knobs.includes(props.elem_id))
      .filter(({ props }) => props.elem_id && props.visible !== false)
      .map(({ props }) => `[id="${props.elem_id}"] > *`);
    const there = new Promise((done, late) => {
      const left = app.querySelector(".view"); // of the view that made room; Gradio takes it away on its way in
      const look = () => {
        if ([null, left].includes(app.querySelector(".view")) || !names.every((name) => app.querySelector(name)))
          return;
        watching.disconnect();
        done();
      };
      const watching = new MutationObserver(look);
      setTimeout(() => (watching.disconnect(), late(new Error("late"))), LATE);
      watching.observe(app, { childList: true, subtree: true });
    });
    find("main").append(app);
    apps.set(place.page, app);
    await there;
    app.dataset.ready = "";
    tick(app);
  }

  // Go to a view. query: what to set there; without it everything is as it was left.
  async function go(place, query = null, remember = true) {
    const mine = ++wish;
    if (linking !== null && here) settle(); // the knobs' last word belongs to the view that is left
    try {
      const described = await describe(place);
      if (mine !== wish) return;
      const same = query === null || !apps.has(place.page) || query.toString() === addressOf(place).toString();
      if (!apps.has(place.page) || !same) {
        mounting = mounting
          .catch(() => {})
          .then(() => mine === wish && mount(place, described, query ?? addressOf(place)));
        await mounting;
        if (mine !== wish) return;
      }
      say(described.problem ?? "");
    } catch {
      if (mine === wish) say("This view could not be loaded: the server does not answer. Try again in a moment.");
      return;
    }
    show(place, remember);
  }

  function show(place, remember) {
    const moved = here && here !== place;
    here = place;
    const mine = apps.get(place.page);
    apps.delete(place.page);
    apps.set(place.page, mine); // the one seen last
    mine.classList.remove("coming");
    for (const app of apps.values()) app.hidden = app !== mine;
    const address = `?${addressOf(place)}`;
    if (remember && moved) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    document.title = `${place.view.title} · ${place.tab.title} · Generative Models, Live`;
    nameViews();
    nameLinks();
    dispatchEvent(new Event("gml-address"));
    if (moved) scrollTo(0, 0);
  }

  const say = (problem) => {
    find(".shell ~ .problem").textContent = problem;
    find(".shell ~ .problem").hidden = !problem;
  };

  // The two rows of links.

  let named = null;
  function nameViews() {
    find(".shell").className = `shell fam-${here.tab.family}`;
    if (named !== here.tab) {
      const links = here.tab.views.map((view) => {
        const link = Object.assign(document.createElement("a"), { textContent: view.title });
        link.dataset.page = `${here.tab.id}-${view.id}`;
        return link;
      });
      find(".views").replaceChildren(...links);
    }
    named = here.tab;
    const mark = (link, is) => {
      is ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
      const row = link.parentElement;
      if (is && row.scrollWidth > row.clientWidth)
        row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
    };
    for (const link of find(".tabs").children) mark(link, link.dataset.tab === here.tab.id);
    for (const link of find(".views").children) mark(link, link.dataset.page === here.page);
  }

  // Each link leads to where its view was left.
  const last = new Map(); // tab id -> its view that was seen last
  function nameLinks() {
    last.set(here.tab.id, here);
    for (const link of find(".views").children)
      link.href = `?${addressOf(places.find(({ page }) => page === link.dataset.page))}`;
    for (const link of find(".tabs").children)
      link.href = `?${addressOf(last.get(link.dataset.tab) ?? places.find(({ tab }) => tab.id === link.dataset.tab))}`;
  }

  const placeOf = (link) => read(link.search)[0];
  const rows = () => [find(".tabs"), find(".views")];
  function wire() {
    for (const row of rows()) {
      row.addEventListener("pointerover", ({ target }) => target.href && describe(placeOf(target)).catch(() => {}));
      row.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        const next =
          step && [...row.children].at(([...row.children].indexOf(event.target) + step) % row.children.length);
        if (!next) return;
        event.preventDefault();
        next.focus();
      });
    }
    // Links to views stand in texts too.
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.("a[href^='?']");
      if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      const [place, query] = read(link.search);
      go(place, rows().includes(link.parentElement) ? null : query);
    });
    addEventListener("popstate", () => go(...read(location.search), false));
  }

  // Steps of "Try this" that a person has done. They stay while this window is open.

  let done = {};
  const KEY = "gml-done";
  function tick(app) {
    for (const step of done[app.dataset.view] ?? []) {
      const item = app.querySelector(`[data-step="${CSS.escape(step)}"]`);
      if (!item || item.classList.contains("done")) continue;
      item.classList.add("done");
      item.querySelector(".done-text").textContent = " (done)";
    }
  }

  Object.assign(gml, {
    // A person has done a step of "Try this". element: anything in the view.
    did(element, step) {
      const app = element.closest("gradio-app");
      if (!app?.querySelector(`[data-step="${step}"]`)) return;
      const before = (done[app.dataset.view] ??= []);
      if (!before.includes(step)) before.push(step);
      tick(app);
      gml.remember(KEY, done);
    },

    // Knobs were turned: a link says so. names and values of the knobs of one view of a tab.
    link(tab, names, values) {
      const page = document.getElementById(`${tab}-${names[0]}`)?.closest("gradio-app")?.dataset.view;
      const place = places.find((one) => one.page === page);
      if (!place) return;
      const address = new URLSearchParams(addressOf(place));
      names.forEach((name, k) => {
        if (values[k] === "" || values[k] == null) address.delete(name);
        else address.set(name, values[k]);
      });
      addresses.set(page, address);
      if (place === here) follow();
    },

    // Knobs came from a link, so what was drawn for their defaults is not the picture: ask again.
    restoring: (element) => element.closest("gradio-app")?.restored ?? false,
    // What the link says for something that is no knob of Gradio's.
    linked: (element, name) => element.closest("gradio-app")?.query.get(name) ?? null,

    // What a canvas looks up once its first picture stands there; null where the server is away.
    later: (element) =>
      fetch(`views/${element.closest("gradio-app").dataset.view}/later`)
        .then((answer) => (answer.ok ? answer.json() : null))
        .catch(() => null),

    // Where the app lies, as this page was reached.
    root: () => new URL(".", location.href).href.replace(/\/$/, ""),

    // What a link to this very view says; at once also the address bar.
    address() {
      if (linking !== null) settle();
      return String(addressOf(here));
    },

    // The next view of the lecture, or the one before; and what is needed for them, before somebody asks.
    async step(by) {
      const next = places[places.indexOf(here) + by];
      if (next) await go(next);
    },
    neighbours() {
      for (const by of [1, -1]) {
        const place = places[places.indexOf(here) + by];
        if (place) describe(place).catch(() => {});
      }
    },

    // Go to another view from inside one: gml.go("vae", "sliders", {d1: 2}).
    go(tab, view, knobs = null) {
      const place = places.find((one) => one.tab.id === tab && one.view.id === view);
      const query = new URLSearchParams(addressOf(place));
      for (const [name, value] of Object.entries(knobs ?? {})) query.set(name, value);
      return go(place, knobs && query);
    },

    open() {
      done = gml.remembered(KEY) ?? {};
      const { page, description } = window.gml_first;
      const [place, query] = read(location.search);
      descriptions.set(page, Promise.resolve(description));
      here = place;
      nameViews(); // the rows are there before the view is
      here = null;
      wire();
      gml.slides();
      go(place, query, false);
    },
  });
})();
