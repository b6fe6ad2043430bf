// <… data-module="theme"> holding <button data-theme-set="system|light|dark">.
import { listen } from "../dom.js";

export default function theme(element) {
  const buttons = [...element.querySelectorAll("[data-theme-set]")];
  const chosen = () => {
    try {
      return localStorage.getItem("tr-theme") ?? "system";
    } catch {
      return "system";
    }
  };
  const show = () => buttons.forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.themeSet === chosen())));
  show();
  return listen(element, {
    click(event) {
      const choice = event.target.closest("[data-theme-set]")?.dataset.themeSet;
      if (!choice) return;
      try {
        if (choice === "system") localStorage.removeItem("tr-theme");
        else localStorage.setItem("tr-theme", choice);
      } catch {
        document.documentElement.dataset.bsTheme = choice; // no storage: for this page at least
      }
      dispatchEvent(new CustomEvent("tr:theme-stored"));
      show();
    },
  });
}
