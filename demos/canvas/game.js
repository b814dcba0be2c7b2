// A GAN in two dimensions on its way: the nets of gan2d.js, the data, what was counted, and how it all looks.
gml.game = (() => {
  const { sigmoid, dice, makeNet, forward, isLogit, stepD, stepG, pull, source, count } = gml.gan2d;
  const { EDGE } = gml.surface;
  const SHOWN = 400, // made points to be seen: the same noise all the time
    COUNTED = 2000,
    CELLS = 64, // the densities' cells, each way
    GROUND = 48, // cells of D's, each way
    FAINT = -5.7, // of a cell's share of both, as a power of ten
    BLUR = 0.12; // what both densities are blurred by before they are compared

  // knobs: {data, loss, rateD, rateG, k, gamma, width, batch, seed}; data: {centres, deviation}.
  function makeGame(knobs) {
    const chance = dice(knobs.seed),
      { centres, deviation } = knobs.data;
    const play = source(centres, deviation, chance);
    const G = makeNet([2, knobs.width, knobs.width, 2], chance.normal),
      D = makeNet([2, knobs.width, knobs.width, 1], chance.normal);
    const other = source(centres, deviation, dice(knobs.seed + 10_007)); // looking takes nothing from the game's own chance
    const seen = { z: other.noise(SHOWN), x: other.data(SHOWN) },
      counted = { z: other.noise(COUNTED), x: other.data(COUNTED) };
    const truth = density(centres, Math.hypot(deviation, BLUR));
    const game = { knobs, G, D, steps: 0, last: {}, seen, curves: [], truth };

    game.noise = () => play.noise(knobs.batch);
    game.data = () => play.data(knobs.batch);
    game.draw = (z) => forward(G, z, z.length / 2).at(-1);
    game.between = () => (game.knobs.loss === "Wasserstein" ? play.between(knobs.batch) : null);
    game.beside = () => (game.knobs.loss === "relativistic" ? game.data() : null); // what G is compared with
    game.updateD = (x, z, u = game.between()) => (game.last.D = stepD(D, game.knobs, x, game.draw(z), u));
    game.updateG = (z, x = game.beside()) => {
      game.steps++;
      return (game.last.G = stepG(G, D, game.knobs, z, x));
    };
    // Algorithm 1, one iteration: noise first, then data.
    game.teachD = () => {
      const z = game.noise();
      return game.updateD(game.data(), z);
    };
    game.step = () => {
      for (let i = 0; i < game.knobs.k; i++) game.teachD();
      return game.updateG(game.noise());
    };

    // Modes, quality, and the distance between the two blurred densities; floor: that of as many real points.
    game.sample = () => game.draw(counted.z);
    game.measure = () => {
      const made = game.sample();
      game.made = density(made, BLUR);
      return { ...count(made, centres, deviation), JSD: jsd(truth, game.made) };
    };
    game.floor = jsd(truth, density(counted.x, BLUR));
    game.broken = () => {
      const numbers = [game.last.D?.loss, game.last.G?.loss, game.last.D?.norm, game.last.G?.norm];
      return (
        numbers.some((v) => v !== undefined && !(Math.abs(v) < 1e9)) ||
        game.draw(seen.z).some((v) => !(Math.abs(v) < 1e6))
      );
    };
    game.measure();
    return game;
  }

  // The share of an equal mixture of round Gaussians that falls into each cell, row 0 at y = -EDGE.
  function density(points, deviation) {
    const share = new Float64Array(CELLS * CELLS),
      cell = (2 * EDGE) / CELLS,
      reach = Math.ceil((4 * deviation) / cell),
      n = points.length / 2,
      weight = cell ** 2 / (2 * Math.PI * deviation ** 2 * n);
    const across = new Float64Array(2 * reach + 1);
    for (let k = 0; k < n; k++) {
      const [i, j] = [points[2 * k + 1], points[2 * k]].map((v) => Math.floor((v + EDGE) / cell));
      const bell = (at, v) => Math.exp(-0.5 * (((at + 0.5) * cell - EDGE - v) / deviation) ** 2);
      for (let c = -reach; c <= reach; c++) across[c + reach] = bell(j + c, points[2 * k]);
      for (let r = Math.max(0, i - reach); r <= Math.min(CELLS - 1, i + reach); r++) {
        const down = weight * bell(r, points[2 * k + 1]);
        for (let c = Math.max(0, j - reach); c <= Math.min(CELLS - 1, j + reach); c++)
          share[r * CELLS + c] += down * across[c - j + reach];
      }
    }
    return share;
  }

  // Jensen and Shannon's distance in nats. What lies outside of the plane is one cell more.
  function jsd(p, q) {
    const sum = (a) => a.reduce((s, v) => s + v, 0);
    const part = (a, b) => (a > 0 ? 0.5 * a * Math.log((2 * a) / (a + b)) : 0);
    const outside = [Math.max(0, 1 - sum(p)), Math.max(0, 1 - sum(q))];
    let total = part(...outside) + part(outside[1], outside[0]);
    for (let i = 0; i < p.length; i++) total += part(p[i], q[i]) + part(q[i], p[i]);
    return Math.max(0, total);
  }

  // What D says in each cell of n x n, 0 to 1. Where the loss makes no logit of it: as far from its middle as it goes.
  function verdicts(game, n) {
    const at = new Float64Array(2 * n * n);
    for (let i = 0; i < n * n; i++) {
      at[2 * i] = (((i % n) + 0.5) / n - 0.5) * 2 * EDGE;
      at[2 * i + 1] = ((Math.floor(i / n) + 0.5) / n - 0.5) * 2 * EDGE;
    }
    const v = forward(game.D, at, n * n).at(-1);
    if (isLogit(game.knobs.loss)) return v.map(sigmoid);
    const mean = v.reduce((s, a) => s + a, 0) / v.length,
      spread = Math.sqrt(v.reduce((s, a) => s + (a - mean) ** 2, 0) / v.length) || 1;
    return v.map((a) => sigmoid((1.5 * (a - mean)) / spread));
  }

  // The plane: D or D*, real and made points, G's grid, and where each made point is pulled to.
  function show(place, game, { field, pulls, mesh, faint = false }, data = game.seen.x) {
    if (!place.clear()) return;
    const [ink, card, fam] = ["--ink", "--card", "--fam"].map((name) => gml.rgb(place.paper, name));
    const made = game.draw(game.seen.z);
    // Real is ink, made is the family's colour, undecided is the card.
    const shade = (share) => gml.mix(card, share > 0.5 ? ink : fam, 0.55 * Math.abs(2 * share - 1));
    if (field === "D") {
      const said = verdicts(game, GROUND);
      place.field(GROUND, (i) => shade(said[i]));
    } else if (field === "D*")
      place.field(CELLS, (i) => {
        // Where there is next to nothing of either, the best D is of no use: it fades away.
        const [p, q] = [game.truth[i], game.made[i]],
          there = Math.min(1, Math.max(0, (Math.log10(p + q) - FAINT) / 1.5));
        return shade(there ? 0.5 + there * (p / (p + q) - 0.5) : 0.5);
      });
    if (mesh) {
      const line = Array.from({ length: 41 }, (_, i) => -2 + i / 10);
      const grid = Array.from({ length: 13 }, (_, k) => -2 + k / 3).flatMap((a) => [
        line.flatMap((b) => [a, b]).concat(a, 2, a, 2, a, 2),
        line.flatMap((b) => [b, a]).concat(2, a, 2, a, 2, a),
      ]);
      place.lines(
        grid.map((z) => game.draw(Float64Array.from(z))),
        gml.colour(place.paper, "--fam"),
        1.2,
        0.7,
      );
    }
    place.points(data, gml.colour(place.paper, "--ink"), 2.6, 0.75);
    place.points(made, gml.colour(place.paper, "--fam"), faint ? 2 : 3, faint ? 0.35 : 1);
    if (pulls) {
      const some = made.slice(0, 128);
      const { over } = pull(game.D, game.knobs.loss, some, game.seen.x.slice(0, 128));
      place.arrows(
        some,
        over.map((v) => -v),
        gml.colour(place.paper, "--fam"),
      );
    }
  }

  // Calls go(seconds since the last one) in each frame in which the surface is looked at; no pause counts as more than .1.
  function frames(element, go) {
    let before = 0;
    requestAnimationFrame(function frame(now) {
      if (!element.isConnected) return;
      requestAnimationFrame(frame);
      const passed = Math.min(100, now - before) / 1000;
      before = now;
      if (element.offsetParent !== null && !document.hidden) go(passed);
    });
  }

  const RAN_AWAY = "The numbers ran away: a learning rate is too high. Lower it, then start again.";

  return { makeGame, show, frames, RAN_AWAY };
})();
