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

export function bulkBars() {
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
