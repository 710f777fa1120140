// What htmx needs from the page: the CSRF token on its posts, and focus on an error summary it brings.
import { focusErrors } from "./errors.js";

export function helpHtmx() {
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector("input[name=csrfmiddlewaretoken]");
    if (token) event.detail.headers["X-CSRFToken"] = token.value;
  });
  document.addEventListener("htmx:afterSwap", (event) => focusErrors(event.detail.target));
}
