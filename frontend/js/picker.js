// data-union-picker: names of unions appear while one types (htmx brings them); arrows, Enter, Escape.
// The chosen id goes into the hidden field; typing on takes it back.

function parts(box) {
  return { text: box.querySelector("[role=combobox]"), id: box.querySelector("input[type=hidden]"), list: box.querySelector("[role=listbox]") };
}

function show(box, open) {
  const { text, list } = parts(box);
  list.hidden = !open;
  text.setAttribute("aria-expanded", String(open));
  if (!open) text.removeAttribute("aria-activedescendant");
}

function mark(box, option) {
  const { text, list } = parts(box);
  for (const one of list.querySelectorAll("[role=option]")) one.setAttribute("aria-selected", String(one === option));
  text.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function choose(box, option) {
  const { text, id } = parts(box);
  text.value = option.dataset.name;
  id.value = option.dataset.value;
  show(box, false);
}

function onKey(box, event) {
  const { list } = parts(box);
  const options = [...list.querySelectorAll("[role=option]")];
  const now = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.key === "Escape") show(box, false);
  if (list.hidden || !options.length) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    mark(box, options[(now + step + options.length) % options.length]);
  } else if (event.key === "Enter" && now >= 0) {
    event.preventDefault();
    choose(box, options[now]);
  }
}

export function unitPickers() {
  for (const box of document.querySelectorAll("[data-union-picker]")) {
    const { text, id, list } = parts(box);
    text.addEventListener("input", () => { id.value = ""; });
    text.addEventListener("keydown", (event) => onKey(box, event));
    text.addEventListener("blur", () => setTimeout(() => show(box, false), 150));
    list.addEventListener("mousedown", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) { event.preventDefault(); choose(box, option); }
    });
    list.addEventListener("htmx:afterSwap", () => show(box, list.children.length > 0));
  }
}
