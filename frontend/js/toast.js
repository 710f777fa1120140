// data-union-close: takes a toast away when the reader has read it.

export function closeToasts() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-union-close]");
    if (button) button.closest(".up-toast").remove();
  });
}
