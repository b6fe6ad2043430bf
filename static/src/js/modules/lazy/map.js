// A map to look at: areas and points from the element's <script type="application/json">.
// {outlines, tiles, attribution, areas: [{name, color, quiet, url, polygon | zips}], points: [{name, hint, color, url, at}], focus: id}
import { el } from "../../dom.js";
import { drawAreas, fit, given, ground, L } from "../../ground.js";

export default function map(element) {
  const data = given(element);
  const { map: drawn, stop } = ground(element, data);
  const areas = drawAreas(drawn, data.areas ?? []);
  const points = L.featureGroup().addTo(drawn);
  for (const point of data.points ?? []) {
    const mark = L.circleMarker(point.at, { radius: 8, color: "#fff", weight: 2, fillColor: point.color, fillOpacity: 1 });
    mark.bindTooltip(el("span", {}, point.hint ? `${point.name}, ${point.hint}` : point.name), { permanent: Boolean(point.named), direction: "top", offset: [0, -6] });
    if (point.url) mark.on("click", () => location.assign(point.url));
    mark.addTo(points);
  }
  const focused = data.focus ? drawAreas(drawn, (data.areas ?? []).filter((area) => area.id === data.focus), { names: false }) : null;
  fit(drawn, ...(focused ? [focused] : [areas, points]));
  focused?.remove();
  return stop;
}
