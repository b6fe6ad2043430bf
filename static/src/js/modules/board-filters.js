// The board's filters: sent when the menu in which something was ticked closes.
import { listen } from "../dom.js";

export default function boardFilters(form) {
  let changed = false;
  const stops = [listen(form, { change: () => (changed = true) })];
  for (const menu of form.querySelectorAll("details")) stops.push(listen(menu, { toggle: () => !menu.open && changed && form.requestSubmit() }));
  return () => stops.forEach((stop) => stop());
}
