// <button data-module="copy" data-copy="text">
import { icon, listen } from "../dom.js";
import { toast } from "../toasts.js";

const BACK_MS = 1600;

export default function copy(button) {
  const original = button.querySelector(".tr-icon");
  let timer;
  const stop = listen(button, {
    async click() {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
      } catch {
        toast({ kind: "warning", text: "The browser did not allow copying. Select the text and copy it." });
        return;
      }
      const done = icon("check");
      button.querySelector(".tr-icon").replaceWith(done);
      toast({ kind: "success", text: "Copied." });
      clearTimeout(timer);
      timer = setTimeout(() => done.replaceWith(original), BACK_MS);
    },
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}
