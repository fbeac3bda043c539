// How the map looks: pale ground, hairlines, shapes with a meaning. No glyph server: without a "glyphs" address
// MapLibre draws every label from the reader's own fonts.

const FONT = ["Noto Sans CJK SC"];
const LIGHTS = ["on_time", "near", "over", "paused", "closed"];
const SHAPES = { on_time: "disc", near: "half", over: "triangle", paused: "bars", closed: "tick" };
const COMPONENT_SHAPES = { "01": "square", "02": "diamond", "03": "ring", "04": "drop", "05": "cross" };
const ICON_PX = 40;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function palette() {
  const drawn = ["ground", "land", "cell", "community", "duty", "street", "district", "component", "halo"];
  return {
    ...Object.fromEntries(drawn.map((name) => [name, colour(`map-${name}`)])),
    text: colour("text"),
    quiet: colour("text-quiet"),
    accent: colour("accent"),
    open: colour("near-mark"),
    lights: Object.fromEntries(LIGHTS.map((light) => [light, colour(`${light.replace("_", "-")}-mark`)])),
  };
}

const DRAW = {
  disc: (c) => c.arc(20, 20, 13, 0, 7),
  square: (c) => c.rect(12, 12, 16, 16),
  ring: (c) => c.arc(20, 20, 9, 0, 7),
  diamond: (c) => { c.moveTo(20, 9); c.lineTo(31, 20); c.lineTo(20, 31); c.lineTo(9, 20); c.closePath(); },
  drop: (c) => { c.moveTo(20, 8); c.lineTo(30, 29); c.lineTo(10, 29); c.closePath(); },
  triangle: (c) => { c.moveTo(20, 5); c.lineTo(36, 33); c.lineTo(4, 33); c.closePath(); },
  cross: (c) => { c.rect(17, 10, 6, 20); c.rect(10, 17, 20, 6); },
};

function drawLight(context, shape, fill) {
  context.fillStyle = fill;
  context.strokeStyle = "#ffffff";
  context.lineWidth = 3;
  context.beginPath();
  DRAW[shape === "triangle" ? "triangle" : "disc"](context);
  context.stroke();
  context.fill();
  context.fillStyle = context.strokeStyle;
  context.beginPath();
  if (shape === "half") context.arc(20, 20, 8, Math.PI / 2, -Math.PI / 2);
  if (shape === "bars") { context.rect(14, 13, 4, 14); context.rect(22, 13, 4, 14); }
  if (shape === "triangle") { context.rect(18.5, 16, 3, 8); context.rect(18.5, 26, 3, 3); }
  context.fill();
  if (shape === "tick") { context.beginPath(); context.moveTo(14, 20); context.lineTo(18.5, 25); context.lineTo(26.5, 15); context.stroke(); }
}

// An icon of the style, drawn when MapLibre first asks for it: "light-over", "component-02".
export function drawIcon(id) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = ICON_PX;
  const context = canvas.getContext("2d");
  const colours = palette();
  const [kind, key] = id.split(/-(.+)/);
  if (kind === "light") drawLight(context, SHAPES[key] ?? "disc", colours.lights[key] ?? colours.quiet);
  else {
    context.beginPath();
    DRAW[COMPONENT_SHAPES[key] ?? "cross"](context);
    context.strokeStyle = colours.component;
    context.fillStyle = colours.halo;
    context.lineWidth = 3;
    context.fill();
    context.stroke();
  }
  return context.getImageData(0, 0, ICON_PX, ICON_PX);
}

function line(id, source, sourceLayer, minzoom, filter, paint) {
  return { id, type: "line", source, "source-layer": sourceLayer, minzoom, ...(filter && { filter }), paint };
}

function label(id, source, sourceLayer, zooms, filter, field, size, colours, heavy = false) {
  return {
    id, type: "symbol", source, "source-layer": sourceLayer, ...zooms, ...(filter && { filter }),
    layout: { "text-field": field, "text-font": FONT, "text-size": size, "text-padding": 6 },
    paint: { "text-color": heavy ? colours.text : colours.quiet, "text-halo-color": colours.halo, "text-halo-width": 1.4 },
  };
}

