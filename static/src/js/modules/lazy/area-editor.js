// Drawing a zone: each click on the map adds a corner, corners are dragged or moved by arrow keys, small points between
// them add one. The text field named by data-points holds the same corners as lines, and either follows the other.
// With the other kind of zone chosen it shows the ZIP codes that were understood (their places arrive in #zip-dots).
import { debounce, listen } from "../../dom.js";
import { dots, drawAreas, fit, given, ground, L } from "../../ground.js";

const SQUARE_MILE = 69.055 * 69.172; // of a square degree at the equator
const STEP = 6; // pixels of an arrow key; with Shift four times as many

export default function areaEditor(element) {
  const form = element.closest("form");
  const field = form.querySelector(element.dataset.points);
  const status = element.querySelector("[data-area-status]");
  const color = form.querySelector('input[type="color"]');
  const data = given(element);
  const { map, stop } = ground(element, data);
  const others = drawAreas(map, data.areas ?? [], { interactive: false }); // a click on them draws as well
  const shape = L.polygon([], { weight: 2, fillOpacity: 0.2, interactive: false }).addTo(map);
  const handles = L.layerGroup().addTo(map);
  let zips = null;
  let corners = [];
  let before = [];

  const drawing = () => form.querySelector('input[name="kind"]:checked')?.value === "polygon";

  function read() {
    return field.value
      .split("\n")
      .map((line) => line.split(/[,;\s]+/).filter(Boolean).map(Number))
      .filter((pair) => pair.length === 2 && pair.every(Number.isFinite) && Math.abs(pair[0]) <= 90 && Math.abs(pair[1]) <= 180)
      .map(([latitude, longitude]) => L.latLng(latitude, longitude));
  }

  function write() {
    field.value = corners.map(({ lat, lng }) => `${lat.toFixed(6)}, ${lng.toFixed(6)}`).join("\n");
    field.dispatchEvent(new CustomEvent("change", { bubbles: true, detail: "map" }));
  }

  function change(next, focus = null) {
    before.push(corners);
    corners = next;
    write();
    draw(focus);
  }

  function draw(focus = null) {
    const on = drawing();
    const crossed = crosses(corners);
    const tone = color?.value ?? "#2563eb";
    shape.setLatLngs(on ? corners : []);
    shape.setStyle({ color: crossed ? "#c5281f" : tone, fillColor: tone });
    handles.clearLayers();
    if (on) {
      corners.forEach((corner, at) => handle(corner, at, focus === at));
      if (corners.length > 2) corners.forEach((corner, at) => between(corner, corners[(at + 1) % corners.length], at));
    }
    if (zips) zips[on ? "remove" : "addTo"](map);
    say(on, crossed);
    for (const name of ["undo", "clear"]) element.querySelector(`[data-area-${name}]`).disabled = !(name === "undo" ? before.length : corners.length);
    element.toggleAttribute("data-drawing", on);
  }

  function say(on, crossed) {
    const count = corners.length;
    const missing = 3 - count;
    status.textContent = !on
      ? "ZIP codes are drawn at their middles."
      : crossed
        ? "The outline crosses itself. Move a corner."
        : count === 0
          ? "Click on the map for each corner, in order around the area."
          : missing > 0
            ? `${count} ${count === 1 ? "corner" : "corners"}; ${missing} more to make an area.`
            : `${count} corners, about ${square(corners)}. Drag a corner, or double-click it to remove it.`;
    status.toggleAttribute("data-wrong", on && crossed);
  }

  function handle(corner, at, focus) {
    const icon = L.divIcon({ className: "tr-map-corner", iconSize: [18, 18] });
    const mark = L.marker(corner, { icon, draggable: true, keyboard: true, autoPanOnFocus: false, zIndexOffset: 500 }).addTo(handles);
    const node = mark.getElement();
    node.setAttribute("aria-label", `Corner ${at + 1} of ${corners.length}. Arrow keys move it, Delete removes it.`);
    const moved = (place) => corners.map((other, index) => (index === at ? place : other));
    const remove = () => change(corners.filter((_, index) => index !== at), Math.max(0, at - 1));
    mark.on("drag", () => shape.setLatLngs(moved(mark.getLatLng())));
    mark.on("dragend", () => change(moved(mark.getLatLng().wrap()), at));
    mark.on("dblclick contextmenu", (event) => {
      L.DomEvent.stop(event);
      remove();
    });
    node.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (way) {
        const step = STEP * (event.shiftKey ? 4 : 1);
        change(moved(map.containerPointToLatLng(map.latLngToContainerPoint(corner).add([way[0] * step, way[1] * step]))), at);
      } else if (event.key === "Delete" || event.key === "Backspace") remove();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    if (focus) node.focus({ preventScroll: true });
  }

  function between(one, other, at) {
    const icon = L.divIcon({ className: "tr-map-between", iconSize: [12, 12] });
    const middle = L.latLng((one.lat + other.lat) / 2, (one.lng + other.lng) / 2);
    const mark = L.marker(middle, { icon, draggable: true, keyboard: false, opacity: 0.85 }).addTo(handles);
    const added = (place) => corners.toSpliced(at + 1, 0, place);
    mark.on("drag", () => shape.setLatLngs(added(mark.getLatLng())));
    mark.on("dragend", () => change(added(mark.getLatLng()), at + 1));
    mark.on("click", () => change(added(middle), at + 1));
  }

  function showDots() {
    const source = form.querySelector("#zip-dots");
    zips?.remove();
    zips = source ? dots(JSON.parse(source.textContent), { color: color?.value ?? "#2563eb", fillColor: color?.value, fillOpacity: 0.3, interactive: false }) : null;
    if (!drawing() && zips?.getLayers().length) fit(map, zips);
    draw();
  }

  map.doubleClickZoom.disable();
  map.on("click", ({ latlng }) => drawing() && change([...corners, latlng.wrap()], corners.length));
  corners = read();
  fit(map, corners.length ? L.polygon(corners) : others);
  showDots();

  const follow = debounce(() => {
    corners = read();
    draw();
  }, 250);
  const stops = [
    listen(field, { input: follow, change: (event) => event.detail !== "map" && follow() }),
    listen(form, {
      change(event) {
        if (event.target.name === "kind" || event.target.type === "color") draw();
      },
      "htmx:afterSwap": showDots,
    }),
    listen(element, {
      click(event) {
        if (event.target.closest("[data-area-undo]") && before.length) {
          corners = before.pop();
          write();
          draw();
        } else if (event.target.closest("[data-area-clear]")) change([]);
        else if (event.target.closest("[data-area-fit]")) fit(map, drawing() && corners.length ? L.polygon(corners) : zips?.getLayers().length ? zips : others);
      },
    }),
  ];
  return () => {
    follow.cancel();
    for (const undo of stops) undo();
    stop();
  };
}

/** Whether the outline meets itself: what the server would refuse. */
function crosses(corners) {
  const turn = (a, b, c) => Math.sign((b.lng - a.lng) * (c.lat - a.lat) - (b.lat - a.lat) * (c.lng - a.lng));
  const edges = corners.map((corner, at) => [corner, corners[(at + 1) % corners.length]]);
  if (corners.length < 4) return false;
  return edges.some(([a, b], i) =>
    edges.some(([c, d], j) => {
      if (j < i + 2 || (i === 0 && j === edges.length - 1)) return false;
      return turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0;
    }),
  );
}

/** About how large the area is, in words. */
function square(corners) {
  const twice = corners.reduce((sum, { lat, lng }, at) => {
    const next = corners[(at + 1) % corners.length];
    return sum + lng * next.lat - next.lng * lat;
  }, 0);
  const middle = corners.reduce((sum, { lat }) => sum + lat, 0) / corners.length;
  const miles = Math.abs(twice / 2) * SQUARE_MILE * Math.cos((middle * Math.PI) / 180);
  return `${miles < 10 ? miles.toFixed(1) : Math.round(miles).toLocaleString("en-US")} square miles`;
}
