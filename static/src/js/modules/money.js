// Dollars typed by a person: 1,234.50 to look at, 1234.50 to edit and to send. No floats: text stays text.
import { listen } from "../dom.js";

const plain = (text) => text.replace(/[$,\s]/g, "");

export function grouped(text) {
  const match = /^(-?)(\d*)(?:\.(\d{0,2}))?$/.exec(plain(text));
  if (!match || (!match[2] && !match[3])) return text; // not an amount: left for the server to say
  const [, sign, whole, cents] = match;
  const digits = (whole || "0").replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return `${sign}${digits}.${(cents ?? "").padEnd(2, "0")}`;
}

export default function money(input) {
  input.value = grouped(input.value);
  const stopOwn = listen(input, {
    focus: () => {
      input.value = plain(input.value);
      input.select();
    },
    blur: () => (input.value = grouped(input.value)),
  });
  // A field that HTMX has replaced is unmounted a moment later: until then it must not speak for the one in its place.
  const send = (event) => input.isConnected && event.formData.set(input.name, plain(input.value));
  const stopForm = input.form ? listen(input.form, { formdata: send }) : () => {};
  return () => {
    stopOwn();
    stopForm();
  };
}
