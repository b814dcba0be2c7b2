// models/flow2d.py in the page: the right velocity from noise to data, solvers, reflow. Points are flat: x, y, x, y, ...
gml.flow2d = (() => {
  // a, b and their derivatives at t: x_t = a x_1 + b x_0.
  const PATHS = {
    straight: (t) => [t, 1 - t, 1, -1],
    "variance preserving": (t) => {
      const turn = Math.PI / 2,
        [a, b] = [Math.sin(turn * t), Math.cos(turn * t)];
      return [a, b, turn * b, -turn * a];
    },
  };

  const NOTHING = 32; // e^-32 of the nearest is nothing

  // sum_k w_k(x) (to_k + pull (x - middle_k)) for each x. to, middles: n points.
  function weighed(x, middles, V, to, pull) {
    const out = new Float64Array(x.length),
      far = new Float64Array(middles.length / 2);
    for (let i = 0; i < x.length; i += 2) {
      const [u, v] = [x[i], x[i + 1]];
      let least = Infinity;
      for (let k = 0, j = 0; j < middles.length; k++, j += 2) {
        const dx = u - middles[j],
          dy = v - middles[j + 1];
        far[k] = dx * dx + dy * dy;
        if (far[k] < least) least = far[k];
      }
      const edge = least + 2 * V * NOTHING;
      let sum = 0,
        right = 0,
        up = 0;
      for (let k = 0, j = 0; j < middles.length; k++, j += 2) {
        if (far[k] > edge) continue;
        const w = Math.exp((least - far[k]) / (2 * V));
        sum += w;
        right += w * (to[j] + pull * (u - middles[j]));
        up += w * (to[j + 1] + pull * (v - middles[j + 1]));
      }
      out[i] = right / sum;
      out[i + 1] = up / sum;
    }
    return out;
  }

  // The same w_k at one place.
  function shares([u, v], middles, V) {
    const far = Array.from({ length: middles.length / 2 }, (_, k) =>
      Math.hypot(u - middles[2 * k], v - middles[2 * k + 1]),
    );
    const least = Math.min(...far),
      w = far.map((d) => Math.exp((least * least - d * d) / (2 * V))),
      sum = w.reduce((total, one) => total + one, 0);
    return w.map((one) => one / sum);
  }

  // The marginal velocity if the data are round Gaussians: (x, t) -> a velocity at each x.
  // Its .goal(place, t) says where what passes there ends: {ends, w}, how likely each.
  function ofData(centres, s, path) {
    const middles = (a) => centres.map((c) => a * c),
      variance = (a, b) => b * b + (a * s) ** 2;
    const velocity = (x, t) => {
      const [a, b, a_, b_] = PATHS[path](t),
        V = variance(a, b);
      return weighed(x, middles(a), V, middles(a_), (b * b_ + a * a_ * s * s) / V);
    };
    velocity.goal = (at, t) => {
      const [a, b] = PATHS[path](t);
      return { ends: centres, w: shares(at, middles(a), variance(a, b)) };
    };
    return velocity;
  }

  // That of straight lines from starts to ends, each blurred by h.
  function ofPairs(starts, ends, h) {
    const way = ends.map((end, j) => end - starts[j]),
      middles = (t) => starts.map((start, j) => start + t * way[j]);
    const velocity = (x, t) => weighed(x, middles(t), h * h, way, 0);
    velocity.goal = (at, t) => ({ ends, w: shares(at, middles(t), h * h) });
    return velocity;
  }

  const moved = (x, dt, v) => x.map((at, i) => at + dt * v[i]);
  const SOLVERS = {
    Euler: (v, x, t, dt) => moved(x, dt, v(x, t)),
    Midpoint: (v, x, t, dt) => moved(x, dt, v(moved(x, dt / 2, v(x, t)), t + dt / 2)),
    Heun(v, x, t, dt) {
      const first = v(x, t),
        second = v(moved(x, dt, first), t + dt);
      return moved(
        x,
        dt / 2,
        first.map((a, i) => a + second[i]),
      );
    },
    "Runge-Kutta"(v, x, t, dt) {
      const k1 = v(x, t),
        k2 = v(moved(x, dt / 2, k1), t + dt / 2),
        k3 = v(moved(x, dt / 2, k2), t + dt / 2),
        k4 = v(moved(x, dt, k3), t + dt);
      return moved(
        x,
        dt / 6,
        k1.map((a, i) => a + 2 * k2[i] + 2 * k3[i] + k4[i]),
      );
    },
  };

  // All states, x first.
  function flow(v, x, solver, steps) {
    const states = [x];
    for (let k = 0; k < steps; k++) states.push(SOLVERS[solver](v, states[k], k / steps, 1 / steps));
    return states;
  }

  const reflow = (v, starts, h, steps) => ofPairs(starts, flow(v, starts, "Runge-Kutta", steps).at(-1), h);

  // The mean distance between the same points in two places.
  function apart(a, b) {
    let sum = 0;
    for (let i = 0; i < a.length; i += 2) sum += Math.hypot(a[i] - b[i], a[i + 1] - b[i + 1]);
    return (2 * sum) / a.length;
  }

  // By how much the ways through these states are longer than straight ones: 1 is straight.
  function detour(states) {
    let length = 0;
    for (let k = 1; k < states.length; k++) length += apart(states[k], states[k - 1]);
    return length / (apart(states[0], states.at(-1)) || 1);
  }

  return { PATHS, ofData, ofPairs, flow, reflow, apart, detour };
})();
