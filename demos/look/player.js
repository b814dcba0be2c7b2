// What a canvas shows at moment k, from 0 to the last one: play and pause, step, scrub.
// play, step, scrub: its controls, step may be missing; last(): the last moment now; pace(): moments a second;
// draw(k, by): by is "play", "step" or "scrub" when a person moved it; onEnd(asked): it has played to the end by itself.
gml.player = ({ element, play, step, scrub, last, pace, draw, onEnd = () => {} }) => {
  let k = 0,
    turn = 0, // counts the times it was set going or stopped, so that only the newest run goes on
    playing = false;

  function go(to, by = null) {
    k = Math.min(last(), Math.max(0, to));
    scrub.max = last();
    scrub.value = k;
    draw(k, by);
  }

  // asked: by a person, and not by the picture that has just come.
  function run(on, asked = false) {
    const mine = ++turn;
    playing = on;
    play.textContent = on ? "Pause" : "Play";
    if (!on) return;
    go(k < last() ? k : 0, asked ? "play" : null);
    let before = performance.now(),
      due = 0;
    requestAnimationFrame(function frame(now) {
      if (mine !== turn || !element.isConnected) return;
      // A view that is not looked at waits; after a pause of the browser's own nothing is skipped.
      if (element.offsetParent !== null) due += (Math.min(100, Math.max(0, now - before)) / 1000) * pace();
      before = now;
      if (due >= 1) go(k + Math.floor(due), asked ? "play" : null);
      due %= 1;
      if (k < last()) return requestAnimationFrame(frame);
      run(false);
      onEnd(asked);
    });
  }

  const stopped = (to, by) => (run(false), go(to, by));
  play.addEventListener("click", () => run(!playing, true));
  step?.addEventListener("click", () => stopped(k < last() ? k + 1 : 0, "step"));
  scrub.addEventListener("input", () => stopped(Number(scrub.value), "scrub"));
  return {
    go: (to) => stopped(to, null),
    run,
    again: () => draw(k, null),
    get at() {
      return k;
    },
    get playing() {
      return playing;
    },
  };
};
