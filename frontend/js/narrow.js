// Over a select with very many choices: a box to type a part of the name, which shortens the list.
const MANY = 30;

function fits(option, typed) {
  return !option.value || option.text.toLowerCase().includes(typed);
}

function narrow(select, options, typed) {
  const chosen = select.value;
  const left = options.filter((option) => fits(option, typed));
  select.replaceChildren(...left);
  const real = left.filter((option) => option.value);
  if (real.length === 1) select.value = real[0].value;
  else select.value = left.some((option) => option.value === chosen) ? chosen : "";
}

export function narrowSelects() {
  for (const select of document.querySelectorAll(".up-field select.form-select:not([multiple])")) {
    const options = [...select.options];
    const isFilter = Boolean(select.closest(".up-filters"));
    if (options.length <= MANY || isFilter || select.querySelector("optgroup")) continue;
    const box = document.createElement("input");
    box.type = "search";
    box.className = "form-control up-narrow-box";
    box.autocomplete = "off";
    box.placeholder = document.body.dataset.narrow || "";
    box.setAttribute("aria-label", box.placeholder);
    box.addEventListener("input", () => narrow(select, options, box.value.trim().toLowerCase()));
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
    select.before(box);
  }
}
