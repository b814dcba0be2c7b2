// A record that this window keeps, and what the server has read from it. It asks as soon as somebody looks, and only then.
// element, trigger: the canvas's; sheet: its buttons; board: the id of what the answer fills; rounds(): those kept, as they
// are sent; full: the most that are kept, if there is a most; forget(): drop them all.
gml.record = ({ element, trigger, sheet, board, rounds, full, forget }) => {
  const find = (selector) => element.querySelector(selector);
  let sent = 0; // rounds that the server was asked about

  // The board waits unseen, so that nobody reads "nothing yet" above a record that is being read.
  const wait = (on) => (document.querySelector(board).style.visibility = on ? "hidden" : "");

  function look() {
    if (!element.isConnected) return removeEventListener("gml-address", look);
    const count = rounds().length;
    const words = [`${count || "No"} ${count === 1 ? "round" : "rounds"}`, count === full ? ", the last ones" : ""];
    if (gml.forgetful) words.push(". This browser keeps nothing: a reload forgets them");
    find(".count").textContent = words.join("");
    for (const button of sheet.querySelectorAll("button")) button.disabled = !count;
    // Asked of the view: on a slide these buttons are not seen.
    if (count === sent || element.closest("gradio-app").hidden) return;
    if (!sent) wait(true);
    sent = count;
    trigger("select");
  }

  sheet.rounds = () => JSON.stringify(rounds());
  sheet.counted = () => wait(false);
  find(".again").addEventListener("click", () => (forget(), look()));
  addEventListener("gml-address", look); // the shell says so when a view is shown
  look();
};
