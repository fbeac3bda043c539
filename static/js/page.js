// What every page has: keys, menus, notes, forms, htmx's token.
import { startKeys } from "./keys.js";
import { startForms } from "./forms.js";

const token = document.querySelector('meta[name="csrf-token"]')?.content;

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = token;
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  event.target.closest("[data-dismiss]")?.parentElement.remove();
  if (event.target.closest("[data-go-back]")) history.back();
});

for (const compare of document.querySelectorAll("[data-compare]")) {
  const range = compare.querySelector("input");
  range.addEventListener("input", () => compare.style.setProperty("--cut", `${range.value}%`));
}

startKeys(document);
startForms(document);
