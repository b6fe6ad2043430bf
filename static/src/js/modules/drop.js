// A file input with a large place to drop on, that says what was chosen.
import { el, listen } from "../dom.js";

const size = (bytes) => (bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`);

export default function drop(element) {
  const input = element.querySelector("input[type=file]");
  const files = element.querySelector("[data-drop-files]");
  const show = () => files?.replaceChildren(...[...input.files].map((file) => el("li", {}, `${file.name} · ${size(file.size)}`)));
  const over = (on) => element.toggleAttribute("data-over", on);
  show();
  return listen(element, {
    dragover: (event) => {
      event.preventDefault();
      over(true);
    },
    dragleave: () => over(false),
    drop: (event) => {
      event.preventDefault();
      over(false);
      if (!event.dataTransfer.files.length) return;
      const chosen = new DataTransfer();
      for (const file of [...event.dataTransfer.files].slice(0, input.multiple ? undefined : 1)) chosen.items.add(file);
      input.files = chosen.files;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.dispatchEvent(new Event("change", { bubbles: true }));
    },
    change: show,
  });
}
