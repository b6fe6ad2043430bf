// The forms of a job: each keeps one thing, with or without a signal.
import { html, nothing } from "lit-html";
import SignaturePad from "signature_pad";
import { act, app, money } from "./app.js";
import { area, choice, field, icon, input, kept, milliWords, parseCents, parseMilli, pricePicker, save, sheet } from "./parts.js";
import { smaller } from "./photo.js";
import { along } from "./position.js";
import { requiredOpen } from "./state.js";

export function noteSheet(job) {
  sheet("Add a note", () => html`${area("Note", "body")}<label class="tr-check"><input type="checkbox" name="public"><span>The customer may read it</span></label>${save("Keep note")}`, async (form) => {
    const body = String(form.get("body")).trim();
    if (!body) return "Write something.";
    await act("note", job, { body, public: form.has("public") });
    kept("The note is kept.");
    return "";
  });
}

export function checkSheet(job, step) {
  sheet(step.body, () => html`${area("Note", "note", { value: step.note, rows: 3, limit: 500, holder: step.required ? "Why it was not done, or what was found" : "What was found" })}
      <div class="tr-phone-sheet-foot tr-two-up"><button type="submit" class="tr-btn tr-btn-secondary tr-btn-xl" name="done" value="">Not done</button><button type="submit" class="tr-btn tr-btn-primary tr-btn-xl" name="done" value="1">${icon("check", 20)}Done</button></div>`,
    async (form, button) => {
      await tick(job, step, button.value === "1", String(form.get("note")).trim());
      return "";
    });
}

export async function tick(job, step, done, note = step.note) {
  await act("checklist", job, { step_id: step.id, done, note, seen: { done: step.done, note: step.note } });
}

export function photoSheet(job, file, stage = "") {
  const url = URL.createObjectURL(file);
  const { dialog } = sheet("Photo", () => html`<img class="tr-preview" src=${url} alt="The photo">
      ${choice("When", "stage", [["before", "Before"], ["after", "After"], ["", "Neither"]], stage)}${input("What it shows", "caption", { holder: "Nameplate, burnt contactor …" })}${save("Keep photo", "camera")}`,
    async (form) => {
      let picture;
      try {
        picture = await smaller(file);
      } catch {
        return "This picture cannot be read. Choose another one.";
      }
      await act("photo", job, { stage: form.get("stage") ?? "", caption: String(form.get("caption")).trim() }, { picture });
      kept("The photo is kept.");
      return "";
    });
  dialog.addEventListener("close", () => URL.revokeObjectURL(url));
}

export function materialSheet(job) {
  let item = null;
  let picker;
  const opened = (tools) => {
    picker ??= pricePicker(app.prices, tools, (found) => (item = found));
    return html`${picker()}${item ? nothing : input("Or in your own words", "description", { holder: "3/4 in. copper elbow" })}${input("How many", "quantity", { value: "1", mode: "decimal", limit: 10 })}${save("Keep material")}`;
  };
  sheet("Add material", opened, async (form) => {
    const description = item?.name ?? String(form.get("description") ?? "").trim();
    const quantity = parseMilli(form.get("quantity"));
    if (!description) return "Choose an item, or write what was used.";
    if (!quantity) return "Write how many, such as 2 or 2.5.";
    await act("material", job, { item_id: item?.id ?? null, description, quantity_milli: quantity, unit_price_cents: item?.price_cents ?? null });
    kept(`${milliWords(quantity)} × ${description} kept.`);
    return "";
  });
}

export function readingSheet(job, unit) {
  const names = [...new Set(unit.readings.map((r) => r.name))];
  const last = Object.fromEntries(unit.readings.map((r) => [r.name, r.unit]));
  let measure = "";
  const draw = (tools) => html`
    ${names.length ? html`<div class="tr-quick" role="group" aria-label="Measured before">${names.map((name) => html`<button type="button" class="tr-quick-btn" @click=${() => pick(tools.dialog, name)}>${name}</button>`)}</div>` : nothing}
    ${input("What was measured", "name", { limit: 80, holder: "Suction pressure" })}${input("Value", "value", { limit: 80, mode: "decimal", holder: "118" })}${input("Measure", "unit", { limit: 20, value: measure, holder: "psi" })}${save("Keep reading", "gauge")}`;
  const pick = (dialog, name) => {
    measure = last[name] ?? "";
    dialog.querySelector("[name=name]").value = name;
    dialog.querySelector("[name=unit]").value = measure;
    dialog.querySelector("[name=value]").focus();
  };
  sheet(`${unit.kind}${unit.make ? `, ${unit.make}` : ""}`, draw, async (form) => {
    const [name, value, unitWords] = ["name", "value", "unit"].map((key) => String(form.get(key)).trim());
    if (!name) return "Say what was measured.";
    if (!value) return "Write what it showed.";
    await act("reading", job, { equipment_id: unit.id, name, value, unit: unitWords });
    kept(`${name} kept.`);
    return "";
  });
}

