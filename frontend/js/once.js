// data-union-once: a form is sent once; the button says so until the answer comes.
// The server is idempotent by itself; this only spares people the doubt.

export function submitOnce() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.hasAttribute("data-union-once")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
    const button = event.submitter;
    // After the form data is collected, or the button's own name and value would be lost.
    if (button) setTimeout(() => { button.disabled = true; });
  });
  // Coming back with the browser's back button: the page must be usable again.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
      form.removeAttribute("aria-busy");
      for (const button of form.querySelectorAll("button[disabled]")) button.disabled = false;
    }
  });
}
