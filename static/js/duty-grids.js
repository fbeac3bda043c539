// A street's duty grids on the map: a click takes a cell into the chosen grid, another gives it back. What is drawn
// stands in the lists of the form, which work by keyboard and without a map; the map only shows and changes them.
const form = document.getElementById("draw");
const element = document.getElementById("map");
const lists = new Map([...form.querySelectorAll("select[data-cell]")].map((list) => [list.dataset.cell, list]));
const grids = [...form.querySelectorAll('input[name="grid"]')].map((field) => field.value);
const COLOURS = 8;
const STREET_CODE_LENGTH = 9;
let ground = null;

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function chosen() {
  return form.querySelector('input[name="chosen"]:checked')?.value ?? "";
}

// The cells as they are drawn at this moment.
function drawn() {
  const features = ground.features.map((feature) => {
    const grid = lists.get(feature.properties.code)?.value ?? "";
    const number = grids.indexOf(grid);
    const properties = {
      code: feature.properties.code,
      short: grid ? grid.slice(STREET_CODE_LENGTH) : form.dataset.noGridWord,
      colour: number < 0 ? token("--surface") : token(`--grid-${number % COLOURS}`),
      isChosen: grid !== "" && grid === chosen(),
    };
    return { ...feature, properties };
  });
  return { type: "FeatureCollection", features };
}

function show(map) {
  if (!ground || !map.isStyleLoaded()) return;
  const source = map.getSource("duty");
  if (source) {
    source.setData(drawn());
    return;
  }
  map.addSource("duty", { type: "geojson", data: drawn() });
  const fill = { "fill-color": ["get", "colour"], "fill-opacity": ["case", ["get", "isChosen"], 0.75, 0.4] };
  map.addLayer({ id: "duty-cells", type: "fill", source: "duty", paint: fill });
  map.addLayer({ id: "duty-edges", type: "line", source: "duty", paint: { "line-color": token("--text-quiet"), "line-width": 0.6 } });
  map.addLayer({
    id: "duty-chosen", type: "line", source: "duty", filter: ["get", "isChosen"],
    paint: { "line-color": token("--accent"), "line-width": 2 },
  });
  map.addLayer({
    id: "duty-words", type: "symbol", source: "duty", minzoom: 14,
    layout: { "text-field": ["get", "short"], "text-font": ["Noto Sans CJK SC"], "text-size": 11 },
    paint: { "text-color": token("--text"), "text-halo-color": token("--surface"), "text-halo-width": 1.2 },
  });
  element.dataset.drawn = "1";
}

function take(code) {
  const list = lists.get(code);
  const wanted = chosen();
  if (!list || !wanted || form.dataset.isPlanned !== undefined) return;
  list.value = list.value === wanted && list.dataset.was !== wanted ? list.dataset.was : wanted;
  list.dispatchEvent(new Event("change", { bubbles: true }));
}

function start(map) {
  map.on("style.load", () => show(map));
  map.on("idle", () => element.dataset.drawn || show(map));
  map.on("click", "duty-cells", ({ features }) => take(features[0].properties.code));
  map.on("mouseenter", "duty-cells", () => (map.getCanvas().style.cursor = "pointer"));
  map.on("mouseleave", "duty-cells", () => (map.getCanvas().style.cursor = ""));
  form.addEventListener("change", () => show(map));
  fetch(form.dataset.cells).then((answer) => answer.json()).then((cells) => {
    ground = cells;
    show(map);
  });
}

start(element.cityMap);
