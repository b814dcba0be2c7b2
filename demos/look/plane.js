// Points of a plane moved as little as it takes until no two are nearer than `least`, all from low to high.
gml.apart = (points, least, low, high) => {
  const clip = (t) => Math.min(high, Math.max(low, t));
  const placed = points.map((at) => at.map(clip));
  for (let round = 0; round < 80; round++)
    for (const [k, a] of placed.entries())
      for (const b of placed.slice(0, k)) {
        const [x, y] = [a[0] - b[0], a[1] - b[1]],
          far = Math.hypot(x, y);
        if (far >= least) continue;
        const [right, down] = far ? [x / far, y / far] : [1, 0],
          step = (least - far) / 2;
        [a[0], a[1], b[0], b[1]] = [
          a[0] + step * right,
          a[1] + step * down,
          b[0] - step * right,
          b[1] - step * down,
        ].map(clip);
      }
  return placed;
};

// Two dimensions of z as a map on which equal areas are equally likely under the prior, and a sheet of what they decode to.
// phi[k] is where z = -edge + k * step stands on the map, 0 to 1; straight lines in between. The sheet has side x side pictures.
gml.plane = ({ side, edge, phi }) => {
  const N = 28,
    step = (2 * edge) / (phi.length - 1);

  const toMap = (v) => {
    const k = Math.min(phi.length - 2, Math.max(0, Math.floor((v + edge) / step)));
    return Math.min(1, Math.max(0, phi[k] + ((v + edge) / step - k) * (phi[k + 1] - phi[k])));
  };
  const toZ = (u) => {
    let k = phi.findIndex((v) => v > u) - 1;
    if (k < 0) k = u <= 0 ? 0 : phi.length - 2;
    return -edge + step * (k + (u - phi[k]) / (phi[k + 1] - phi[k]));
  };

  // Test digits: their two coordinates in 65536 steps each, then their names; base64.
  function dots(text) {
    const raw = gml.bytes(text),
      count = raw.length / 5,
      xy = new Uint16Array(raw.buffer, 0, 2 * count);
    return Array.from({ length: count }, (_, k) => {
      const [u, v] = [xy[2 * k] / 65535, xy[2 * k + 1] / 65535];
      return { u, v, z: [toZ(u), toZ(v)], digit: raw[4 * count + k] };
    });
  }

  // What the sheet says at a point of the map, 0 to 255: between four of its pictures, their mixture.
  function look(sheet, [u, v]) {
    const x = u * (side - 1),
      y = (1 - v) * (side - 1);
    const j = Math.min(side - 2, Math.floor(x)),
      i = Math.min(side - 2, Math.floor(y)),
      width = side * N;
    const out = new Float32Array(N * N),
      fx = x - j,
      fy = y - i;
    for (let k = 0; k < N * N; k++) {
      const from = (i * N + Math.floor(k / N)) * width + j * N + (k % N);
      const above = sheet[from] * (1 - fx) + sheet[from + N] * fx;
      const below = sheet[from + N * width] * (1 - fx) + sheet[from + N * width + N] * fx;
      out[k] = above * (1 - fy) + below * fy;
    }
    return out;
  }

  function draw(element, map, dots) {
    const dark = document.body.classList.contains("dark"),
      scale = devicePixelRatio || 1;
    const width = (map.width = map.height = Math.round(map.clientWidth * scale)),
      g = map.getContext("2d");
    if (!width) return;
    g.fillStyle = gml.colour(element, "--card");
    g.fillRect(0, 0, width, width);
    g.strokeStyle = gml.colour(element, "--line");
    g.lineWidth = scale;
    for (const v of [-2, -1, 0, 1, 2]) {
      const t = Math.round(toMap(v) * width) + 0.5;
      g.strokeRect(t, -9, 0, width + 18);
      g.strokeRect(-9, width - t, width + 18, 0);
    }
    for (const { u, v, digit } of dots) {
      g.fillStyle = `oklch(${dark ? 0.76 : 0.6} 0.15 ${36 * digit + 20} / 0.7)`;
      g.beginPath();
      g.arc(u * width, (1 - v) * width, Math.max(2 * scale, width / 240), 0, 7);
      g.fill();
    }
    // Names stand on the clusters; a legend would have to be looked up.
    const size = Math.round(Math.max(17 * scale, width / 22));
    g.font = `600 ${size}px ${gml.colour(element, "--serif")}`;
    g.textAlign = "center";
    g.textBaseline = "middle";
    g.lineWidth = 5 * scale;
    g.lineJoin = "round";
    const middles = Array.from({ length: 10 }, (_, digit) => {
      const mine = dots.filter((dot) => dot.digit === digit);
      const middle = (name) => mine.map((dot) => dot[name]).sort((a, b) => a - b)[mine.length >> 1];
      return [middle("u") * width, (1 - middle("v")) * width];
    });
    for (const [digit, [x, y]] of gml.apart(middles, 0.95 * size, 0.6 * size, width - 0.6 * size).entries()) {
      g.strokeStyle = gml.colour(element, "--card");
      g.strokeText(digit, x, y);
      g.fillStyle = gml.colour(element, "--ink");
      g.fillText(digit, x, y);
    }
  }

  return { toMap, toZ, dots, look, draw };
};

