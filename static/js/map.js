// The city map: [data-map] elements become MapLibre maps over our own tiles.
// maplibre-gl-csp.js is loaded by the page before this module; its worker is a file, so no blob: in the policy.
import { readBase, withBase } from "./map-base.js";
import { caseTiles, drawIcon, mapStyle } from "./map-style.js";
import { tellBeside } from "./map-told.js";

const WHOLE_CITY = [121.35, 29.7, 121.95, 30.05];
const POINT_ZOOM = 17;
const STREET_ZOOM = 14.5;

maplibregl.setWorkerUrl(new URL("../vendor/maplibre/maplibre-gl-csp-worker.js", import.meta.url).href);

function numbers(text) {
  const found = (text ?? "").split(",").map(Number);
  return text && found.every(Number.isFinite) ? found : null;
}

// The rows of a work list as points, so that the map beside it shows exactly what the list shows.
function rowsOf(selector) {
  const rows = [...document.querySelectorAll(`${selector} tr[data-lon]`)];
  return {
    type: "FeatureCollection",
    features: rows.map((row) => ({
      type: "Feature",
      geometry: { type: "Point", coordinates: [Number(row.dataset.lon), Number(row.dataset.lat)] },
      properties: { number: row.dataset.number, light: row.dataset.light, href: row.dataset.href },
    })),
  };
}

function boundsOf(features) {
  const bounds = new maplibregl.LngLatBounds();
  for (const feature of features) bounds.extend(feature.geometry.coordinates);
  return bounds.isEmpty() ? null : bounds;
}

function firstView(element, rows) {
  const point = numbers(element.dataset.point);
  if (point) return { center: point, zoom: POINT_ZOOM };
  const bounds = (rows && boundsOf(rows.features)) || numbers(element.dataset.bounds) || WHOLE_CITY;
  return { bounds, fitBoundsOptions: { padding: 28, maxZoom: POINT_ZOOM } };
}

function popupFor(element, features) {
  const list = document.createElement("div");
  const words = JSON.parse(element.dataset.words || "{}");
  for (const { properties } of features.slice(0, 8)) {
    const row = document.createElement("div");
    const link = document.createElement("a");
    link.href = properties.href ?? element.dataset.caseUrl.replace("NUMBER", encodeURIComponent(properties.number));
    link.textContent = properties.number;
    const said = [words[properties.stage], words[properties.light]].filter(Boolean).join(" · ");
    row.append(link, said ? ` ${said}` : "");
    list.append(row);
  }
  return list;
}

function openPopups(map, element, layer) {
  map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
  map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  map.on("click", layer, (event) => {
    const seen = new Map(event.features.map((feature) => [feature.properties.number, feature]));
    new maplibregl.Popup({ closeButton: false, maxWidth: "320px" })
      .setLngLat(event.lngLat)
      .setDOMContent(popupFor(element, [...seen.values()]))
      .addTo(map);
  });
}

function pickPoints(map, element, marker) {
  const lonField = document.getElementById(`${element.dataset.pick}lon`);
  const latField = document.getElementById(`${element.dataset.pick}lat`);
  map.getCanvas().style.cursor = "crosshair";

  function put({ lng, lat }, source) {
    marker.setLngLat([lng, lat]).addTo(map);
    lonField.value = lng.toFixed(6);
    latField.value = lat.toFixed(6);
    element.dispatchEvent(new CustomEvent("mappick", { bubbles: true, detail: { lon: lng, lat, source } }));
  }

  // What is typed, or was kept from before a refusal, stands on the map too.
  function showTyped() {
    const typed = numbers(`${lonField.value || "-"},${latField.value || "-"}`);
    if (!typed || Math.abs(typed[1]) > 90) return;
    marker.setLngLat(typed).addTo(map);
    map.jumpTo({ center: typed, zoom: Math.max(map.getZoom(), POINT_ZOOM) });
  }

  for (const field of [lonField, latField]) field.addEventListener("change", showTyped);
  showTyped();
  map.on("click", (event) => put(event.lngLat, "map"));
  marker.setDraggable(true);
  marker.on("dragend", () => put(marker.getLngLat(), "map"));
  element.addEventListener("goto", (event) => {
    const { lon, lat } = event.detail;
    map.jumpTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), POINT_ZOOM) });
    put({ lng: lon, lat }, "address");
  });
}

function followRows(map, element, marker) {
  document.addEventListener("rowchange", ({ detail: { row } }) => {
    const at = [Number(row.dataset.lon), Number(row.dataset.lat)];
    if (!row.dataset.lon) return;
    marker.setLngLat(at).addTo(map);
    if (!map.getBounds().contains(at)) map.jumpTo({ center: at });
  });
}

