// A photo of one's own. It is made smaller here, and goes to the server as text: never as an upload, never to a disk.
const find = (selector) => element.querySelector(selector);
const agreed = find("[type=checkbox]"),
  button = find("button"),
  file = find("[type=file]"),
  tip = find(".tip");
const LARGEST = 1024;

function say(text) {
  tip.textContent = text;
  tip.hidden = !text;
}

agreed.addEventListener("change", () => (button.disabled = !agreed.checked));
button.addEventListener("click", () => file.click());
file.addEventListener("change", async () => {
  const chosen = file.files[0];
  file.value = ""; // the same file can be chosen again
  if (!chosen || !agreed.checked) return;
  try {
    props.value = await gml.photo(chosen, LARGEST);
  } catch (error) {
    return say(error.message);
  }
  say("");
  trigger("input");
});
