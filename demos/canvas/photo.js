// A photo of one's own. It is made smaller here, and goes to the server as text: never as an upload, never to a disk.
const find = (selector) => element.querySelector(selector);
const agreed = find("[type=checkbox]"),
  button = find("button"),
  file = find("[type=file]"),
  tip = find(".tip");
const LARGEST = 1024,
  BYTES = 40e6;

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
  if (chosen.size > BYTES)
    return say(`This file has ${Math.round(chosen.size / 1e6)} MB: at most ${BYTES / 1e6} are taken.`);
  if (!gml.readable()) return say(gml.UNREADABLE);
  let picture;
  try {
    picture = await createImageBitmap(chosen, { imageOrientation: "from-image" });
  } catch {
    return say("This is no picture that can be read: take a JPEG, PNG or WebP photo.");
  }
  const scale = Math.min(1, LARGEST / Math.max(picture.width, picture.height));
  const paper = document.createElement("canvas");
  paper.width = Math.max(1, Math.round(picture.width * scale));
  paper.height = Math.max(1, Math.round(picture.height * scale));
  const context = paper.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, paper.width, paper.height);
  context.drawImage(picture, 0, 0, paper.width, paper.height);
  picture.close();
  say("");
  props.value = paper.toDataURL("image/jpeg", 0.92);
  trigger("input");
});
