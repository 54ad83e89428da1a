// A field in which one types to find, and picks what was found. How it behaves
// is the pattern of https://www.w3.org/WAI/ARIA/apg/patterns/combobox/

import { el, swap } from "./dom.js";

const PAUSE = 150; // ms of not typing after which it is asked

/**
 * combobox makes such a field. `suggest(typed)` returns, or promises,
 * [{text, value}]; it is asked from `least` characters on. `chosen` is the one
 * picked already.
 *
 * What is typed counts for nothing until something is picked: whoever leaves
 * the field gets the last pick back, or none where the field is left empty.
 */
export function combobox({ label, placeholder = "", chosen, least = 0, suggest }) {
  const none = { text: "", value: "" };
  let picked = chosen ?? none;
  let found = [];
  let active = -1;
  let asked = 0; // an answer that was overtaken by another question is dropped
  let pause = 0;

  const id = `combobox-${crypto.randomUUID()}`;
  const list = el("ul", { id, class: "combobox-list", hidden: true, attrs: { role: "listbox", "aria-label": label } });
  const hint = el("div", { class: "combobox-hint", hidden: true, attrs: { role: "status" } });
  const field = el("input", {
    id: `${id}-field`, type: "text", value: picked.text, placeholder, autocomplete: "off", spellcheck: false,
    attrs: { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id, "aria-label": label },
    on: {
      input: ask,
      click: () => { if (list.hidden) ask(); },
      focus: () => field.select(),
      blur: () => { leave(); close(); },
      keydown: keys,
    },
  });

  function ask() {
    clearTimeout(pause);
    const mine = ++asked;
    // Whoever comes back to what was picked wants to see what else there is.
    const typed = field.value === picked.text ? "" : field.value.trim();
    if ([...typed].length < least) {
      show([], `Type ${least === 1 ? "to search" : `${least} characters to search`}`);
      return;
    }
    pause = setTimeout(async () => {
      if (found.length === 0) show([], "Searching");
      try {
        const answer = await suggest(typed);
        if (mine === asked) show(answer, answer.length === 0 ? "Nothing found" : "");
      } catch (err) {
        if (mine === asked) show([], `Not found out: ${err.message}`);
      }
    }, PAUSE);
  }

  function show(options, words) {
    found = options;
    hint.textContent = words;
    hint.hidden = words === "";
    swap(list, options.map((o, i) => el("li", {
      id: `${id}-${i}`, attrs: { role: "option", "aria-selected": "false" },
      on: {
        pointerdown: (e) => e.preventDefault(), // the keyboard stays in the field
        click: () => pick(i),
      },
    }, o.text)));
    list.hidden = options.length === 0;
    field.setAttribute("aria-expanded", String(!list.hidden));
    mark(options.length > 0 ? 0 : -1);
    if (words || options.length > 0) (list.hidden ? hint : list).scrollIntoView({ block: "nearest" });
  }

  function mark(i) {
    list.children[active]?.setAttribute("aria-selected", "false");
    active = i;
    const option = list.children[i];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
  }

  function pick(i) {
    picked = found[i];
    field.value = picked.text;
    close();
  }

  function leave() {
    if (field.value.trim() === "") picked = none;
    field.value = picked.text;
  }

  function close() {
    clearTimeout(pause);
    asked++;
    show([], "");
  }

  function keys(e) {
    if (e.isComposing) return;
    const open = !list.hidden;
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step && open) mark((active + step + found.length) % found.length);
    else if (step) ask();
    else if (e.key === "Enter" && open) pick(active);
    else if (e.key === "Escape" && (open || !hint.hidden)) { leave(); close(); }
    else return;
    e.preventDefault();
  }

  return {
    node: el("div", { class: "combobox" }, field, list, hint),
    field,
    read: () => (field.value === picked.text ? picked.value : ""),
  };
}
