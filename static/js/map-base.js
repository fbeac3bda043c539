// A base map under our own style, where the city has set one: a style of another server, or layers of raster tiles.
// What is ours comes on top; of ours only the ground and the land give way. Without the other server ours stays alone.

const COVERED = new Set(["ground", "land"]);

// What lies under our map, once it is known; null where there is none or its server does not answer.
export async function readBase(told) {
  if (!told) return null;
  const base = JSON.parse(told);
  if (!base.style) return base;
  try {
    const answer = await fetch(base.style, { credentials: "omit" });
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

// Raster tiles are drawn for the day: at night they are dimmed.
function rasterLayer(id, isDark) {
  const night = { "raster-brightness-max": 0.4, "raster-saturation": -0.7 };
  return { id, type: "raster", source: id, paint: isDark ? night : { "raster-opacity": 0.75 } };
}

function overTiles({ tiles, credit }, style, isDark) {
  const sources = tiles.map((address, number) => [
    `base-${number}`, { type: "raster", tiles: [address], tileSize: 256, minzoom: 1, maxzoom: 18, attribution: credit },
  ]);
  const [ground, ...rest] = style.layers;
  return {
    ...style,
    sources: { ...Object.fromEntries(sources), ...style.sources },
    layers: [ground, ...sources.map(([id]) => rasterLayer(id, isDark)), ...rest.filter(({ id }) => !COVERED.has(id))],
  };
}

// Our labels are written in the font that the base brings, else in the reader's own.
function overStyle({ glyphs, ...base }, style) {
  const font = glyphs && base.layers.find(({ layout }) => layout?.["text-font"])?.layout["text-font"];
  const written = (layer) => (font && layer.layout?.["text-font"] ? { ...layer, layout: { ...layer.layout, "text-font": font } } : layer);
  const under = base.layers.map((layer) => ({ ...layer, id: `base-${layer.id}`, ...(layer.source && { source: `base-${layer.source}` }) }));
  const sources = Object.entries(base.sources).map(([name, source]) => [`base-${name}`, source]);
  return {
    ...base,
    ...(font && { glyphs }),
    sources: { ...Object.fromEntries(sources), ...style.sources },
    layers: [...under, ...style.layers.filter(({ id }) => !COVERED.has(id)).map(written)],
  };
}

export function withBase(style, base, isDark) {
  if (!base) return style;
  return base.tiles ? overTiles(base, style, isDark) : overStyle(base, style);
}
