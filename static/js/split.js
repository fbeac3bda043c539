// The further case of a split has a place of its own, picked as at intake; the map waits until its form is opened.
import { startPlace } from "./where.js";

const form = document.querySelector("[data-split]");
if (form.closest("dialog")) form.addEventListener("focusin", () => startPlace(form), { once: true });
else startPlace(form);