// The point of a map under a finger, or moved by arrow keys. at() is where it stands, [u, v]; move(u, v) takes it elsewhere;
// rest(far) says that it stays there, far: whether it went a way. Returns {dragging}: whether a finger has it now.
gml.pointing = (map, { at, move, rest }) => {
  const KEYS = 81;
  const finger = { dragging: false };
  let travelled = 0,
    resting = null;

  function go(...to) {
    const [u, v] = to.map((t) => Math.min(1, Math.max(0, t))),
      before = at();
    travelled += Math.hypot(u - before[0], v - before[1]);
    move(u, v);
  }
  const under = (event) => {
    const box = map.getBoundingClientRect();
    go((event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height);
  };
  const end = () => {
    clearTimeout(resting);
    rest(travelled > 0.3);
  };
  map.addEventListener("pointerdown", (event) => {
    map.setPointerCapture(event.pointerId);
    finger.dragging = true;
    under(event);
    travelled = 0; // a jump is no walk
  });
  map.addEventListener("pointermove", (event) => finger.dragging && under(event));
  for (const name of ["pointerup", "pointercancel"])
    map.addEventListener(name, () => {
      if (!finger.dragging) return;
      finger.dragging = false;
      end();
    });
  map.addEventListener("keydown", (event) => {
    const [u, v] = at();
    const cell = Math.round((1 - v) * (KEYS - 1)) * KEYS + Math.round(u * (KEYS - 1));
    const next = gml.arrow(event.key, cell, KEYS);
    if (next === null) return;
    event.preventDefault();
    go((next % KEYS) / (KEYS - 1), 1 - Math.floor(next / KEYS) / (KEYS - 1));
    clearTimeout(resting);
    resting = setTimeout(end, 250);
  });
  return finger;
};

// What moves to the left and to the right on a drawing: grasp(event) is what a pointer took hold of, {at, move(value)}; span
// is what the drawing's width is worth. A finger that scrolls the page goes a little to the side, and moves nothing.
gml.sliding = (map, span, grasp) => {
  let held = null;
  map.addEventListener("pointerdown", (event) => {
    map.setPointerCapture(event.pointerId);
    held = { ...grasp(event), x: event.clientX, moves: false };
  });
  map.addEventListener("pointermove", (event) => {
    if (!held) return;
    const right = event.clientX - held.x;
    held.moves ||= Math.abs(right) > 8;
    if (held.moves) held.move(held.at + (right / map.getBoundingClientRect().width) * span);
  });
  for (const end of ["pointerup", "pointercancel"]) map.addEventListener(end, () => (held = null));
};

// The arrow keys of a slider that is drawn: turn(1) or turn(-1).
gml.turning = (part, turn) =>
  part.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    turn(by);
  });