// The switches of a map's layers, each naming those it shows by how their names begin.
function switchesOf(element) {
  return [...document.querySelectorAll(`[data-map-layer][data-of="${element.id}"]`)];
}

function hiddenLayers(element) {
  return switchesOf(element).filter((box) => !box.checked).flatMap((box) => box.dataset.mapLayer.split(" "));
}

function switchLayers(map, element) {
  for (const box of switchesOf(element)) {
    box.addEventListener("change", () => {
      const names = box.dataset.mapLayer.split(" ");
      for (const { id } of map.getStyle().layers.filter((layer) => names.some((name) => layer.id.startsWith(name)))) {
        map.setLayoutProperty(id, "visibility", box.checked ? "visible" : "none");
      }
    });
  }
  const stages = stagesOf(element);
  stages?.addEventListener("change", () => {
    element.dataset.stage = stages.value;
    map.getSource("cases").setTiles([caseTiles(stages.value)]);
  });
}

function stagesOf(element) {
  return document.querySelector(`[data-map-stage][data-of="${element.id}"]`);
}

// What is switched on, and where one looks, stay in the address: it can be kept, sent, and asked for again.
function keepInAddress(form) {
  function address() {
    const kept = new URLSearchParams(new FormData(form));
    for (const name of ["on", "stage"]) if (kept.get(name) === (form.dataset[name] ?? "")) kept.delete(name);
    return `${location.pathname}?${kept}${location.hash}`;
  }
  form.addEventListener("change", ({ target }) => {
    if (target.name !== "on") history.replaceState(history.state, "", address());
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    location.assign(address());
  });
}

export function startMap(element) {
  const rows = element.dataset.rowsOf ? rowsOf(element.dataset.rowsOf) : null;
  const { layers, revision, on, cell, coverageAt } = element.dataset;
  if (stagesOf(element)) element.dataset.stage = stagesOf(element).value;
  element.chosen = cell ? { kind: "cells", code: cell } : null;
  let base = null;
  const style = () => withBase(mapStyle({
    layers: layers.split(" "), revision, on, chosen: element.chosen, stage: element.dataset.stage, coverageAt, rows,
    hidden: hiddenLayers(element),
  }), base, document.documentElement.dataset.bsTheme === "dark");
  const map = new maplibregl.Map({
    container: element, style: style(), ...firstView(element, rows), attributionControl: false,
    hash: element.dataset.panel ? "at" : false, fadeDuration: 0, maxZoom: 20, minZoom: 8, dragRotate: false, pitchWithRotate: false, touchPitch: false,
  });
  // Who has the element can move its map: the journeys do.
  element.cityMap = map;
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new maplibregl.ScaleControl({ maxWidth: 96 }), "bottom-right");
  map.on("styleimagemissing", ({ id }) => {
    if (!map.hasImage(id)) map.addImage(id, drawIcon(id), { pixelRatio: 2 });
  });
  document.documentElement.addEventListener("themechange", () => map.setStyle(style()));
  if (element.dataset.baseMap) {
    map.addControl(new maplibregl.AttributionControl({ compact: false }), "bottom-right");
    readBase(element.dataset.baseMap).then((found) => {
      base = found;
      if (base) map.setStyle(style(), { diff: false });
    });
  }

  const marker = new maplibregl.Marker({ color: "#1769aa", scale: 0.8 });
  const point = numbers(element.dataset.point);
  if (point) marker.setLngLat(point).addTo(map);
  if (element.dataset.pick !== undefined) pickPoints(map, element, marker);
  if (rows) {
    openPopups(map, element, "rows");
    followRows(map, element, marker);
  }
  if (element.dataset.panel) tellBeside(map, element);
  if (layers.includes("cases")) {
    if (!element.dataset.panel) openPopups(map, element, "cases");
    map.on("click", "case-counts", (event) => map.jumpTo({ center: event.lngLat, zoom: STREET_ZOOM }));
  }
  map.once("load", () => {
    switchLayers(map, element);
    element.dataset.ready = "1";
  });
  return map;
}

// A map in a small form that is closed yet is started when it is first seen.
const unseen = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.clientWidth === 0) continue;
    unseen.unobserve(target);
    startMap(target);
  }
});

for (const form of document.querySelectorAll("form[data-keeps]")) keepInAddress(form);
for (const element of document.querySelectorAll("[data-map]")) {
  if (element.clientWidth > 0) startMap(element);
  else unseen.observe(element);
}
