// What every canvas shares: pixels, downloads, colours. The script of the page's frame is shell.js.
(() => {
  const listeners = new Set();
  const gml = (window.gml = {
    UNREADABLE:
      "This browser gives a page no photo back, only noise: its protection against fingerprinting. Allow this page to extract canvas data, or take another browser.",
    intent: null, // what the next answer is for: "play" it, or show it whole

    // A number in the view's strips that the page measures itself.
    live(element, name, text) {
      const view = element.closest("gradio-app");
      for (const cell of view?.querySelectorAll(`[data-live="${name}"]`) ?? []) cell.textContent = text;
    },

    colour: (element, name) => getComputedStyle(element).getPropertyValue(name).trim(),

    // [r, g, b] of a colour of the page, for pixels.
    rgb(element, name) {
      const hex = gml.colour(element, name).slice(1);
      return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
    },

    bytes: (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)), // of base64

    // Draw again when light turns dark. Canvases do not hear of it otherwise.
    onTheme: (draw) => listeners.add(draw),

    // n by n pixels, colour(i) -> [r, g, b].
    paint(canvas, n, colour) {
      const context = canvas.getContext("2d");
      const image = context.createImageData(n, n);
      for (let i = 0; i < n * n; i++) {
        const [r, g, b] = colour(i);
        image.data.set([r, g, b, 255], 4 * i);
      }
      context.putImageData(image, 0, 0);
    },

    mix: (a, b, t) => a.map((v, k) => v + (b[k] - v) * t),

    // The pixel of an n by n canvas under a pointer.
    cell(canvas, event, n) {
      const box = canvas.getBoundingClientRect();
      const at = (v, low, size) => Math.min(n - 1, Math.max(0, Math.floor(((v - low) / size) * n)));
      return at(event.clientY, box.top, box.height) * n + at(event.clientX, box.left, box.width);
    },

    // A frame of one pixel, over pixel i of n by n. By transform: what moves so shifts nothing else.
    place(mark, i, n) {
      mark.style.transform = `translate(${100 * (i % n)}%, ${100 * Math.floor(i / n)}%)`;
    },

    // Arrow keys move i over an n by n grid; any other key gives null.
    arrow(key, i, n) {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
      if (!step) return null;
      const clip = (v) => Math.min(n - 1, Math.max(0, v));
      return clip(Math.floor(i / n) + step[0]) * n + clip((i % n) + step[1]);
    },

    // This window's memory, a reload included. Where the browser forbids storing it ends when the page is left.
    remember(name, value) {
      try {
        sessionStorage.setItem(name, JSON.stringify(value));
      } catch {
        gml.forgetful = true;
      }
    },
    remembered(name) {
      try {
        return JSON.parse(sessionStorage.getItem(name));
      } catch {
        gml.forgetful = true;
        return null;
      }
    },
    forgetful: false, // storing is forbidden here

    // Whether the browser gives drawn pixels back as they are. Against fingerprinting some give noise instead.
    readable() {
      const paper = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
      const context = paper.getContext("2d", { willReadFrequently: true });
      const drawn = context.createImageData(16, 16);
      drawn.data.forEach((_, i) => (drawn.data[i] = i % 4 === 3 ? 255 : (37 * i) % 256));
      context.putImageData(drawn, 0, 0);
      return context.getImageData(0, 0, 16, 16).data.every((level, i) => level === drawn.data[i]);
    },

    // A photo from a file, made smaller: a JPEG as a data URI. Throws an Error with the sentence to show.
    async photo(file, longest) {
      const most = 40e6; // bytes
      if (file.size > most)
        throw Error(`This file has ${Math.round(file.size / 1e6)} MB: at most ${most / 1e6} are taken.`);
      if (!gml.readable()) throw Error(gml.UNREADABLE);
      let picture;
      try {
        picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      } catch {
        const start = await file.slice(4, 12).text();
        throw Error(
          /^ftyp(he[ivc]|mif1|msf1)/.test(start)
            ? "This is a HEIC photo, which this browser cannot read: save it as JPEG and take that. An iPhone takes JPEGs from the start with Settings, Camera, Formats, Most Compatible."
            : "This is no picture that can be read: take a JPEG, PNG or WebP photo.",
        );
      }
      const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
      const [width, height] = [picture.width, picture.height].map((n) => Math.max(1, Math.round(n * scale)));
      const paper = Object.assign(document.createElement("canvas"), { width, height });
      const context = paper.getContext("2d");
      context.fillStyle = "#fff";
      context.fillRect(0, 0, width, height);
      context.drawImage(picture, 0, 0, width, height);
      picture.close();
      return paper.toDataURL("image/jpeg", 0.92);
    },

    save(uri, name) {
      const a = Object.assign(document.createElement("a"), { href: uri, download: name });
      a.click();
    },

    // The levels, 0 to 255, of a picture that has come as a data URI, row by row; channels: 1 for grey, 3 for colour.
    // null where the browser gives no picture back.
    async levels(uri, channels = 1) {
      if (!gml.readable()) return null;
      const image = Object.assign(new Image(), { src: uri });
      await image.decode();
      const { width, height } = image;
      const paper = Object.assign(document.createElement("canvas"), { width, height });
      const context = paper.getContext("2d", { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      return context.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 < channels);
    },

    // A small canvas as a large PNG, its pixels crisp.
    savePicture(canvas, name) {
      const zoom = Math.ceil(560 / canvas.width),
        [width, height] = [zoom * canvas.width, zoom * canvas.height];
      const large = Object.assign(document.createElement("canvas"), { width, height });
      const context = large.getContext("2d");
      context.imageSmoothingEnabled = false;
      context.drawImage(canvas, 0, 0, width, height);
      gml.save(large.toDataURL("image/png"), name);
    },

    saveNumbers(numbers, name) {
      gml.save(URL.createObjectURL(new Blob([JSON.stringify(numbers)], { type: "application/json" })), name);
    },
  });

  const follow = () =>
    new MutationObserver(() => listeners.forEach((draw) => draw())).observe(document.body, {
      attributeFilter: ["class"],
    });
  document.body ? follow() : addEventListener("DOMContentLoaded", follow);
})();
