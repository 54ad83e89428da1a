// Teams' dialogs (task modules): a card, or a text alone.
// https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/what-are-task-modules

import { drawCard } from "./adaptive.js";
import { el } from "./dom.js";

/** tasks shows the dialog of a state; see `front` in chat.js. `open` takes over links. */
export const tasks = (open) => ({ over, press, ask }) => {
  let shown = "";
  return ({ dialog }) => {
    if (!dialog) {
      shown = "";
      over.hide();
      return;
    }
    if (shown === dialog.id) return;
    shown = dialog.id;
    const close = () => press("/_sim/close", {}, "Closing the dialog");
    const submit = ({ title, data, button }) => press("/_sim/submit", { title, data }, "The form", button);
    const suggest = async (dataset, text, data) => (await ask("/_sim/suggest", { dataset, text, data })).options ?? [];
    over.show({
      title: dialog.title, close,
      body: dialog.card ? drawCard(dialog.card, { submit, suggest, open }) : el("p", { class: "dialog-words" }, dialog.text),
      foot: !dialog.card && el("button", { type: "button", class: "ac-button ac-positive", on: { click: close } }, "OK"),
    });
  };
};
