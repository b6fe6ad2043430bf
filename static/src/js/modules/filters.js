// The filter form stands outside the region it swaps: keep its boxes true to the URL, and the URL free of empty names.
import { listen } from "../dom.js";

export default function filters(element) {
  const controls = () => [...element.elements].filter((control) => control.name && control.type !== "hidden" && control.type !== "submit");

  function counts() {
    for (const menu of element.querySelectorAll(".tr-filter")) {
      const chosen = [...menu.querySelectorAll("input")].filter((input) => (input.type === "checkbox" ? input.checked : input.value)).length;
      const badge = menu.querySelector("[data-filter-count]");
      if (badge) badge.textContent = chosen ? (menu.querySelector("input[type=checkbox]") ? chosen : 1) : "";
    }
  }

  function follow() {
    const params = new URLSearchParams(location.search);
    for (const control of controls()) {
      if (control === document.activeElement && control.type === "search") continue;
      if (control.type === "checkbox") control.checked = params.getAll(control.name).includes(control.value);
      else control.value = params.get(control.name) ?? "";
    }
    counts();
    for (const link of document.querySelectorAll("[data-follows-url]")) link.setAttribute("href", link.getAttribute("href").split("?")[0] + location.search);
  }

  const stopOwn = listen(element, {
    "htmx:configRequest"(event) {
      const given = event.detail.parameters;
      for (const name of new Set(Object.keys(given))) {
        const values = [given[name]].flat().filter((value) => value !== "");
        delete given[name];
        if (values.length === 1) given[name] = values[0];
        else if (values.length) given[name] = values;
      }
    },
    // Leaving the box repeats the search that typing already made.
    change: (event) => event.target.type === "search" && event.stopImmediatePropagation(),
    input: counts,
  }, { capture: true });
  const stopPage = listen(document, {
    "htmx:pushedIntoHistory": follow,
    // HTMX read the address when it first saw the link: where it leads now stands in its href.
    "htmx:configRequest"(event) {
      if (event.target.matches?.("[data-follows-url]")) event.detail.path = event.target.getAttribute("href");
    },
  });
  counts();
  return () => {
    stopOwn();
    stopPage();
  };
}
