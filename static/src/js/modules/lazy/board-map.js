// The board's map: visits in the order of each technician's day, what waits, and where everybody is.
import { el, listen } from "../../dom.js";
import { fit, ground, L } from "../../ground.js";

const OVER = new Set(["completed", "cancelled"]);

export default function boardMap(root) {
  const first = JSON.parse(root.querySelector("script[data-board]").textContent);
  const { map, stop } = ground(root.querySelector(".tr-board-map"), first.ground);
  const legend = root.querySelector("[data-map-legend]");
  const layer = L.featureGroup().addTo(map);
  const off = new Set();
  let fitted = false;

  const open = (id) => root.dispatchEvent(new CustomEvent("board:open", { detail: id }));

  function pin(at, text, words, className, color, act) {
    const face = el("span", { class: `tr-pin ${className}` }, text);
    face.style.setProperty("--tr-lane", color);
    const marker = L.marker(at, { icon: L.divIcon({ className: "tr-pin-box", html: face, iconSize: [26, 26] }), title: words, alt: words, keyboard: Boolean(act), interactive: Boolean(act), riseOnHover: true });
    if (act) marker.on("click", act);
    marker.on("add", () => {
      const element = marker.getElement();
      element.setAttribute("aria-label", words);
      if (!act) return;
      element.setAttribute("role", "button");
      element.addEventListener("keydown", (event) => event.key === "Enter" && act());
    });
    marker.addTo(layer);
  }

  function draw(model) {
    layer.clearLayers();
    const { lanes, tray } = model.data;
    const shown = lanes.filter((lane) => !off.has(lane.id));
    for (const lane of shown) {
      const color = lane.color;
      const visits = lane.visits.map((id) => model.visits.get(id)).filter((one) => one.at);
      const line = [...(lane.home ? [lane.home] : []), ...visits.map((one) => one.at)];
      if (line.length > 1) L.polyline(line, { color, weight: 3, opacity: 0.55, interactive: false }).addTo(layer);
      visits.forEach((visit, index) => pin(visit.at, String(index + 1), model.label(visit), `${visit.punct === "late" ? "is-late" : ""}${OVER.has(visit.status) ? " is-done" : ""}`, color, () => open(visit.id)));
      if (lane.at) pin(lane.at, lane.name.split(/\s+/).map((word) => word[0]).slice(0, 2).join(""), `${lane.name}${lane.state ? `, ${lane.state.word}` : ""}, seen at ${model.time(lane.seen)}`, "is-person", color, null);
    }
    for (const visit of tray) if (visit.at && visit.status === "pending") pin(visit.at, "?", model.label(visit), `is-waiting${visit.prio === "urgent" ? " is-urgent" : ""}`, "#8a4b00", () => open(visit.id));
    drawLegend(lanes);
    if (!fitted && layer.getLayers().length) {
      fitted = true;
      fit(map, layer);
    }
  }

  function drawLegend(lanes) {
    legend.replaceChildren(
      ...lanes.map((lane) => {
        const dot = el("i", { "aria-hidden": "true" });
        dot.style.setProperty("--tr-lane", lane.color);
        return el("label", {}, el("input", { type: "checkbox", value: lane.id, checked: !off.has(lane.id) }), dot, lane.name);
      }),
    );
  }

  let model;
  const stops = [
    listen(root, { "board:drawn": ({ detail }) => draw((model = detail)) }),
    listen(legend, {
      change: ({ target }) => {
        if (target.checked) off.delete(Number(target.value));
        else off.add(Number(target.value));
        draw(model);
        legend.querySelector(`input[value="${target.value}"]`)?.focus();
      },
    }),
    stop,
  ];
  if (root.boardModel) draw((model = root.boardModel)); // the lanes' module was faster
  return () => stops.forEach((one) => one());
}
