// data-union-confirm="question": asks before a risky button or form posts.
// Words come from the page (data-yes, data-no); without them the button's own words are used.

function ask(question, yes, no) {
  return new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    dialog.className = "up-ask";
    const text = document.createElement("p");
    text.textContent = question;
    const row = document.createElement("div");
    row.className = "up-actions";
    const go = document.createElement("button");
    go.className = "btn btn-risk";
    go.textContent = yes;
    const stop = document.createElement("button");
    stop.className = "btn";
    stop.textContent = no;
    stop.autofocus = true;
    row.append(go, stop);
    dialog.append(text, row);
    dialog.setAttribute("aria-label", question);
    document.body.append(dialog);
    const finish = (answer) => { dialog.remove(); resolve(answer); };
    go.addEventListener("click", () => finish(true));
    stop.addEventListener("click", () => finish(false));
    dialog.addEventListener("cancel", () => finish(false));
    dialog.showModal();
  });
}

export function confirmBeforeSubmit() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const asker = event.submitter?.closest("[data-union-confirm]") || form.closest("[data-union-confirm]");
    if (!asker || form.dataset.agreed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const words = document.body.dataset;
    const yes = (event.submitter?.textContent || "").trim() || words.yes;
    if (!(await ask(asker.dataset.unionConfirm, yes, words.no))) return;
    form.dataset.agreed = "yes";
    form.requestSubmit(event.submitter);
    delete form.dataset.agreed;
  }, true);
}
