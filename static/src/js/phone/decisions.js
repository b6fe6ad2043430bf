// What needs a word from the technician: two versions of one thing, and what the server refused.
import { html, nothing } from "lit-html";
import { toast } from "../toasts.js";
import { app, discard, retry, soon } from "./app.js";
import * as net from "./net.js";
import { icon } from "./parts.js";
import { named } from "./state.js";

export const versions = (found, title, mine = true) => html`<section class="tr-versions" aria-label="Two versions: ${found.subject}">
  <h2>${icon("git-compare", 18)} Two versions: ${found.subject}${title ? html` of “${title}”` : nothing}</h2>
  ${found.why ? html`<p class="tr-sub">${found.why}</p>` : nothing}
  <dl><div><dt>Yours</dt><dd>${found.phone}</dd></div><div><dt>The office’s${found.by ? ` (${found.by})` : ""}</dt><dd>${found.office}</dd></div></dl>
  ${mine ? html`<div class="tr-two-up"><button class="tr-btn tr-btn-secondary" ?disabled=${!app.online} @click=${() => decide(found, "phone")}>Keep mine</button><button class="tr-btn tr-btn-secondary" ?disabled=${!app.online} @click=${() => decide(found, "office")}>Keep the office’s</button></div>
      ${app.online ? nothing : html`<p class="tr-sub">You can decide when there is a signal.</p>`}` : html`<p class="tr-sub">The office decides: this job is not yours any more.</p>`}
</section>`;

async function decide(found, choice) {
  try {
    await net.post(`/my/phone/conflicts/${found.id}`, { choice });
    toast({ kind: "success", text: choice === "phone" ? "Your version holds." : "The office’s version holds." });
  } catch (problem) {
    toast({ kind: "warning", text: problem instanceof net.Refused ? problem.message : "No connection. Try again when there is a signal." });
  }
  soon(0);
}

/** What the server refused: it is still here, with the reason. */
export const problem = (action) => html`<section class="tr-versions" data-refused aria-label="Not kept: ${named(action)}">
  <h2>${icon("circle-alert", 18)} Not kept: ${named(action)}</h2>
  <p>${action.message}</p>
  ${action.candidates ? html`<div class="tr-choose">${action.candidates.map((c) => html`<button class="tr-btn tr-btn-secondary" @click=${() => retry(action, { customer_choice: String(c.id) })}>${c.name}<span class="tr-sub">${c.hint}</span></button>`)}<button class="tr-btn tr-btn-secondary" @click=${() => retry(action, { customer_choice: "new" })}>A new customer</button></div>` : nothing}
  <div class="tr-two-up"><button class="tr-btn tr-btn-secondary" @click=${() => discard(action)}>Discard</button>${action.picture === null && ["photo", "signature"].includes(action.kind) ? nothing : html`<button class="tr-btn tr-btn-secondary" @click=${() => retry(action)}>Try again</button>`}</div>
</section>`;
