// Where a new component stands, or one that has moved: picked as at intake.
import { startPlace } from "./where.js";

const form = document.querySelector("[data-correction]");
if (form.hasAttribute("data-place")) startPlace(form);
