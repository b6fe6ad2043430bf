// The column chooser sends ?cols=a,b in one piece and leaves out what is only the default.
import { listen } from "../dom.js";

export default function columns(element) {
  return listen(element, {
    submit(event) {
      event.preventDefault();
      const boxes = [...element.querySelectorAll("input[name=cols]")];
      const params = new URLSearchParams(new FormData(element));
      params.delete("cols");
      const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
      const usual = boxes.every((box) => box.checked === box.hasAttribute("data-usual"));
      if (!usual && chosen.length) params.set("cols", chosen.join(","));
      location.assign(`${element.action}${params.size ? `?${params}` : ""}`);
    },
  });
}
