// Slides: any view as large as the screen allows; a clicker goes on through the whole lecture. And the link to copy.
(() => {
  const find = (selector) => document.querySelector(selector);
  const presenting = () => document.body.classList.contains("presenting");

  // A slide is laid out for 1280 x 720 and enlarged. --high is the screen's height in the view's own pixels.
  function size() {
    const zoom = presenting() ? Math.max(1, Math.min(innerWidth / 1280, innerHeight / 720)) : 1;
    document.documentElement.style.setProperty("--zoom", zoom);
    document.documentElement.style.setProperty("--high", `${innerHeight / zoom}px`);
  }

  function present(on) {
    document.body.classList.toggle("presenting", on);
    find(".corner").hidden = !on;
    size();
    scrollTo(0, 0);
    code();
    if (on) gml.neighbours();
  }

  // The code stands below the knobs, as large as there is room; where there is none, small beside the headline.
  // A strip that the screen would cut begins below its edge instead.
  function place() {
    const corner = find(".corner");
    const boxes = (selector) =>
      [...document.querySelectorAll(`gradio-app:not([hidden]) ${selector}`)]
        .map((part) => part.getBoundingClientRect())
        .filter(({ height }) => height);
    document.body.classList.remove("cut");
    document.body.classList.toggle("cut", presenting() && boxes(".strip").some(({ bottom }) => bottom > innerHeight));
    const knobs = boxes(".knobs"),
      end = Math.max(0, ...knobs.map(({ bottom }) => bottom));
    // From the knobs to the strip, or from the strip to the edge.
    const [top = innerHeight, under = innerHeight] = boxes(".strip").flatMap((box) => [box.top, box.bottom]);
    const [room, foot] =
      top >= innerHeight
        ? [innerHeight - end, 0]
        : innerHeight - under > top - end
          ? [innerHeight - under, 0]
          : [top - end, innerHeight - top];
    corner.classList.toggle("below", knobs.length > 0 && room >= 170);
    const sizes = { "--room-left": Math.min(240, room - 40), "--foot": foot, "--wide": knobs[0]?.width ?? 0 };
    for (const [name, size] of Object.entries(sizes)) corner.style.setProperty(name, `${size}px`);
  }

  // The QR code of this very view, with its knobs.
  let asked = "";
  async function code() {
    if (!presenting()) return;
    place();
    if (asked === gml.address()) return;
    const query = (asked = gml.address());
    try {
      const answer = await fetch(`here.svg?${query}`, { headers: { "x-page": gml.root() } });
      if (!answer.ok || query !== asked) return;
      URL.revokeObjectURL(find(".corner img").src);
      find(".corner img").src = URL.createObjectURL(await answer.blob());
      const open = answer.headers.get("x-reachable") === "yes";
      find(".corner p").textContent = open ? "" : "This computer only: use make class";
      place();
    } catch {
      asked = ""; // The server is away: the slide stays, its old code too.
    }
  }

  async function copy(button) {
    gml.address(); // the address bar is a little behind the knobs
    try {
      await navigator.clipboard.writeText(location.href);
    } catch {
      // Plain HTTP in a classroom has no clipboard: select the text of a field instead.
      const field = Object.assign(document.createElement("input"), { value: location.href });
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    button.textContent = find(".shell [role=status]").textContent = "Link copied";
    setTimeout(() => (button.textContent = "Copy link"), 1500);
  }

  function key(event) {
    const typing = event.target.closest?.("textarea, select, [contenteditable], input:not([type=range])");
    if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
    if (event.key === "p" && !presenting()) return present(true);
    if (!presenting()) return;
    if (event.key === "Escape") present(false);
    const by = { PageDown: 1, PageUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    gml.step(by).then(gml.neighbours);
  }

  gml.slides = () => {
    size();
    addEventListener("resize", () => (size(), place()));
    addEventListener("gml-address", code);
    addEventListener("keydown", key);
    find("[data-do=present]").addEventListener("click", () => present(true));
    find("[data-do=copy]").addEventListener("click", (event) => copy(event.target));
  };
})();
