// .up-table, .up-scroll: what scrolls sideways can be reached and scrolled with the keyboard.

function update(box) {
  const scrolls = box.scrollWidth > box.clientWidth;
  if (scrolls && !box.querySelector("a, button, input, select")) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}

export function reachScrollers() {
  const watch = new ResizeObserver((entries) => entries.forEach((entry) => update(entry.target)));
  document.querySelectorAll(".up-table, .up-scroll").forEach((box) => watch.observe(box));
}
