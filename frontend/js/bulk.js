// data-union-bulk on the bar of a list: appears with the first picked row and counts them.
// data-union-pick-all on the head's checkbox picks the whole page.

function picks(bar) {
  return [...document.querySelectorAll(`input[type=checkbox][form="${bar.id}"]:not([data-union-pick-all])`)];
}

function refresh(bar) {
  const all = picks(bar);
  const on = all.filter((box) => box.checked).length;
  bar.hidden = on === 0;
  for (const out of bar.querySelectorAll("[data-count]")) out.textContent = on;
  const head = document.querySelector(`[data-union-pick-all][form="${bar.id}"]`);
  if (!head) return;
  head.checked = on > 0 && on === all.length;
  head.indeterminate = on > 0 && on < all.length;
}

// data-union-picked="<id of a form>": how many rows are picked for it, shown once there are some.
function pickedWords() {
  for (const words of document.querySelectorAll("[data-union-picked]")) {
    const form = { id: words.dataset.unionPicked };
    const show = () => {
      const on = picks(form).filter((box) => box.checked).length;
      words.hidden = on === 0;
      words.querySelector("[data-count]").textContent = on;
    };
    document.addEventListener("change", () => queueMicrotask(show));
    show();
  }
}

export function bulkBars() {
  pickedWords();
  for (const bar of document.querySelectorAll("form[data-union-bulk]")) {
    document.addEventListener("change", (event) => {
      if (event.target.getAttribute?.("form") !== bar.id) return;
      if (event.target.hasAttribute("data-union-pick-all")) {
        for (const box of picks(bar)) box.checked = event.target.checked;
      }
      refresh(bar);
    });
    refresh(bar);
  }
}
