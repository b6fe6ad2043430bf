// One job: whom to reach, what is to be done, and everything that is kept on it. The next step is the one big button.
import { html, nothing } from "lit-html";
import { act, app, dateWords, dayWords, minutesWords, money, momentWords, timeWords } from "./app.js";
import * as clock from "./clock.js";
import { versions } from "./decisions.js";
import { icon, kept, lines, milliWords, notSent, pill, section } from "./parts.js";
import { address } from "./photo.js";
import { checkSheet, completeSheet, materialSheet, noteSheet, photoSheet, readingSheet, saleSheet, signatureSheet, step, tick } from "./sheets.js";
import { isOver, NEXT, STATUS_WORDS, STEP_LABELS } from "./state.js";

export function jobView(job) {
  const done = job.steps.filter((s) => s.done).length;
  const photos = job.files.filter((f) => f.kind !== "signature");
  const signatures = job.files.filter((f) => f.kind === "signature");
  return html`<div class="tr-stack tr-job">
    ${head(job)} ${reach(job)}
    ${job.held === null ? nothing : html`<div class="tr-callout tr-callout-warning">${icon("pause", 18)}<div><p>On hold: ${job.held}</p></div></div>`}
    ${job.conflicts.map((c) => versions(c, ""))}
    ${job.description || job.reason ? html`<section class="tr-block"><h2>What is to be done</h2>${job.reason ? lines(job.reason) : nothing}${job.description ? lines(job.description) : nothing}</section>` : nothing}
    ${job.access_notes || job.customer_notes ? html`<section class="tr-block" data-notes><h2>Customer notes</h2>${job.access_notes ? html`<p class="tr-lines">${icon("key-round", 16)} ${job.access_notes}</p>` : nothing}${job.customer_notes ? lines(job.customer_notes) : nothing}</section>` : nothing}
    ${job.outcome && isOver(job) ? html`<section class="tr-block"><h2>What was done</h2>${lines(job.outcome)}</section>` : nothing}
    <div class="tr-folds">
      ${job.steps.length ? section("checklist", "Checklist", "list-checks", `${done} of ${job.steps.length}`, checklist(job), !isOver(job)) : nothing}
      ${job.equipment.length ? section("equipment", "Equipment", "wrench", job.equipment.length, equipment(job)) : nothing}
      ${section("photos", "Photos", "camera", photos.length, photosOf(job, photos))}
      ${section("materials", "Materials", "package", job.materials.length, materials(job))}
      ${section("notes", "Notes", "message-square-text", job.notes.length, notes(job))}
      ${section("sale", "Sales", "badge-dollar-sign", job.sales.length, sales(job))}
      ${section("signature", "Signature", "signature", signatures.length, signature(job, signatures))}
      ${job.history.length ? section("history", "Earlier visits", "history", job.history.length, history(job)) : nothing}
    </div>
  </div>`;
}

const head = (job) => html`<div class="tr-job-head">
  <p class="tr-pills">${job.held === null ? pill(job.status, STATUS_WORDS[job.status]) : pill("on_hold", "On hold")}${["urgent", "high"].includes(job.priority) ? pill(job.priority, job.priority === "urgent" ? "Urgent" : "High") : nothing}<span class="tr-sub">${job.type}</span>${notSent(job)}</p>
  <h2>${job.customer || "No name"}</h2>
  <p>${job.address}</p>
  <p class="tr-sub">${job.starts_at ? `${dateWords(job.starts_at)}, ${timeWords(job.starts_at)}–${timeWords(job.ends_at)}` : "Any time"}${job.window_start ? ` · promised ${timeWords(job.window_start)}–${timeWords(job.window_end)}` : ""}${job.drive_minutes ? ` · ${minutesWords(job.drive_minutes)} drive` : ""}${job.crew.length ? ` · with ${job.crew.join(", ")}` : ""}</p>
</div>`;

