// A form with one date: goes there as soon as one is chosen; a click on its words opens the calendar.
import { listen } from "../dom.js";

export default function dayPicker(form) {
  const input = form.querySelector("input[type=date]");
  const first = input.value;
  return listen(form, {
    change: () => input.value && input.value !== first && form.requestSubmit(),
    click: (event) => {
      if (event.target.closest("label") && input.showPicker) {
        event.preventDefault();
        input.showPicker();
      }
    },
  });
}
