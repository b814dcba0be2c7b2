// A plane to look at and to draw on, from -EDGE to EDGE both ways; points are flat, [x, y, x, y, ...].
gml.surface = (() => {
  const EDGE = 3;

  function surface(paper) {
    let g = null,
      side = 0;
    const to = (x) => ((x + EDGE) / (2 * EDGE)) * side,
      up = (y) => side - to(y);

    // A clean sheet, as fine as the screen. -> whether there is one: in a view that is not looked at there is none.
    function clear() {
      const scale = devicePixelRatio || 1;
      const wanted = Math.round(paper.clientWidth * scale);
      if (!wanted) return false;
      if (paper.width !== wanted) paper.width = paper.height = wanted;
      side = wanted;
      g = paper.getContext("2d");
      g.globalAlpha = 1;
      g.fillStyle = gml.colour(paper, "--card");
      g.fillRect(0, 0, side, side);
      return true;
    }

    // n x n cells, row 0 at y = -EDGE: colour(i) -> [r, g, b].
    function field(n, colour) {
      const small = (field.paper ??= document.createElement("canvas"));
      small.width = small.height = n;
      gml.paint(small, n, (i) => colour((n - 1 - Math.floor(i / n)) * n + (i % n)));
      g.imageSmoothingEnabled = true;
      g.drawImage(small, 0, 0, side, side);
    }

    function points(all, colour, size, alpha = 1) {
      const r = Math.max(1.2, (size * side) / 600);
      g.fillStyle = colour;
      g.globalAlpha = alpha;
      g.beginPath();
      for (let i = 0; i < all.length; i += 2) {
        const [x, y] = [to(all[i]), up(all[i + 1])];
        g.moveTo(x + r, y);
        g.arc(x, y, r, 0, 7);
      }
      g.fill();
      g.globalAlpha = 1;
    }

    // Lines through points: each a flat list.
    function lines(all, colour, width, alpha = 1) {
      g.strokeStyle = colour;
      g.globalAlpha = alpha;
      g.lineWidth = Math.max(1, (width * side) / 600);
      g.beginPath();
      for (const line of all)
        for (let i = 0; i < line.length; i += 2)
          i ? g.lineTo(to(line[i]), up(line[i + 1])) : g.moveTo(to(line[i]), up(line[i + 1]));
      g.stroke();
      g.globalAlpha = 1;
    }

    // An arrow from each point: `by` says where to, scaled so that a typical one has `length`.
    function arrows(all, by, colour, length = 0.35, width = 1.6) {
      const far = Array.from({ length: all.length / 2 }, (_, i) => Math.hypot(by[2 * i], by[2 * i + 1])).sort(
        (a, b) => a - b,
      );
      const scale = length / (far[Math.floor(0.8 * far.length)] || 1);
      const drawn = [];
      for (let i = 0; i < all.length; i += 2) {
        let [dx, dy] = [by[i] * scale, by[i + 1] * scale];
        const size = Math.hypot(dx, dy);
        if (!(size > 0.02)) continue;
        const most = Math.min(1, (2 * length) / size);
        [dx, dy] = [dx * most, dy * most];
        const [x, y] = [all[i] + dx, all[i + 1] + dy];
        drawn.push(
          [all[i], all[i + 1], x, y],
          [
            x - 0.3 * dx + 0.18 * dy,
            y - 0.3 * dy - 0.18 * dx,
            x,
            y,
            x - 0.3 * dx - 0.18 * dy,
            y - 0.3 * dy + 0.18 * dx,
          ],
        );
      }
      lines(drawn, colour, width);
    }

    // Where a pointer is, [x, y].
    function under(event) {
      const box = paper.getBoundingClientRect();
      return [
        ((event.clientX - box.left) / box.width - 0.5) * 2 * EDGE,
        (0.5 - (event.clientY - box.top) / box.height) * 2 * EDGE,
      ];
    }

    return { paper, clear, field, points, lines, arrows, under };
  }

  // A drawing in an address: four digits a point, its column and row of 61 from -REACH to REACH; MOST points at most.
  const REACH = 2.4,
    MOST = 50,
    APART = 0.2; // of a stroke's points

  function written(points) {
    const place = (v) => Math.min(60, Math.max(0, Math.round((v / REACH + 1) * 30)));
    return points.map((v) => String(place(v)).padStart(2, "0")).join("");
  }

  // What is no drawing is an empty one.
  function read(text) {
    const places = (text ?? "").match(/\d\d/g) ?? [];
    const fine = /^(\d{4}){0,50}$/.test(text ?? "") && places.every((two) => Number(two) <= 60);
    return fine ? places.map((two) => (Number(two) / 30 - 1) * REACH) : [];
  }

  // Strokes, or arrow keys and Enter, put points on a surface. may(): whether one draws now; changed(points, done).
  function drawing(paper, place, { may, changed }) {
    let points = [],
      last = null,
      cross = [0, 0];
    function put([x, y]) {
      const inside = Math.max(Math.abs(x), Math.abs(y)) <= REACH;
      if (!inside || points.length >= 2 * MOST) return;
      points.push(x, y);
      last = [x, y];
      changed(points, false);
    }
    paper.addEventListener("pointerdown", (event) => {
      if (!may()) return;
      paper.setPointerCapture(event.pointerId);
      put(place.under(event));
    });
    paper.addEventListener("pointermove", (event) => {
      if (!last || !may()) return;
      const here = place.under(event);
      if (Math.hypot(here[0] - last[0], here[1] - last[1]) > APART) put(here);
    });
    for (const end of ["pointerup", "pointercancel"])
      paper.addEventListener(end, () => {
        if (last) changed(points, true);
        last = null;
      });
    paper.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-0.24, 0], ArrowRight: [0.24, 0], ArrowUp: [0, 0.24], ArrowDown: [0, -0.24] }[
        event.key
      ];
      if (!may() || (!step && event.key !== "Enter")) return;
      event.preventDefault();
      if (step) cross = cross.map((v, k) => Math.min(REACH, Math.max(-REACH, v + step[k])));
      else {
        put(cross);
        last = null;
      }
      changed(points, !step);
    });
    return {
      get points() {
        return points;
      },
      get text() {
        return written(points);
      },
      // What an address says. -> whether it is another drawing.
      take(text) {
        const other = text !== written(points);
        if (other) points = read(text);
        return other;
      },
      // A pen where one draws, and a finger that does not scroll.
      hold() {
        paper.style.touchAction = may() ? "none" : "";
        paper.classList.toggle("pen", may());
      },
      get cross() {
        return document.activeElement === paper && paper.matches(":focus-visible") && may() ? cross : null;
      },
    };
  }

  return { EDGE, surface, drawing };
})();