const reach = (job) => html`<div class="tr-reach">
  ${job.phone ? html`<a class="tr-btn tr-btn-secondary" href="tel:${job.phone}">${icon("phone", 20)}Call</a><a class="tr-btn tr-btn-secondary" href="sms:${job.phone}">${icon("message-square", 20)}Text</a>` : nothing}
  ${job.map_url ? html`<a class="tr-btn tr-btn-secondary" href=${job.map_url} target="_blank" rel="noopener">${icon("navigation", 20)}Navigate</a>` : nothing}
</div>`;

const checklist = (job) => html`<ul class="tr-checks">${job.steps.map((s) => html`<li class="tr-check-line">
  <button class="tr-checkbox" aria-pressed=${s.done ? "true" : "false"} @click=${() => tick(job, s, !s.done)}>${icon("check", 20)}<span class="visually-hidden">${s.body}</span></button>
  <button class="tr-check-words" @click=${() => checkSheet(job, s)}><span><span class="visually-hidden">Note on </span>${s.body}</span>${s.required && !s.done ? html`<span class="tr-sub">Required</span>` : nothing}${s.note ? html`<span class="tr-sub">${s.note}</span>` : nothing}</button>
</li>`)}</ul>`;

const equipment = (job) => job.equipment.map((u) => html`<div class="tr-unit">
  <p><strong>${u.kind}</strong>${u.location ? html` <span class="tr-sub">${u.location}</span>` : nothing}${u.concerned ? pill("dispatched", "This job") : nothing}</p>
  <p class="tr-sub">${[u.make, u.model, u.serial && `S/N ${u.serial}`].filter(Boolean).join(" · ")}</p>
  ${u.installed_on || u.warranty_until ? html`<p class="tr-sub">${[u.installed_on && `Installed ${dayWords(u.installed_on)}`, u.warranty_until && `${u.warranty_until < clock.now().toISOString().slice(0, 10) ? "Warranty ended" : "Warranty until"} ${dayWords(u.warranty_until)}`].filter(Boolean).join(" · ")}</p>` : nothing}
  ${u.notes ? lines(u.notes) : nothing}
  ${u.readings.length ? html`<ul class="tr-readings">${u.readings.slice(0, 8).map((r) => html`<li><span>${r.name}</span><strong>${r.value} ${r.unit}</strong><span class="tr-sub">${momentWords(r.at)}</span>${notSent(r)}</li>`)}</ul>` : nothing}
  <button class="tr-btn tr-btn-secondary tr-btn-full" @click=${() => readingSheet(job, u)}>${icon("gauge", 18)}Add a reading</button>
</div>`);

const STAGE_WORDS = { before: "Before", after: "After" };
/** What was taken here, else what is kept here, else what the server has. */
function source(f) {
  if (f.picture) return address(f.action, f.picture);
  const kept = app.pictures.get(f.id);
  return kept ? address(`file-${f.id}`, kept) : app.online ? f.url : "";
}

const gallery = (job, files) => html`<ul class="tr-photos">${files.map((f) => html`<li>
  ${f.kind === "document" ? html`<a class="tr-btn tr-btn-secondary tr-btn-full" href=${f.url}>${icon("file-text", 18)}${f.caption}</a>` : source(f) ? html`<a href=${source(f)} target="_blank" rel="noopener"><img src=${source(f)} alt=${f.kind === "signature" ? `Signature of ${f.signer}` : f.caption || "Photo"} loading="lazy"></a>` : html`<span class="tr-photo-gone">${icon("camera", 22)}</span>`}
  <span class="tr-photo-words">${[STAGE_WORDS[f.stage], f.signer, f.kind === "document" ? "" : f.caption].filter(Boolean).join(" · ")}</span>${notSent(f)}
  ${f.mine && f.id ? html`<button class="tr-btn tr-btn-ghost tr-btn-icon tr-photo-drop" @click=${() => act("file-removed", job, { file_id: f.id })}>${icon("trash-2", 18)}<span class="visually-hidden">Remove ${f.caption || f.signer || "photo"}</span></button>` : nothing}
