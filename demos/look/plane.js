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
    g.font = `600 ${Math.round(Math.max(17 * scale, width / 22))}px ${gml.colour(element, "--serif")}`;
    g.textAlign = "center";
    g.textBaseline = "middle";
    g.lineWidth = 5 * scale;
    g.lineJoin = "round";
    for (let digit = 0; digit < 10; digit++) {
      const mine = dots.filter((dot) => dot.digit === digit);
      const middle = (name) => mine.map((dot) => dot[name]).sort((a, b) => a - b)[mine.length >> 1];
      const [x, y] = [middle("u") * width, (1 - middle("v")) * width];
      g.strokeStyle = gml.colour(element, "--card");
      g.strokeText(digit, x, y);
      g.fillStyle = gml.colour(element, "--ink");
      g.fillText(digit, x, y);
    }
  }

  return { toMap, toZ, dots, look, draw };
};
