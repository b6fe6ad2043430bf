// Ctrl-K: search over everything. The server writes the results (GET /search?q=); this moves through them.
import { debounce, el, icon, modal } from "./dom.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

function foot() {
  const hint = (keys, words) => el("span", {}, ...keys.map((key) => el("kbd", {}, key)), words);
  return el("div", { class: "tr-palette-foot", "aria-hidden": "true" }, hint(["↑", "↓"], "move"), hint(["↵"], "open"), hint([MAC ? "⌘" : "Ctrl", "↵"], "new tab"), hint(["Esc"], "close"));
}

/** Without an answer from the server the pages of the sidebar can still be reached. */
function pagesOf(query) {
  const words = query.trim().toLowerCase();
  const links = [...document.querySelectorAll(".tr-nav-item, .tr-tabbar-item[href]")].filter((link) => link.textContent.toLowerCase().includes(words));
  if (!links.length) return el("p", { class: "tr-palette-none" }, "No connection. Pages still open from the menu.");
  const group = el("div", { class: "tr-palette-group", role: "group", "aria-label": "Pages" }, el("p", { class: "tr-palette-label" }, "Pages"));
  links.forEach((link, index) => {
    group.append(el("a", { class: "tr-palette-item", role: "option", "aria-selected": "false", id: `palette-page-${index}`, href: link.href }, icon("arrow-right"), el("span", { class: "tr-palette-text" }, link.textContent.trim())));
  });
  return group;
}

function openPalette(url) {
  if (document.querySelector("dialog.tr-palette")) return;
  const input = el("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list", "aria-label": "Search or jump to", placeholder: "Search customers, sales, pages and actions…", autocomplete: "off", spellcheck: "false" });
  const list = el("div", { class: "tr-palette-list", id: "palette-list", role: "listbox", "aria-label": "Results" });
  const status = el("p", { class: "visually-hidden", role: "status" });
  const dialog = modal("tr-palette", "Search", el("div", { class: "tr-palette-box" }, icon("search", 18), input), list, status, foot());
  const options = () => [...list.querySelectorAll("[role=option]")];
  let current = null;
  let request = null;

  function select(option) {
    current?.setAttribute("aria-selected", "false");
    current = option ?? null;
    current?.setAttribute("aria-selected", "true");
    current?.scrollIntoView({ block: "nearest" });
    if (current) input.setAttribute("aria-activedescendant", current.id);
    else input.removeAttribute("aria-activedescendant");
  }

  async function search() {
    request?.abort();
    request = new AbortController();
    try {
      const answer = await fetch(`${url}?${new URLSearchParams({ q: input.value })}`, { signal: request.signal, headers: { "HX-Request": "true", "HX-Target": "palette-list" } });
      if (!answer.ok) throw new Error(String(answer.status));
      list.innerHTML = await answer.text();
    } catch (error) {
      if (error.name === "AbortError") return;
      list.replaceChildren(pagesOf(input.value));
    }
    const found = options();
    select(found[0]);
    status.textContent = found.length === 1 ? "1 result" : `${found.length} results`;
  }

  function go(option, newTab) {
    if (!option) return;
    if (newTab) return window.open(option.href, "_blank", "noopener");
    dialog.close();
    if (option.hasAttribute("data-dialog")) window.htmx.ajax("GET", option.href, { target: "#dialog", swap: "innerHTML" });
    else location.assign(option.href);
  }

  const later = debounce(search, 110);
  input.addEventListener("input", later);
  input.addEventListener("keydown", (event) => {
    const found = options();
    const at = found.indexOf(current);
    const step = { ArrowDown: at + 1, ArrowUp: at - 1, Home: event.ctrlKey ? 0 : null, End: event.ctrlKey ? found.length - 1 : null }[event.key];
    if (step != null && found.length) {
      event.preventDefault();
      select(found[(step + found.length) % found.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      go(current, event.ctrlKey || event.metaKey);
    }
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option || event.ctrlKey || event.metaKey || event.button) return;
    event.preventDefault();
    go(option);
  });
  dialog.addEventListener("close", () => {
    later.cancel();
    request?.abort();
  });
  input.focus();
  search();
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
  const opener = document.querySelector("[data-palette]");
  if (!opener) return;
  event.preventDefault();
  openPalette(opener.dataset.palette || "/search");
});
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-palette]");
  if (!opener || event.ctrlKey || event.metaKey || event.button) return;
  event.preventDefault();
  openPalette(opener.dataset.palette || "/search");
});
if (MAC) for (const key of document.querySelectorAll(".tr-search-open kbd:first-child")) key.textContent = "⌘";