</li>`)}</ul>`;

const camera = (job, stage, words) => html`<label class="tr-btn tr-btn-secondary tr-btn-full tr-camera">${icon("camera", 18)}${words}<input type="file" accept="image/*" capture="environment" class="visually-hidden" @change=${(event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) photoSheet(job, file, stage);
}}></label>`;

const photosOf = (job, files) => html`${files.length ? gallery(job, files) : nothing}<div class="tr-two-up">${camera(job, "before", "Before")}${camera(job, "after", "After")}</div>`;

const materials = (job) => html`${job.materials.length ? html`<ul class="tr-rows">${job.materials.map((m) => html`<li><span><strong>${milliWords(m.quantity_milli)} ×</strong> ${m.description}${m.unit_price_cents == null ? nothing : html`<span class="tr-sub">${money(m.unit_price_cents)} each</span>`}${notSent(m)}</span>
    ${m.mine && m.id ? html`<button class="tr-btn tr-btn-ghost tr-btn-icon" @click=${() => (act("material-removed", job, { material_id: m.id }), kept("Removed."))}>${icon("trash-2", 18)}<span class="visually-hidden">Remove ${m.description}</span></button>` : nothing}</li>`)}</ul>` : nothing}
  <button class="tr-btn tr-btn-secondary tr-btn-full" @click=${() => materialSheet(job)}>${icon("plus", 18)}Add material</button>`;

const notes = (job) => html`${job.notes.map((n) => html`<div class="tr-note">${lines(n.body)}<p class="tr-sub">${n.author}, ${momentWords(n.at)}${n.public ? " · the customer may read it" : ""}</p>${notSent(n)}</div>`)}
  <button class="tr-btn tr-btn-secondary tr-btn-full" @click=${() => noteSheet(job)}>${icon("plus", 18)}Add a note</button>`;

const sales = (job) => html`${job.sales.length ? html`<ul class="tr-rows">${job.sales.map((s) => html`<li><span>${s.item}${s.earned_cents == null ? nothing : html`<span class="tr-sub">It earns you ${money(s.earned_cents)}</span>`}${notSent(s)}</span><strong>${money(s.price_cents)}</strong></li>`)}</ul>` : nothing}
  <button class="tr-btn tr-btn-secondary tr-btn-full" @click=${() => saleSheet(job)}>${icon("plus", 18)}Record a sale</button>`;

const signature = (job, files) => html`${files.length ? gallery(job, files) : nothing}<button class="tr-btn tr-btn-secondary tr-btn-full" @click=${() => signatureSheet(job)}>${icon("signature", 18)}Get a signature</button>`;

const history = (job) => job.history.map((h) => html`<div class="tr-note"><p><strong>${h.title}</strong></p>${h.outcome ? lines(h.outcome) : nothing}<p class="tr-sub">${dateWords(h.at)}${h.technician ? `, ${h.technician}` : ""}${h.here ? "" : " · another address"}</p></div>`);

const DOUBLE_TAP_MS = 600;

/** The one big button. */
export function action(job) {
  const next = NEXT[job.status];
  if (!next || job.held !== null) return nothing;
  const press = (event) => {
    if (next === "completed") return completeSheet(job);
    const button = event.currentTarget;
    if (button.hasAttribute("aria-busy")) return; // the second tap of a double tap is not the next step
    button.setAttribute("aria-busy", "true");
    setTimeout(() => button.removeAttribute("aria-busy"), DOUBLE_TAP_MS);
    return step(job, next);
  };
  return html`<button class="tr-btn tr-btn-primary tr-btn-xl tr-btn-full" @click=${press}>${icon(next === "completed" ? "circle-check" : "arrow-right", 20)}${STEP_LABELS[next]}</button>`;
}
