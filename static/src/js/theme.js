// Loaded before anything is painted: the remembered theme, else the system's.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  root.classList.add("js");
  const stored = () => {
    try {
      return localStorage.getItem("tr-theme");
    } catch {
      return null; // storage may be forbidden; the system's theme is right then
    }
  };
  const apply = () => {
    const choice = stored();
    root.dataset.bsTheme = choice === "light" || choice === "dark" ? choice : system.matches ? "dark" : "light";
    document.dispatchEvent(new CustomEvent("tr:theme"));
  };
  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", (event) => event.key === "tr-theme" && apply());
  addEventListener("tr:theme-stored", apply);
})();
