// The small pieces of the phone's screens, and the sheet that slides up with a form in it.
import { html, nothing, render } from "lit-html";
import { toast } from "../toasts.js";

const sprite = () => document.body.dataset.icons;
export const icon = (name, size = 18) => html`<svg class="tr-icon" width=${size} height=${size} aria-hidden="true"><use href=${`${sprite()}#i-${name}`}></use></svg>`;

const TONES = {
  dispatched: "accent", acknowledged: "accent", en_route: "info", on_site: "info", in_progress: "info", completed: "success", on_hold: "warning",
  urgent: "danger", high: "warning",
};
export const pill = (state, words) => html`<span class="tr-pill tr-pill-${TONES[state] ?? "neutral"}"><span class="tr-pill-dot"></span>${words}</span>`;

/** A section of a job that opens: what is in it is said in its head. */
export const section = (name, title, glyph, count, body, open = false) => html`
  <details class="tr-fold" data-section=${name} ?open=${open}>
    <summary>${icon(glyph, 20)}<h2>${title}</h2>${count ? html`<span class="tr-fold-count">${count}</span>` : nothing}${icon("chevron-down", 18)}</summary>
    <div class="tr-fold-body">${body}</div>
  </details>`;

export const notSent = (thing) => (thing.waits ? html`<span class="tr-waits">${icon("cloud-off", 14)} Not sent yet</span>` : nothing);
export const lines = (text) => html`<p class="tr-lines">${text}</p>`;

/**
 * Opens a sheet. `body(close)` draws its form; `done(form, button)` takes what was filled in and returns whether that is
 * all: a sentence says what is missing and keeps the sheet open.
 */
export function sheet(title, body, done) {
  const dialog = document.createElement("dialog");
  dialog.className = "tr-dialog tr-phone-sheet";
  dialog.setAttribute("aria-label", title);
  const close = () => dialog.close();
  const submit = async (event) => {
    event.preventDefault();
    const button = event.submitter;
    if (button?.disabled) return;
    button?.setAttribute("disabled", "");
    try {
      const problem = await done(new FormData(event.target), button);
      if (problem) show(problem);
      else close();
    } catch (error) {
      console.error("phone", error);
      show("This could not be kept on the phone. Is its storage full?");
    } finally {
      button?.removeAttribute("disabled");
    }
  };
  let sentence = "";
  const draw = () =>
    render(
      html`<form class="tr-form" novalidate @submit=${submit}>
        <header class="tr-phone-sheet-head"><h2>${title}</h2><button type="button" class="tr-btn tr-btn-ghost tr-btn-icon" @click=${close}>${icon("x", 20)}<span class="visually-hidden">Close</span></button></header>
        <p class="tr-phone-sheet-problem" role="alert" ?hidden=${!sentence}>${sentence}</p>
        ${body({ close, draw, dialog })}
      </form>`,
      dialog,
    );
  const show = (problem) => {
    sentence = problem;
    draw();
    dialog.querySelector("[role=alert]").scrollIntoView({ block: "nearest" });
  };
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  document.body.append(dialog);
  draw();
  dialog.showModal();
  return { close, draw, dialog };
}

let number = 0;
const uid = () => `p${(number += 1)}`;

/** A field with its label: `field("Value", id => html`<input id=${id} name="value">`)`. */
export function field(label, control, hint) {
  const id = uid();
  return html`<div class="tr-field"><label class="tr-label" for=${id}>${label}</label>${hint ? html`<p class="tr-hint">${hint}</p>` : nothing}${control(id)}</div>`;
}

export const input = (label, name, { type = "text", value = "", mode, limit = 200, hint, holder } = {}) =>
  field(label, (id) => html`<input class="tr-input" id=${id} name=${name} type=${type} .value=${value} maxlength=${limit} inputmode=${mode ?? nothing} placeholder=${holder ?? nothing} autocomplete="off">`, hint);

export const area = (label, name, { value = "", rows = 4, limit = 10000, holder } = {}) =>
  field(label, (id) => html`<textarea class="tr-input" id=${id} name=${name} rows=${rows} maxlength=${limit} placeholder=${holder ?? nothing} .value=${value}></textarea>`);

export const choice = (label, name, options, value) =>
  html`<fieldset class="tr-choice"><legend class="tr-label">${label}</legend>
    <div>${options.map(([key, words]) => html`<label><input type="radio" name=${name} value=${key} ?checked=${key === value}><span>${words}</span></label>`)}</div></fieldset>`;

export const save = (words, glyph) => html`<div class="tr-phone-sheet-foot"><button type="submit" class="tr-btn tr-btn-primary tr-btn-xl tr-btn-full">${glyph ? icon(glyph, 20) : nothing}${words}</button></div>`;

const MOST = 12;

/** Finds an item of the price book by typing. `chosen` is called with it; the sheet draws itself anew. */
export function pricePicker(prices, { draw }, chosen) {
  const state = { text: "", item: null };
  const found = () => {
    const wanted = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    return prices.filter((p) => wanted.every((word) => `${p.name} ${p.code ?? ""} ${p.category ?? ""}`.toLowerCase().includes(word))).slice(0, MOST);
  };
  const choose = (item) => {
    state.item = item;
    chosen(item);
    draw();
  };
  const id = uid();
  return () =>
    state.item
      ? html`<div class="tr-picked"><span><strong>${state.item.name}</strong>${state.item.price_cents == null ? nothing : html`<span class="tr-sub">${cents(state.item.price_cents)}</span>`}</span><button type="button" class="tr-btn tr-btn-ghost" @click=${() => choose(null)}>Change</button></div>`
      : html`<div class="tr-field"><label class="tr-label" for=${id}>From the price book</label>
          <input class="tr-input" id=${id} type="search" autocomplete="off" placeholder="Search" .value=${state.text} @input=${(event) => ((state.text = event.target.value), draw())}>
          <ul class="tr-pick">${found().map((p) => html`<li><button type="button" @click=${() => choose(p)}><span>${p.name}</span><span class="tr-sub">${p.price_cents == null ? "" : cents(p.price_cents)}</span></button></li>`)}</ul></div>`;
}

const cents = (amount) => new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" }).format(amount / 100);

/** Cents of an amount as people type it; null for what is none. */
export function parseCents(text) {
  const tidy = String(text ?? "").replace(/[$,\s]/g, "");
  const [, whole, part = ""] = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(tidy) ?? [];
  return whole === undefined ? null : Number(whole) * 100 + Number(part.padEnd(2, "0"));
}

/** Thousandths of a quantity as people type it; null for what is none. */
export function parseMilli(text) {
  const [, whole, part = ""] = /^(\d{0,6})(?:[.,](\d{1,3}))?$/.exec(String(text ?? "").trim()) ?? [];
  const found = whole === undefined ? 0 : Number(whole || 0) * 1000 + Number(part.padEnd(3, "0"));
  return found > 0 ? found : null;
}

export const milliWords = (milli) => String(milli / 1000);
export const kept = (words = "Kept.") => toast({ kind: "success", text: navigator.onLine ? words : `${words} It is sent when there is a signal.` });
