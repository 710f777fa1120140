// data-union-errors: the error summary takes focus, and its links put the cursor into the field.

export function focusErrors(root = document) {
  const summary = root.querySelector("[data-union-errors]");
  if (summary) summary.focus();
}

export function followErrorLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-union-errors] a[href^='#']");
    if (!link) return;
    const field = document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    const label = field.closest(".up-field") || field;
    label.scrollIntoView({ block: "start" });
    const control = field.matches("input, select, textarea") ? field : field.querySelector("input, select, textarea");
    (control || field).focus({ preventScroll: true });
  });
}
