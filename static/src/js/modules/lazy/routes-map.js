// The routes of a plan as lines, one colour a technician: as they are, or as they would be.
// {outlines, tiles, attribution, routes: [{name, color, home, before: [{at, title}], after: [{at, title}]}]}
import { el, listen } from "../../dom.js";
import { fit, given, ground, L } from "../../ground.js";

export default function routesMap(element) {
  const data = given(element);
  const { map, stop } = ground(element, data);
  const legend = element.querySelector("[data-legend]");
  const layer = L.featureGroup().addTo(map);
  const used = data.routes.filter((route) => route.before.length || route.after.length);
  const which = () => element.querySelector("input[name=which]:checked").value;

  function draw() {
    layer.clearLayers();
    for (const route of used) {
      const stops = route[which()];
      if (!stops.length) continue;
      const line = [...(route.home ? [route.home] : []), ...stops.map((one) => one.at)];
      L.polyline(line, { color: route.color, weight: 3, opacity: 0.75, interactive: false }).addTo(layer);
      if (route.home) L.circleMarker(route.home, { radius: 5, color: route.color, weight: 2, fillColor: "#fff", fillOpacity: 1 }).bindTooltip(el("span", {}, `${route.name} starts here`)).addTo(layer);
      stops.forEach((one, index) => {
        L.circleMarker(one.at, { radius: 7, color: "#fff", weight: 2, fillColor: route.color, fillOpacity: 1 })
          .bindTooltip(el("span", {}, `${route.name}, stop ${index + 1}: ${one.title}`), { direction: "top", offset: [0, -6] })
          .addTo(layer);
      });
    }
  }

  legend.replaceChildren(
    ...used.map((route) => {
      const dot = el("i", { "aria-hidden": "true" });
      dot.style.setProperty("--tr-lane", route.color);
      return el("li", {}, dot, route.name);
    }),
  );
  draw();
  fit(map, layer);
  const unlisten = listen(element, { change: draw });
  return () => {
    unlisten();
    stop();
  };
}
