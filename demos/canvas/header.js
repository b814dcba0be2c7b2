const button = element.querySelector(".copy-link");
const status = element.querySelector("[role=status]");

button.addEventListener("click", async () => {
  // The address follows the knobs a third of a second behind: wait for it.
  await new Promise((done) => setTimeout(done, 350));
  try {
    await navigator.clipboard.writeText(location.href);
  } catch {
    // Plain HTTP in a classroom has no clipboard: select the text of a field instead.
    const field = Object.assign(document.createElement("input"), { value: location.href });
    element.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  button.textContent = status.textContent = "Link copied";
  setTimeout(() => (button.textContent = "Copy link"), 1500);
});
