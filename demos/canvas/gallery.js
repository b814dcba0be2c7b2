// Faces to choose from. value: a sheet with props.count faces in a row. A click adds a face to the kind that is marked,
// or takes it out again; the oldest gives way.
const find = (selector) => element.querySelector(selector),
  kinds = [...element.querySelectorAll(".kinds button")];
const { count, most } = props,
  place = find(".faces-24");
let box = 0,
  pick = 0;
element.dataset.box = "";

const faces = Array.from({ length: count }, (_, k) => {
  const face = document.createElement("button");
  face.type = "button";
  face.setAttribute("aria-label", `Face ${k}`);
  face.innerHTML = `<span>${k}</span>`;
  face.addEventListener("click", () => {
    pick = k;
    trigger("select");
  });
  place.append(face);
  return face;
});

kinds.forEach((button, k) =>
  button.addEventListener("click", () => {
    box = k;
    kinds.forEach((other, j) => other.setAttribute("aria-checked", j === k));
  }),
);

// The page asks: what do the three boxes hold after this click?
element.choose = (texts) =>
  texts.map((text, k) => {
    if (k !== box) return text;
    const held = text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => /^\d+$/.test(part))
      .map(Number);
    const rest = held.filter((seed) => seed !== pick);
    if (rest.length < held.length && rest.length) return rest.join(", ");
    return [...rest, pick].slice(-most).join(", ");
  });

function read() {
  faces.forEach((face, k) => {
    face.style.backgroundImage = props.value ? `url(${props.value})` : "";
    face.style.backgroundPosition = `${(100 * k) / (count - 1)}% 0`;
    face.style.backgroundSize = `${100 * count}% 100%`;
  });
}
watch("value", read);
read();
if (gml.restoring(element)) trigger("apply");
