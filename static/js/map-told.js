// The map's side says what is under a click, or in the middle of the map when Enter is pressed there: the cases, else the
// component, the land left open, the cell, the duty grid, the area.
import { CHOSEN, chosenFilter } from "./map-style.js";

const NEAR_PX = 6;
const MOST_CASES = 12;
const LEVELS = ["community", "street", "district"];

export function tellBeside(map, element) {
  const side = document.getElementById(element.dataset.panel);
  const day = element.dataset.on ? `?on=${encodeURIComponent(element.dataset.on)}` : "";
  let asked = 0;

  async function tell(address) {
    const turn = ++asked;
    let told = side.dataset.lostWord;
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      // Who has to sign in again is sent to that page: it is not for the panel.
      if (answer.redirected) return location.reload();
      if (turn !== asked) return;
      if (answer.status === 404) told = side.dataset.goneWord;
      else if (answer.ok) {
        const page = await answer.text();
        if (turn !== asked) return;
        side.innerHTML = page;
        side.scrollTop = 0;
        outline(address);
        return;
      }
    } catch {
      if (turn !== asked) return;
    }
    side.replaceChildren(told);
  }

  // What is told of is outlined.
  function outline(address) {
    const [, path, code] = address.match(/^\/map\/(cells|duty-grids|areas)\/(\w[^?]*)/) ?? [];
    element.chosen = path ? { kind: path.replace("-", "_"), code: decodeURIComponent(code) } : null;
    for (const [each, layer] of Object.entries(CHOSEN)) map.setFilter(layer, chosenFilter(each, element.chosen));
  }

  function under(where, ...layers) {
    return map.queryRenderedFeatures(where, { layers: layers.filter((layer) => map.getLayer(layer)) });
  }

  function nearest(features, point) {
    const far = ({ geometry }) => map.project(geometry.coordinates).dist(point);
    return features.reduce((best, each) => (best && far(best) <= far(each) ? best : each), undefined);
  }

  // The address that tells what lies at a point of the screen.
  function addressAt(point) {
    const around = [[point.x - NEAR_PX, point.y - NEAR_PX], [point.x + NEAR_PX, point.y + NEAR_PX]];
    const cases = under(around, "cases");
    if (cases.length) {
      const numbers = new Set(cases.map(({ properties }) => `number=${encodeURIComponent(properties.number)}`));
      return `/map/cases?${[...numbers].slice(0, MOST_CASES).join("&")}`;
    }
    const component = nearest(under(around, "components", "components-afar"), point);
    if (component) return `/map/components/${component.properties.code}`;
    const [open] = under(point, "open-land");
    if (open) {
      const { tier, code } = open.properties;
      return `/map/open-land?${new URLSearchParams({ tier, code, at: element.dataset.coverageAt })}`;
    }
    const [cell] = under(point, "cells-ground");
    const [grid] = under(point, "duty-grid-ground");
    const areas = under(point, "areas-ground");
    const rank = ({ properties }) => LEVELS.indexOf(properties.level);
    const [area] = areas.sort((one, other) => rank(one) - rank(other));
    const [path, found] = [["cells", cell], ["duty-grids", grid], ["areas", area]].find(([, each]) => each) ?? [];
    return found ? `/map/${path}/${encodeURIComponent(found.properties.code)}${day}` : null;
  }

  map.on("click", ({ point }) => {
    const address = addressAt(point);
    if (address) tell(address);
  });
  map.getCanvas().addEventListener("keydown", async ({ key }) => {
    const address = key === "Enter" && addressAt(map.project(map.getCenter()));
    if (!address) return;
    await tell(address);
    side.focus();
  });
  side.addEventListener("keydown", ({ key }) => key === "Escape" && map.getCanvas().focus());
  side.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-tells]");
    if (!link) return;
    event.preventDefault();
    await tell(link.getAttribute("href"));
    side.focus();
  });
  for (const layer of ["cases", "components", "components-afar"]) {
    map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  }
}
