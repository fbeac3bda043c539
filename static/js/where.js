// Where something is: picked on the map, by a name from the list, or as coordinates. Its cell is said at once.
// A form with `data-place` (the id prefix of its fields and of its map's `data-pick`) is given to startPlace.

function placeLines(found, cellWord) {
  const names = ["district", "street", "community"].map((level) => found[level]?.name).filter(Boolean);
  return [names.join(" · "), found.cell ? `${cellWord} ${found.cell.code}` : null, found.duty_grid?.name];
}

function rowFor(place, choose) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.textContent = place.name;
  const under = document.createElement("span");
  under.className = "under";
  under.textContent = [place.within, place.note].filter(Boolean).join(" · ");
  item.append(name, under);
  item.addEventListener("mousedown", (event) => {
    event.preventDefault();
    choose(place);
  });
  return item;
}

// The places that what is typed as the address may mean; of equals the nearest to the picked point comes first.
function offerNames(address, list, picked, choose) {
  let waiting;
  let asked = 0;

  // What is still on its way is not shown any more.
  function close() {
    clearTimeout(waiting);
    asked++;
    list.hidden = true;
  }

  function mark(index) {
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === index)));
  }

  function take(place) {
    close();
    address.value = place.name;
    choose(place);
  }

  async function find() {
    const words = address.value.trim();
    const turn = ++asked;
    if (!words) return (list.hidden = true);
    let items;
    try {
      const asks = new URLSearchParams({ q: words.slice(0, 100), ...picked() });
      const response = await fetch(`${list.dataset.addressesUrl}?${asks}`, { headers: { Accept: "application/json" } });
      ({ items } = response.ok ? await response.json() : { items: [] });
    } catch {
      // The names are a help only: without them the address is typed out.
      items = [];
    }
    if (turn !== asked) return;
    list.replaceChildren(...items.map((place) => rowFor(place, take)));
    list.hidden = items.length === 0;
    mark(items.length ? 0 : -1);
  }

  function keys(event) {
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
      // Escape would close the small form around it too.
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  }

  address.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, 150);
  });
  address.addEventListener("keydown", keys);
  address.addEventListener("blur", close);
}

// `told` is called with what is known of each place that was picked, or null where that could not be told.
export function startPlace(form, told = () => {}) {
  const prefix = form.dataset.place;
  const [address, lon, lat, answer, list] = ["address", "lon", "lat", "where-answer", "place-list"]
    .map((name) => document.getElementById(`${prefix}${name}`));
  const map = document.querySelector(`[data-map][data-pick="${prefix}"]`);
  let asked = 0;
  // The address that a click filled in: another click may put its own there, but what a person typed stays.
  let filledIn = "";

  // Nothing while it is half typed.
  function picked() {
    const isPoint = [lon, lat].every((field) => field.value && !Number.isNaN(Number(field.value)));
    return isPoint ? { lon: lon.value, lat: lat.value } : {};
  }

  function fillIn(words) {
    if (words && (!address.value || address.value === filledIn)) address.value = filledIn = words;
  }

  function say(lines, isWrong) {
    answer.classList.toggle("is-wrong", isWrong);
    answer.replaceChildren(...lines.filter(Boolean).map((line) => {
      const row = document.createElement("div");
      row.textContent = line;
      return row;
    }));
  }

  async function locate() {
    if (!lon.value || !lat.value) return;
    const turn = ++asked;
    let response;
    let found;
    try {
      const point = new URLSearchParams({ lon: lon.value, lat: lat.value });
      response = await fetch(`${answer.dataset.locateUrl}?${point}`, { headers: { Accept: "application/json" } });
      found = await response.json();
    } catch {
      if (turn === asked) say([answer.dataset.lostWord], true);
      return;
    }
    if (turn !== asked) return;
    if (!response.ok) {
      say([found.detail ?? found.title], true);
    } else if (!found.cell) {
      say([answer.dataset.outsideWord], false);
    } else {
      say(placeLines(found, answer.dataset.cellWord), false);
    }
    fillIn(found.near?.text);
    map?.dispatchEvent(new CustomEvent("cell", { detail: found.cell?.code ?? "" }));
    told(response.ok ? found : null);
  }

  function goTo(place) {
    map?.dispatchEvent(new CustomEvent("goto", { detail: place }));
  }

  // The tablet's own place; the map goes there and the fields are filled as by a tap.
  function takeHere({ currentTarget: button }) {
    navigator.geolocation?.getCurrentPosition(
      ({ coords }) => goTo({ lon: coords.longitude, lat: coords.latitude }),
      () => say([button.dataset.hereWrong], true),
      { enableHighAccuracy: true, timeout: 10000 },
    );
  }

  offerNames(address, list, picked, goTo);
  form.querySelector("[data-here]")?.addEventListener("click", takeHere);
  map?.addEventListener("mappick", locate);
  for (const field of [lon, lat]) field.addEventListener("change", locate);
  locate();
}