// What can be pointed at has a ground of its own, that is not seen.
function unseenGround(id, sourceLayer, minzoom) {
  return { id, type: "fill", source: "grid", "source-layer": sourceLayer, minzoom, paint: { "fill-opacity": 0 } };
}

function communityLayers(c) {
  const community = ["==", ["get", "level"], "community"];
  const width = ["interpolate", ["linear"], ["zoom"], 12, 0.8, 16, 1.6];
  return [
    unseenGround("areas-ground", "areas", 0),
    line("areas-community", "grid", "areas", 12, community, { "line-color": c.community, "line-width": width }),
  ];
}

function areaLayers(c) {
  const level = (name) => ["==", ["get", "level"], name];
  return [
    line("areas-street", "grid", "areas", 9, level("street"), { "line-color": c.street, "line-width": ["interpolate", ["linear"], ["zoom"], 10, 0.8, 16, 2] }),
    line("areas-district", "grid", "areas", 0, level("district"), { "line-color": c.district, "line-width": ["interpolate", ["linear"], ["zoom"], 9, 1.4, 16, 3] }),
  ];
}

function landLayer(c) {
  const district = ["==", ["get", "level"], "district"];
  return { id: "land", type: "fill", source: "grid", "source-layer": "areas", filter: district, paint: { "fill-color": c.land } };
}

function cellLayers(c) {
  return [
    unseenGround("cells-ground", "cells", 15),
    line("cells", "grid", "cells", 15, null, { "line-color": c.cell, "line-width": 0.8 }),
  ];
}

function dutyLayers(c) {
  const width = ["interpolate", ["linear"], ["zoom"], 14, 1.6, 17, 3];
  return [
    unseenGround("duty-grid-ground", "duty_grids", 14),
    line("duty-grid-edge", "grid", "duty_grids", 14, null, { "line-color": c.duty, "line-width": width }),
  ];
}

// What was pointed at is outlined, and not filled.
export function chosenFilter(kind, chosen) {
  return ["==", ["get", "code"], chosen?.kind === kind ? chosen.code : ""];
}

export const CHOSEN = { areas: "areas-chosen", duty_grids: "duty-grid-chosen", cells: "cell-chosen" };

function chosenLayers(c, chosen) {
  const paint = { "line-color": c.accent, "line-width": ["interpolate", ["linear"], ["zoom"], 13, 3, 17, 4] };
  return Object.entries(CHOSEN).map(([kind, id]) => line(id, "grid", kind, 0, chosenFilter(kind, chosen), paint));
}

function componentLayers(c) {
  return [{
    id: "components-afar", type: "circle", source: "grid", "source-layer": "components", minzoom: 15, maxzoom: 17,
    paint: { "circle-color": c.component, "circle-radius": ["interpolate", ["linear"], ["zoom"], 15, 1.2, 17, 2.6] },
  }, {
    id: "components", type: "symbol", source: "grid", "source-layer": "components", minzoom: 17,
    layout: {
      "icon-image": ["concat", "component-", ["to-string", ["get", "major"]]], "icon-allow-overlap": true, "icon-ignore-placement": true,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 17, 0.55, 19, 0.85],
    },
  }];
}

function lightIcons(id, source, extra) {
  return {
    id, type: "symbol", source, ...extra,
    layout: {
      "icon-image": ["concat", "light-", ["get", "light"]], "icon-allow-overlap": true, "icon-ignore-placement": true,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 12, 0.75, 17, 1.05],
      "symbol-sort-key": ["match", ["get", "light"], "over", 4, "near", 3, "on_time", 2, 1],
    },
  };
}

function caseLayers(c) {
  return [
    {
      id: "case-counts", type: "circle", source: "cases", "source-layer": "case_counts", maxzoom: 14,
      paint: {
        "circle-color": c.halo, "circle-stroke-color": c.accent, "circle-stroke-width": 1.5,
        "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "n"]], 1, 10, 12, 26],
      },
    },
    {
      id: "case-counts-n", type: "symbol", source: "cases", "source-layer": "case_counts", maxzoom: 14,
      layout: { "text-field": ["to-string", ["get", "n"]], "text-font": FONT, "text-size": 13, "text-allow-overlap": true },
      paint: { "text-color": c.accent },
    },
    lightIcons("cases", "cases", { "source-layer": "cases", minzoom: 14 }),
  ];
}

