// Fingers: a swipe that begins on a slider scrolls the page. Only a slider's thumb can be taken hold of (base.css);
// a tap beside it still sets it.
addEventListener("click", (event) => {
  if (!matchMedia("(pointer: coarse)").matches) return;
  const slider = event.target.querySelector?.(":scope > input[type=range]");
  if (!slider || slider.disabled) return;
  const box = slider.getBoundingClientRect();
  const at = (event.clientX - box.left) / box.width;
  if (at < 0 || at > 1 || Math.abs(event.clientY - box.top - box.height / 2) > 22) return;
  const [low, high] = [Number(slider.min), Number(slider.max)];
  slider.value = low + at * (high - low); // the browser moves it to the nearest step
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  slider.dispatchEvent(new Event("change", { bubbles: true }));
});
