// models/gan2d.py in the page: two small nets, six losses, Adam. Numbers are doubles; batches are rows, one after the other.
gml.gan2d = (() => {
  const LEAK = 0.2,
    LIPSCHITZ = 10,
    [BETA_1, BETA_2] = [0.5, 0.99];
  const LOG_2 = Math.log(2);
  const sigmoid = (v) => 1 / (1 + Math.exp(-v));
  const softplus = (v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));

  // Chance that a seed repeats: mulberry32, and Box and Muller's normals from it.
  function dice(seed) {
    let state = seed | 0,
      spare = null;
    const uniform = () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
    const normal = () => {
      if (spare !== null) {
        const z = spare;
        spare = null;
        return z;
      }
      const [r, angle] = [Math.sqrt(-2 * Math.log(1 - uniform())), 2 * Math.PI * uniform()];
      spare = r * Math.sin(angle);
      return r * Math.cos(angle);
    };
    return { uniform, normal };
  }

  // Layers of leaky ReLU, the last one without. A layer's w is out x into, row by row.
  function makeNet(sizes, normal) {
    const zeros = (n) => new Float64Array(n);
    const layers = sizes.slice(1).map((out, k) => {
      const into = sizes[k],
        n = out * into;
      return {
        into,
        out,
        w: zeros(n).map(() => normal() * Math.sqrt(2 / (1.04 * into))),
        b: zeros(out),
        gw: zeros(n),
        gb: zeros(out),
        m: [zeros(n), zeros(out)],
        s: [zeros(n), zeros(out)],
      };
    });
    return { layers, steps: 0 };
  }

  // x times w's rows, and b: n x into -> n x out. Four rows at a time, which is twice as fast as one; n is a multiple of 4.
  function times(x, { w, b, into, out }, n) {
    const to = new Float64Array(n * out);
    for (let row = 0; row < n; row += 4) {
      const x0 = row * into,
        [x1, x2, x3] = [x0 + into, x0 + 2 * into, x0 + 3 * into];
      for (let o = 0, at = row * out, i = 0; o < out; o++, at++) {
        let [s0, s1, s2, s3] = [b[o], b[o], b[o], b[o]];
        for (let j = 0; j < into; j++, i++) {
          const v = w[i];
          s0 += v * x[x0 + j];
          s1 += v * x[x1 + j];
          s2 += v * x[x2 + j];
          s3 += v * x[x3 + j];
        }
        to[at] = s0;
        to[at + out] = s1;
        to[at + 2 * out] = s2;
        to[at + 3 * out] = s3;
      }
    }
    return to;
  }

  // The slopes d over what came out, n x out, times w: those over what went in, n x into.
  function timesBack(d, { w, into, out }, n) {
    const back = new Float64Array(n * into);
    for (let row = 0; row < n; row += 4) {
      const b0 = row * into,
        [b1, b2, b3] = [b0 + into, b0 + 2 * into, b0 + 3 * into];
      for (let o = 0, at = row * out, i = 0; o < out; o++, at++) {
        const [d0, d1, d2, d3] = [d[at], d[at + out], d[at + 2 * out], d[at + 3 * out]];
        for (let j = 0; j < into; j++, i++) {
          const v = w[i];
          back[b0 + j] += v * d0;
          back[b1 + j] += v * d1;
          back[b2 + j] += v * d2;
          back[b3 + j] += v * d3;
        }
      }
    }
    return back;
  }

  // Adds to the slopes over w: d over what came out, x what went in.
  function learn({ gw, into, out }, d, x, n) {
    for (let row = 0; row < n; row += 4) {
      const x0 = row * into,
        [x1, x2, x3] = [x0 + into, x0 + 2 * into, x0 + 3 * into];
      for (let o = 0, at = row * out, i = 0; o < out; o++, at++) {
        const [d0, d1, d2, d3] = [d[at], d[at + out], d[at + 2 * out], d[at + 3 * out]];
        for (let j = 0; j < into; j++, i++) gw[i] += d0 * x[x0 + j] + d1 * x[x1 + j] + d2 * x[x2 + j] + d3 * x[x3 + j];
      }
    }
  }

  // Leaky ReLU keeps signs, so its slope can be read off what it gave. Changes v.
  function bend(v, by = v) {
    for (let i = 0; i < v.length; i++) if (by[i] <= 0) v[i] *= LEAK;
    return v;
  }

  // What each layer takes in for n points, and at last what comes out.
  function forward({ layers }, x, n) {
    const held = [x];
    for (const layer of layers) {
      const to = times(held.at(-1), layer, n);
      held.push(layer === layers.at(-1) ? to : bend(to));
    }
    return held;
  }

  // From the slopes of the loss over what came out, n x out. -> those over all that forward held, in the same order.
  function backward({ layers }, held, slopes, n) {
    const over = [slopes];
    for (let k = layers.length - 1; k >= 0; k--) {
      const back = timesBack(over[0], layers[k], n);
      over.unshift(k ? bend(back, held[k]) : back);
    }
    return over;
  }

  // Backward, and the slopes over the weights are kept for the next step.
  function taught(net, held, slopes, n) {
    const over = backward(net, held, slopes, n);
    for (const [k, layer] of net.layers.entries()) {
      learn(layer, over[k + 1], held[k], n);
      for (let i = 0; i < over[k + 1].length; i++) layer.gb[i % layer.out] += over[k + 1][i];
    }
  }

  // A penalty on g = grad v, point by point: price(g_x, g_y) -> [what it costs, its slope over g_x, over g_y].
  // Leaky ReLU bends nowhere, so the slope over a layer's weights is what comes down times what goes up from that slope.
  function penalise(net, x, n, price) {
    const held = forward(net, x, n);
    const down = backward(net, held, new Float64Array(n).fill(1), n);
    let cost = 0,
      up = new Float64Array(2 * n);
    for (let row = 0; row < n; row++) {
      const [paid, ...slope] = price(down[0][2 * row], down[0][2 * row + 1]);
      cost += paid;
      up.set(slope, 2 * row);
    }
    for (const [k, layer] of net.layers.entries()) {
      learn(layer, down[k + 1], up, n);
      if (layer !== net.layers.at(-1))
        up = bend(times(up, { ...layer, b: new Float64Array(layer.out) }, n), held[k + 1]);
    }
    return cost;
  }

  // Kingma, Ba 2015: one step down, and the slopes are 0 again. -> their norm.
  function adam(net, rate) {
    net.steps++;
    const [c1, c2] = [1 - BETA_1 ** net.steps, 1 - BETA_2 ** net.steps];
    let square = 0;
    for (const layer of net.layers)
      for (const [k, [p, g]] of [
        [layer.w, layer.gw],
        [layer.b, layer.gb],
      ].entries()) {
        const [m, s] = [layer.m[k], layer.s[k]];
        for (let i = 0; i < p.length; i++) {
          square += g[i] * g[i];
          m[i] += (1 - BETA_1) * (g[i] - m[i]);
          s[i] += (1 - BETA_2) * (g[i] * g[i] - s[i]);
          p[i] -= ((rate / c1) * m[i]) / (Math.sqrt(s[i] / c2) + 1e-8);
          g[i] = 0;
        }
      }
    return Math.sqrt(square);
  }

  // The losses of one point: r and f are D's logits of a real and of a made one. D: [loss, slope over r, over f]; G: [loss, slope over f].
  const ofLogits = {
    D: (r, f) => [softplus(-r) + softplus(f), -sigmoid(-r), sigmoid(f)],
  };
  const GAME = {
    minimax: { ...ofLogits, G: (f) => [-softplus(f), -sigmoid(f)] },
    "non-saturating": { ...ofLogits, G: (f) => [softplus(-f), -sigmoid(-f)] },
    "least squares": {
      D: (r, f) => [((r - 1) ** 2 + f ** 2) / 2, r - 1, f],
      G: (f) => [(f - 1) ** 2 / 2, f - 1],
    },
    hinge: {
      D: (r, f) => [Math.max(0, 1 - r) + Math.max(0, 1 + f), r < 1 ? -1 : 0, f > -1 ? 1 : 0],
      G: (f) => [-f, -1],
    },
    Wasserstein: { D: (r, f) => [f - r, -1, 1], G: (f) => [-f, -1] },
    relativistic: {
      D: (r, f) => [softplus(f - r), -sigmoid(f - r), sigmoid(f - r)],
      G: (f, r) => [softplus(r - f), -sigmoid(r - f)],
    },
  };

  // Whether D's output is the logit of a chance, so that V can be said.
  const isLogit = (loss) => GAME[loss].D === ofLogits.D;

  // One step of D on a batch of data x and of what G made. u: where between the two, for Wasserstein. -> {loss, norm, V}.
  function stepD(D, { loss, gamma, rateD }, x, made, u) {
    const n = x.length / 2,
      game = GAME[loss];
    const [real, fake] = [forward(D, x, n), forward(D, made, n)];
    const [r, f] = [real.at(-1), fake.at(-1)];
    const slopes = [new Float64Array(n), new Float64Array(n)];
    let total = 0,
      V = 0;
    for (let i = 0; i < n; i++) {
      const [paid, overR, overF] = game.D(r[i], f[i]);
      total += paid / n;
      V -= (softplus(-r[i]) + softplus(f[i])) / n;
      slopes[0][i] = overR / n;
      slopes[1][i] = overF / n;
    }
    taught(D, real, slopes[0], n);
    taught(D, fake, slopes[1], n);
    if (loss === "Wasserstein") {
      const between = x.map((v, i) => u[i >> 1] * v + (1 - u[i >> 1]) * made[i]);
      total += penalise(D, between, n, (a, b) => {
        const length = Math.hypot(a, b) || 1e-12,
          slope = (2 * LIPSCHITZ * (length - 1)) / length / n;
        return [(LIPSCHITZ * (length - 1) ** 2) / n, slope * a, slope * b];
      });
    }
    if (gamma)
      for (const points of [x, made])
        total += penalise(D, points, n, (a, b) => [
          (gamma * (a * a + b * b)) / 2 / n,
          (gamma * a) / n,
          (gamma * b) / n,
        ]);
    return { loss: total, V, norm: adam(D, rateD) };
  }

  // The slopes of G's loss over what it made: against them the points are drawn. x: data, for the relativistic loss.
  function pull(D, loss, made, x) {
    const n = made.length / 2,
      fake = forward(D, made, n),
      r = loss === "relativistic" ? forward(D, x, n).at(-1) : null;
    let total = 0;
    const slopes = fake.at(-1).map((f, i) => {
      const [paid, slope] = GAME[loss].G(f, r?.[i]);
      total += paid / n;
      return slope / n;
    });
    return { loss: total, over: backward(D, fake, slopes, n)[0] };
  }

  // One step of G from noise z. -> {loss, norm}.
  function stepG(G, D, { loss, rateG }, z, x) {
    const n = z.length / 2,
      held = forward(G, z, n);
    const pulled = pull(D, loss, held.at(-1), x);
    taught(G, held, pulled.over, n);
    return { loss: pulled.loss, norm: adam(G, rateG) };
  }

  // A mixture of equal round Gaussians at `centres`, flat [x, y, ...], and the noise of a game with it.
  function source(centres, deviation, { uniform, normal }) {
    const count = centres.length / 2;
    const noise = (n) => new Float64Array(2 * n).map(normal);
    const data = (n) => {
      const points = new Float64Array(2 * n);
      for (let i = 0; i < n; i++) {
        const k = 2 * Math.floor(uniform() * count);
        points[2 * i] = centres[k] + deviation * normal();
        points[2 * i + 1] = centres[k + 1] + deviation * normal();
      }
      return points;
    };
    return { noise, data, between: (n) => new Float64Array(n).map(uniform) };
  }

  // As models/gan2d.py counts: modes with a point within three deviations, and the share of points so near to any.
  function count(points, centres, deviation) {
    const hit = new Set();
    let near = 0;
    for (let i = 0; i < points.length; i += 2) {
      let least = Infinity,
        which = 0;
      for (let k = 0; k < centres.length; k += 2) {
        const far = (points[i] - centres[k]) ** 2 + (points[i + 1] - centres[k + 1]) ** 2;
        if (far < least) [least, which] = [far, k];
      }
      if (least < 9 * deviation ** 2) {
        near++;
        hit.add(which);
      }
    }
    return { modes: hit.size, quality: (2 * near) / points.length };
  }

  return { LOG_2, sigmoid, dice, makeNet, forward, isLogit, stepD, stepG, pull, source, count };
})();