// What the cells of a tier should cover and do not.
function openLand(c) {
  const shown = { source: "coverage", "source-layer": "open_land" };
  return [
    { id: "open-land", type: "fill", ...shown, paint: { "fill-color": c.open, "fill-opacity": 0.35 } },
    { id: "open-land-edge", type: "line", ...shown, paint: { "line-color": c.open, "line-width": 1.2 } },
  ];
}

// Names are points of their own: a label of a polygon would stand once in each tile the polygon reaches into.
function labelLayers(c) {
  const level = (name) => ["==", ["get", "level"], name];
  const text = ["get", document.documentElement.lang.startsWith("zh") ? "text" : "text_en"];
  return [
    label("name-community", "grid", "names", { minzoom: 14, maxzoom: 17 }, level("community"), text, 12, c),
    label("name-street", "grid", "names", { minzoom: 11.5, maxzoom: 14 }, level("street"), text, 13, c, true),
    label("name-district", "grid", "names", { maxzoom: 11.5 }, level("district"), text, 15, c, true),
  ];
}

function dutyLabel(c) {
  const text = ["get", document.documentElement.lang.startsWith("zh") ? "text" : "text_en"];
  const drawn = label("duty-grid-name", "grid", "duty_grid_names", { minzoom: 14 }, null, text, 12, c);
  return { ...drawn, paint: { ...drawn.paint, "text-color": c.duty } };
}

// The address of the cases' tiles, of one stage or of all.
export function caseTiles(stage) {
  return `${location.origin}/tiles/cases/{z}/{x}/{y}.mvt${stage ? `?stage=${encodeURIComponent(stage)}` : ""}`;
}

// The whole style for the layers asked for: areas, duty, cells, components, cases, coverage, rows. Those whose names
// begin with one of `hidden` are there and not seen: MapLibre asks for no tiles for them.
export function mapStyle({ layers, revision, on, chosen, stage, coverageAt, rows, hidden }) {
  const c = palette();
  const origin = location.origin;
  const has = (name) => layers.includes(name);
  const of = new URLSearchParams({ revision: revision ?? "", ...(on && { on }) });
  const sources = {
    grid: { type: "vector", tiles: [`${origin}/tiles/grid/{z}/{x}/{y}.mvt?${of}`], minzoom: 8, maxzoom: 17 },
  };
  if (has("cases")) sources.cases = { type: "vector", tiles: [caseTiles(stage)], minzoom: 8, maxzoom: 17 };
  if (has("coverage")) {
    sources.coverage = { type: "vector", tiles: [`${origin}/tiles/coverage/{z}/{x}/{y}.mvt?at=${encodeURIComponent(coverageAt ?? "")}`], minzoom: 8, maxzoom: 15 };
  }
  if (rows) sources.rows = { type: "geojson", data: rows };
  const drawn = [
    { id: "ground", type: "background", paint: { "background-color": c.ground } },
    landLayer(c),
    ...(has("coverage") ? openLand(c) : []),
    ...(has("cells") ? cellLayers(c) : []),
    ...communityLayers(c),
    ...(has("duty") ? dutyLayers(c) : []),
    ...areaLayers(c),
    ...chosenLayers(c, chosen),
    ...(has("components") ? componentLayers(c) : []),
    ...labelLayers(c),
    ...(has("duty") ? [dutyLabel(c)] : []),
    ...(has("cells") ? [label("cell-codes", "grid", "cell_names", { minzoom: 17 }, null, ["get", "code"], 11, c)] : []),
    ...(has("cases") ? caseLayers(c) : []),
    ...(rows ? [lightIcons("rows", "rows", {})] : []),
  ];
  const isHidden = ({ id }) => hidden.some((name) => id.startsWith(name));
  const shown = drawn.map((layer) => (isHidden(layer) ? { ...layer, layout: { ...layer.layout, visibility: "none" } } : layer));
  return { version: 8, sources, layers: shown };
}
