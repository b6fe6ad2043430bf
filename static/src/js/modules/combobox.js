// A field that finds as one types: data-source answers ?q= with [{id, label, hint}]; a <select> without a source is searched in place.
// The field's own name keeps carrying the id, so the form means the same without JavaScript.
import { debounce, el, listen, place, uid } from "../dom.js";

function optionsOf(select) {
  return [...select.options].filter((option) => option.value !== "").map((option) => ({ id: option.value, label: option.text, hint: option.dataset.hint }));
}

async function ask(source, words, signal) {
  const url = new URL(source, location.href);
  url.searchParams.set("q", words);
  const answer = await fetch(url, { signal, headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

export default function combobox(field) {
  const { source, chosen } = field.dataset;
  const isSelect = field.tagName === "SELECT";
  const local = isSelect && !source ? optionsOf(field) : null;
  const listId = uid("combo");
  const shown = isSelect ? (field.value ? (field.selectedOptions[0]?.text ?? "") : "") : (chosen ?? field.value);
  const input = el("input", { type: "text", class: "tr-input", id: field.id, role: "combobox", "aria-expanded": "false", "aria-controls": listId, "aria-autocomplete": "list", autocomplete: "off", placeholder: field.getAttribute("placeholder") ?? "Type to search", "aria-describedby": field.getAttribute("aria-describedby"), "aria-invalid": field.getAttribute("aria-invalid"), value: shown });
  const list = el("ul", { class: "tr-combo-list", id: listId, role: "listbox", "aria-label": field.labels?.[0]?.textContent.trim() ?? "Choices", hidden: true });
  const box = el("div", { class: "tr-combo" }, input, list);
  const keep = { id: field.id };
  field.removeAttribute("id");
  field.hidden = true;
  field.after(box);
  let items = [];
  let current = -1;
  let picked = { id: field.value, label: shown };
  let request;

  function follow() {
    if (list.hidden) return;
    list.style.width = `${input.offsetWidth}px`;
    place(list, input);
  }

  function open(on) {
    list.hidden = !on;
    input.setAttribute("aria-expanded", String(on));
    if (on) follow();
    else move(-1);
  }

  function move(index) {
    list.children[current]?.setAttribute("aria-selected", "false");
    current = index;
    const option = list.children[current];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function show(given) {
    // where there is nothing to choose, the way to what is missing stands in its place
    const add = !given.length && field.dataset.addUrl ? [{ label: field.dataset.addLabel, url: field.dataset.addUrl, hint: local?.length === 0 ? "There is none yet" : "Nothing found" }] : [];
    const found = (items = [...given, ...add]);
    const options = found.map((item, index) => el("li", { role: "option", id: `${listId}-${index}`, class: "tr-combo-option", "aria-selected": "false" }, el("span", {}, item.label), item.hint ? el("span", { class: "tr-sub" }, item.hint) : null));
    list.replaceChildren(...(options.length ? options : [el("li", { class: "tr-combo-empty", role: "option", "aria-disabled": "true" }, "Nothing found")]));
    current = -1;
    open(true);
    if (found.length && input.value) move(0);
  }

  async function search() {
    const words = input.value === picked.label ? "" : input.value.trim();
    if (local) {
      const wanted = words.toLowerCase();
      show(local.filter((item) => item.label.toLowerCase().includes(wanted)).slice(0, 50));
      return;
    }
    request?.abort();
    request = new AbortController();
    try {
      show((await ask(source, words, request.signal)).slice(0, 50));
    } catch (error) {
      if (error.name !== "AbortError") show([]);
    }
  }

  function pick(item) {
    if (item.url) return void location.assign(item.url);
    picked = item;
    if (isSelect && ![...field.options].some((option) => option.value === String(item.id))) field.add(new Option(item.label, item.id));
    field.value = item.id;
    input.value = item.label;
    open(false);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  const later = debounce(search, local ? 0 : 180);
  const stop = listen(input, {
    input(event) {
      event.stopPropagation();
      later();
    },
    change: (event) => event.stopPropagation(),
    click: search,
    keydown(event) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) return void search();
        const count = items.length;
        if (count) move((current + (event.key === "ArrowDown" ? 1 : -1) + count) % count);
      } else if (event.key === "Enter" && !list.hidden) {
        event.preventDefault();
        if (items[current]) pick(items[current]);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        event.stopPropagation();
        open(false);
      }
    },
    blur() {
      later.cancel();
      request?.abort();
      open(false);
      if (input.value === picked.label) return;
      if (input.value.trim() === "") pick({ id: "", label: "" });
      else input.value = picked.label; // half a name is no choice
    },
  });
  const stopList = listen(list, {
    pointerdown: (event) => event.preventDefault(),
    click(event) {
      const index = [...list.children].indexOf(event.target.closest(".tr-combo-option"));
      if (items[index]) pick(items[index]);
    },
  });
  const stopScroll = listen(window, { scroll: follow, resize: follow }, { capture: true, passive: true });
  return () => {
    stop();
    stopList();
    stopScroll();
    later.cancel();
    box.remove();
    field.id = keep.id;
    field.hidden = false;
  };
}