export function saleSheet(job) {
  let item = null;
  let picker;
  const price = (id) => html`<span class="tr-affix"><span class="tr-affix-before">$</span><input class="tr-input" id=${id} name="price" inputmode="decimal" autocomplete="off" .value=${item?.price_cents == null ? "" : (item.price_cents / 100).toFixed(2)}></span>`;
  const opened = (tools) => {
    picker ??= pricePicker(app.prices, tools, (found) => (item = found));
    return html`${picker()}${item ? field("Price", price) : nothing}
      ${job ? html`<p class="tr-sub">Sold to ${job.customer || "this customer"}</p>` : html`${input("Customer’s name", "customer_name")}${input("Phone", "customer_phone", { type: "tel", limit: 40 })}`}
      ${choice("Paid by", "payment_type", [["", "Not yet"], ["Card", "Card"], ["Check", "Check"], ["Cash", "Cash"]], "")}${area("Notes", "notes", { rows: 2, limit: 2000 })}${save("Record sale", "badge-dollar-sign")}`;
  };
  sheet("Record a sale", opened, async (form) => {
    if (!item) return "Choose what was sold.";
    const amount = parseCents(form.get("price"));
    if (amount === null) return "Write the price, such as 189.00.";
    const buyer = job ? {} : { customer_name: String(form.get("customer_name")).trim(), customer_phone: String(form.get("customer_phone")).trim() };
    await act("sale", job, { item_id: item.id, item_name: item.name, price_cents: amount, payment_type: form.get("payment_type") ?? "", notes: String(form.get("notes")).trim(), ...buyer });
    kept(`Sale of ${money(amount)} kept.`);
    return "";
  });
}

export function signatureSheet(job) {
  let pad;
  const { dialog } = sheet("Signature", () => html`${input("Who signs", "signer", { value: job.customer, limit: 120 })}
      <div class="tr-field"><p class="tr-label" id="sign-label">Sign here</p><div class="tr-sign"><canvas aria-labelledby="sign-label" role="img"></canvas></div>
      <button type="button" class="tr-btn tr-btn-ghost" @click=${() => pad.clear()}>${icon("eraser", 18)}Clear</button></div>${save("Keep signature", "signature")}`,
    async (form) => {
      const signer = String(form.get("signer")).trim();
      if (!signer) return "Write the name of who signs.";
      if (pad.isEmpty()) return "There is no signature yet.";
      const picture = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
      await act("signature", job, { signer }, { picture });
      kept("The signature is kept.");
      return "";
    });
  const canvas = dialog.querySelector("canvas");
  const fit = () => {
    const drawn = pad?.toData();
    const ratio = Math.max(1, devicePixelRatio);
    canvas.width = canvas.offsetWidth * ratio;
    canvas.height = canvas.offsetHeight * ratio;
    canvas.getContext("2d").scale(ratio, ratio);
    if (drawn) pad.fromData(drawn);
  };
  fit();
  pad = new SignaturePad(canvas, { penColor: "#111", backgroundColor: "#fff", minWidth: 0.8, maxWidth: 2.6 });
  const turned = new ResizeObserver(fit);
  turned.observe(canvas);
  dialog.addEventListener("close", () => {
    turned.disconnect();
    pad.off();
  });
}

export function completeSheet(job) {
  const open = requiredOpen(job);
  const signed = job.files.some((f) => f.kind === "signature");
  const mustSign = app.day?.require_signature && !signed;
  sheet("Complete job", ({ close }) => html`
      ${open.length ? html`<div class="tr-must"><p>${icon("triangle-alert", 18)} ${open.length === 1 ? "One required step is" : `${open.length} required steps are`} open:</p><ul>${open.map((s) => html`<li>${s.body}</li>`)}</ul></div>` : nothing}
      ${area("What was done", "outcome", { value: job.outcome, rows: 5, holder: "Replaced the capacitor, checked the charge. Cooling well." })}
      <ul class="tr-facts-line"><li>${icon("camera", 16)} ${count(job.files.filter((f) => f.kind === "photo"), "photo")}</li><li>${icon("package", 16)} ${count(job.materials, "material")}</li><li>${icon("signature", 16)} ${signed ? "Signed" : "Not signed"}</li></ul>
      ${signed ? nothing : html`<button type="button" class="tr-btn tr-btn-secondary tr-btn-full" @click=${() => (close(), signatureSheet(job))}>${icon("signature", 18)}Get a signature</button>`}
      ${save("Complete job", "circle-check")}`,
    async (form) => {
      if (open.length) return "Do the required steps first, or write at each why not.";
      if (mustSign) return "The company asks for a signature first.";
      const outcome = String(form.get("outcome")).trim();
      if (!outcome) return "Write what was done.";
      await step(job, "completed", { outcome, seen_outcome: job.outcome });
      kept("Job completed.");
      return "";
    });
}

const count = (list, word) => (list.length ? `${list.length} ${word}${list.length === 1 ? "" : "s"}` : `No ${word}s`);

export async function step(job, to, more = {}) {
  await act("status", job, { status: to, visit_id: job.visit_id, seen: job.status, ...more }, { place: along() });
}
