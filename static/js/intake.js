// The intake desk: a picked place may set the limit and shows what is open there, a class says its limit at once.
import { startPlace } from "./where.js";

const form = document.querySelector("[data-intake]");
// The level of the area the place lies in: a condition may have a limit for each.
let areaLevel = null;

function fieldOf(name) {
  return document.getElementById(name);
}

function showConditions() {
  const chosen = fieldOf("class_code").value;
  const condition = fieldOf("condition");
  const fitting = [...condition.options].filter((option) => !option.value || option.dataset.for === chosen);
  for (const option of condition.options) option.hidden = option.disabled = !fitting.includes(option);
  if (!fitting.includes(condition.selectedOptions[0])) condition.value = (fitting.find((option) => option.value) ?? fitting[0])?.value ?? "";
  showLimit();
}

// A class with one condition leaves nothing to choose.
function takeOnlyCondition() {
  const fitting = [...fieldOf("condition").options].filter((option) => option.value && !option.hidden);
  if (fitting.length !== 1) return;
  fieldOf("condition").value = fitting[0].value;
  showLimit();
}

function limitOf(option) {
  return option?.getAttribute(`data-limit-${areaLevel}`) ?? option?.dataset.limit;
}

// Without a condition yet: the limits the class may have.
function showLimit() {
  const condition = fieldOf("condition");
  const limit = document.getElementById("limit-answer");
  const possible = [...condition.options].filter((option) => !option.hidden).map(limitOf).filter(Boolean);
  limit.textContent = limitOf(condition.selectedOptions[0]) ?? ([...new Set(possible)].join(" / ") || limit.dataset.none);
}

// No button that sends: Enter in a field would press the first one of the form.
document.getElementById("near")?.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-same-as]");
  if (!pressed) return;
  fieldOf("same_as").value = pressed.dataset.sameAs;
  form.requestSubmit();
});

fieldOf("class_code").addEventListener("change", () => {
  showConditions();
  takeOnlyCondition();
  if (fieldOf("lon").value && fieldOf("lat").value) document.dispatchEvent(new CustomEvent("located"));
});
fieldOf("condition").addEventListener("change", showLimit);
showConditions();
startPlace(form, (found) => {
  areaLevel = found?.cell?.area_level || null;
  showLimit();
  if (found) document.dispatchEvent(new CustomEvent("located"));
});
