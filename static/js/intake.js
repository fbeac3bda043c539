// The intake desk: a picked point says its cell at once, a class says its limit at once.

const form = document.querySelector("[data-intake]");
const map = document.querySelector("[data-map][data-pick]");
const answer = document.getElementById("where-answer");
let asked = 0;
// The level of the area the place lies in: a condition may have a limit for each.
let areaLevel = null;

function fieldOf(name) {
  return document.getElementById(name);
}

function sayWhere(lines, isWrong) {
  answer.classList.toggle("is-wrong", isWrong);
  answer.replaceChildren(...lines.filter(Boolean).map((line) => {
    const row = document.createElement("div");
    row.textContent = line;
    return row;
  }));
}

function placeLines(found) {
  const names = ["district", "street", "community"].map((level) => found[level]?.name).filter(Boolean);
  return [names.join(" · "), found.cell ? `${answer.dataset.cellWord} ${found.cell.code}` : null, found.duty_grid?.name];
}

async function locate() {
  const lon = fieldOf("lon").value;
  const lat = fieldOf("lat").value;
  if (!lon || !lat) return;
  const turn = ++asked;
  let response;
  let found;
  try {
    response = await fetch(`${form.dataset.locateUrl}?${new URLSearchParams({ lon, lat })}`, { headers: { Accept: "application/json" } });
    found = await response.json();
  } catch {
    if (turn === asked) sayWhere([answer.dataset.lostWord], true);
    return;
  }
  if (turn !== asked) return;
  areaLevel = (response.ok && found.cell?.area_level) || null;
  showLimit();
  if (!response.ok) {
    sayWhere([found.detail ?? found.title], true);
  } else if (!found.cell) {
    sayWhere([answer.dataset.outsideWord], false);
  } else {
    sayWhere(placeLines(found), false);
  }
  map?.dispatchEvent(new CustomEvent("cell", { detail: found.cell?.code ?? "" }));
  if (response.ok) document.dispatchEvent(new CustomEvent("located"));
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

let waiting;
async function findPlaces() {
  const list = document.getElementById("place-list");
  const words = fieldOf("address").value.trim();
  if (words.length < 2 || !form.dataset.placesUrl) return (list.hidden = true);
  let items;
  try {
    const response = await fetch(`${form.dataset.placesUrl}?${new URLSearchParams({ q: words })}`, { headers: { Accept: "application/json" } });
    ({ items } = response.ok ? await response.json() : { items: [] });
  } catch {
    // The names are a help only: without them the address is typed out.
    items = [];
  }
  list.replaceChildren(...items.map((place) => {
    const item = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = place.name;
    const under = document.createElement("span");
    under.className = "under";
    under.textContent = place.address ?? "";
    item.append(name, under);
    item.addEventListener("mousedown", (event) => {
      event.preventDefault();
      choosePlace(place);
    });
    return item;
  }));
  list.hidden = items.length === 0;
  mark(items.length ? 0 : -1);
}

function mark(index) {
  [...document.getElementById("place-list").children].forEach((item, i) => item.setAttribute("aria-selected", String(i === index)));
}

function choosePlace(place) {
  fieldOf("address").value = place.name;
  document.getElementById("place-list").hidden = true;
  map?.dispatchEvent(new CustomEvent("goto", { detail: place }));
}

function placeKeys(event) {
  const list = document.getElementById("place-list");
  if (list.hidden) return;
  const items = [...list.children];
  const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    mark((at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length);
  } else if (event.key === "Enter") {
    event.preventDefault();
    items[at]?.dispatchEvent(new MouseEvent("mousedown", { cancelable: true }));
  } else if (event.key === "Escape") {
    event.stopPropagation();
    list.hidden = true;
  }
}

// The tablet's own place; the map goes there and the fields are filled as by a tap.
function takeHere(event) {
  const button = event.currentTarget;
  navigator.geolocation?.getCurrentPosition(
    ({ coords }) => map?.dispatchEvent(new CustomEvent("goto", { detail: { lon: coords.longitude, lat: coords.latitude } })),
    () => sayWhere([button.dataset.hereWrong], true),
    { enableHighAccuracy: true, timeout: 10000 },
  );
}

document.querySelector("[data-here]")?.addEventListener("click", takeHere);
document.addEventListener("mappick", locate);
for (const name of ["lon", "lat"]) fieldOf(name).addEventListener("change", locate);
fieldOf("class_code").addEventListener("change", () => {
  showConditions();
  takeOnlyCondition();
  if (fieldOf("lon").value && fieldOf("lat").value) document.dispatchEvent(new CustomEvent("located"));
});
fieldOf("condition").addEventListener("change", showLimit);
fieldOf("address").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(findPlaces, 150);
});
fieldOf("address").addEventListener("keydown", placeKeys);
fieldOf("address").addEventListener("blur", () => (document.getElementById("place-list").hidden = true));
showConditions();
locate();
