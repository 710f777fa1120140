// data-union-keep="name" on a form: what was typed survives a reload or a lost connection, in this tab only.
// Fields with data-union-keep-not (identity numbers, codes), passwords and files are never kept.
// data-union-offline inside the form: shown while there is no signal. The form is sent again by itself
// when the signal is back; the request number in the form makes a second arrival harmless.

const prefix = "union-keep:";
const refused = new Set(["password", "file", "hidden", "submit", "button"]);

function keepable(form) {
  return [...form.elements].filter(
    (field) => field.name && !refused.has(field.type) && !field.hasAttribute("data-union-keep-not"),
  );
}

function read(form) {
  return keepable(form).map((field) => [
    field.name, field.value, field.type === "checkbox" || field.type === "radio" ? field.checked : null,
  ]);
}

function restore(form, saved) {
  for (const [name, value, checked] of saved) {
    for (const field of keepable(form).filter((one) => one.name === name)) {
      if (checked === null) {
        if (!field.value) field.value = value;
      } else if (field.value === value) field.checked = checked;
    }
  }
}

function guard(form) {
  const key = prefix + form.dataset.unionKeep;
  const notice = form.querySelector("[data-union-offline]");
  const answered = form.querySelector("[data-union-errors]") !== null;
  const saved = sessionStorage.getItem(key);
  if (saved && !answered) restore(form, JSON.parse(saved));
  form.addEventListener("input", () => sessionStorage.setItem(key, JSON.stringify(read(form))));

  let waiting = null;
  const show = (offline) => { if (notice) notice.hidden = !offline; };
  form.addEventListener("submit", (event) => {
    if (navigator.onLine) { show(false); return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting = event.submitter;
    form.dataset.waiting = "yes";
    show(true);
  }, true);
  window.addEventListener("online", () => {
    show(false);
    if (!form.dataset.waiting) return;
    delete form.dataset.waiting;
    form.requestSubmit(waiting);
  });
}

export function keepTyped() {
  document.querySelectorAll("form[data-union-keep]").forEach(guard);
  // The page that thanks for the form names it here: nothing of it stays in the browser.
  for (const done of document.querySelectorAll("[data-union-kept]")) {
    sessionStorage.removeItem(prefix + done.dataset.unionKept);
  }
}
