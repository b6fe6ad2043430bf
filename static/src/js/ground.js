// A map without the internet: outlines of counties and states, and tiles on top where an address is configured.
import * as L from "leaflet/dist/leaflet-src.esm.js";
import { feature, mesh } from "topojson-client";
import { el, listen } from "./dom.js";

export { L };

const COUNTRY = [
  [24.5, -124.8],
  [49.4, -66.9],
];
const NAMES_FROM = 8; // the zoom at which counties are named
const MOST_NAMES = 40;
const loads = new Map();

/** The outlines at an address, read once for all maps of a page. */
function outlines(url) {
  if (!loads.has(url)) {
    loads.set(
      url,
      fetch(url).then(async (answer) => {
        if (!answer.ok) throw new Error(`outlines: ${answer.status}`);
        const atlas = await answer.json();
        const { counties, states, nation } = atlas.objects;
        return {
          land: feature(atlas, nation),
          counties: mesh(atlas, counties, (a, b) => a !== b),
          states: mesh(atlas, states, (a, b) => a !== b),
          named: feature(atlas, counties).features.map((one) => ({ name: one.properties.name, bounds: L.geoJSON(one).getBounds() })),
        };
      }),
    );
  }
  return loads.get(url);
}

/** The computed value of a custom property, as a canvas understands it. */
export function colorOf(element, name) {
  const probe = el("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** What a module's element was given in its <script type="application/json">. */
export function given(element) {
  return JSON.parse(element.querySelector('script[type="application/json"]').textContent);
}

/** Puts a map into the element's [data-map]; `data`: {outlines, tiles, attribution}. Returns {map, stop}. */
export function ground(element, data) {
  const frame = element.querySelector("[data-map]");
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(frame, {
    preferCanvas: true,
    zoomSnap: 0.5,
    minZoom: 3,
    maxZoom: 18,
    scrollWheelZoom: false, // the page scrolls; once the map has the focus, the map does
    zoomAnimation: !still,
    fadeAnimation: !still,
    markerZoomAnimation: !still,
    attributionControl: Boolean(data.tiles && data.attribution),
  });
  map.attributionControl?.setPrefix(false);
  map.fitBounds(COUNTRY, { animate: false });
  map.createPane("ground").style.zIndex = 150;
  map.createPane("names").style.zIndex = 300;
  map.getPane("names").style.pointerEvents = "none";
  const shapes = [];
  const names = L.layerGroup([], { pane: "names" }).addTo(map);
  let counties = [];

  function restyle() {
    const line = colorOf(element, "--tr-line-strong");
    const look = {
      land: { color: colorOf(element, "--tr-text-3"), weight: 1, fill: true, fillOpacity: 1, fillColor: colorOf(element, "--tr-map-land") },
      counties: { color: line, weight: 0.7, fill: false },
      states: { color: colorOf(element, "--tr-text-3"), weight: 1.2, fill: false },
    };
    for (const [name, layer] of shapes) layer.setStyle(look[name]);
  }

  function name() {
    names.clearLayers();
    if (map.getZoom() < NAMES_FROM) return;
    const view = map.getBounds();
    for (const county of counties.filter((one) => view.intersects(one.bounds)).slice(0, MOST_NAMES)) {
      const mark = L.divIcon({ className: "tr-map-county", html: el("span", {}, county.name), iconSize: null });
      L.marker(county.bounds.getCenter(), { icon: mark, interactive: false, keyboard: false, pane: "names" }).addTo(names);
    }
  }

  let gone = false;
  outlines(data.outlines)
    .then((found) => {
      if (gone) return;
      counties = found.named;
      const renderer = L.canvas({ pane: "ground", padding: 0.4 });
      for (const part of ["land", "counties", "states"]) {
        shapes.push([part, L.geoJSON(found[part], { interactive: false, renderer, pane: "ground" }).addTo(map)]);
      }
      restyle();
      name();
      element.dataset.ready = "";
    })
    .catch((error) => console.error("map", error));
  if (data.tiles) L.tileLayer(data.tiles, { attribution: textOnly(data.attribution), maxZoom: 18 }).addTo(map);
  map.on("moveend", name);
  const sized = new ResizeObserver(() => map.invalidateSize({ animate: false }));
  sized.observe(frame);
  const stops = [
    listen(document, { "tr:theme": restyle }),
    listen(frame, { focusin: () => map.scrollWheelZoom.enable(), focusout: () => map.scrollWheelZoom.disable() }),
    () => sized.disconnect(),
  ];
  return {
    map,
    stop() {
      gone = true;
      for (const stop of stops) stop();
      map.remove();
    },
  };
}

function textOnly(text) {
  const span = el("span", {}, text ?? "");
  return span.innerHTML;
}

/** Draws areas ({name, color, quiet, url, polygon | zips}) on a map; their layer, whose bounds can be fitted. */
export function drawAreas(map, areas, { names = true, interactive = true } = {}) {
  const group = L.featureGroup().addTo(map);
  const named = [];
  // small areas lie on large ones, and ZIP codes on both
  const size = ({ polygon }) => (polygon ? boundsOf(L.polygon(polygon)) : null);
  const extent = (area) => (size(area) ? size(area).getNorth() - size(area).getSouth() : 0);
  for (const area of [...areas].sort((one, other) => extent(other) - extent(one))) {
    const look = { color: area.color, weight: area.quiet ? 1 : 2, opacity: area.quiet ? 0.6 : 1, fillColor: area.color, fillOpacity: area.quiet ? 0.08 : 0.2, dashArray: area.quiet ? "4 4" : null, interactive };
    const layer = area.polygon ? L.polygon(area.polygon, look) : dots(area.zips, look);
    group.addLayer(layer);
    if (area.url && interactive) layer.on("click", () => location.assign(area.url));
    const bounds = boundsOf(layer);
    if (!area.quiet && names && bounds.isValid()) {
      const place = area.polygon ? L.latLng(bounds.getNorth(), bounds.getCenter().lng) : bounds.getCenter();
      named.unshift(label(place, area, group));
    }
  }
  const tidy = () => declutter(named);
  map.on("moveend zoomend", tidy);
  requestAnimationFrame(tidy);
  return group;
}

/** What a layer covers, by its corners and middles: a circle's own bounds are only known on a map. */
export function boundsOf(layer) {
  const bounds = L.latLngBounds([]);
  if (layer instanceof L.LayerGroup) for (const inner of layer.getLayers()) bounds.extend(boundsOf(inner));
  else if (layer.getLatLng) bounds.extend(layer.getLatLng());
  else if (layer.getBounds?.().isValid()) bounds.extend(layer.getBounds());
  return bounds;
}

/** ZIP codes as circles around their middles, each with its number as a tip. */
export function dots(zips, look) {
  const circles = zips.map(([zip, latitude, longitude]) => {
    const circle = L.circle([latitude, longitude], { ...look, dashArray: null, radius: 1600, weight: 1 });
    return look.interactive === false ? circle : circle.bindTooltip(el("span", {}, zip));
  });
  return L.featureGroup(circles);
}

function label(place, area, group) {
  const mark = L.divIcon({ className: "tr-map-name", html: el("span", {}, area.name), iconSize: null });
  return L.marker(place, { icon: mark, interactive: false, keyboard: false }).addTo(group);
}

/** Of names that would cover each other only the first stays; zooming in brings the others out. */
function declutter(named) {
  const taken = [];
  for (const marker of named) {
    const node = marker.getElement();
    if (!node) continue;
    node.hidden = false;
    const box = node.firstElementChild.getBoundingClientRect();
    node.hidden = taken.some((other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom);
    if (!node.hidden) taken.push(box);
  }
}

/** Shows a layer whole; a map without anything shows the country. */
export function fit(map, ...layers) {
  const bounds = L.latLngBounds([]);
  for (const layer of layers) if (layer) bounds.extend(boundsOf(layer));
  map.fitBounds(bounds.isValid() ? bounds.pad(0.12) : COUNTRY, { animate: false, maxZoom: 11 });
}
