// Slack's modals, drawn as Slack draws them. The reference is
// https://docs.slack.dev/reference/views/modal-views

import { drawBlocks } from "./blockkit.js";
import { combobox } from "./combobox.js";
import { cannotDraw, el } from "./dom.js";

/**
 * modals shows the view of a state; see `front` in chat.js. `open` takes over
 * links.
 */
export const modals = (open) => ({ over, press, ask, name }) => {
  let drawn = null;
  return ({ view }) => {
    if (!view) {
      drawn = null;
      over.hide();
      return;
    }
    const json = JSON.stringify({ ...view, errors: null });
    if (drawn?.json !== json) {
      drawn = { json, id: view.id, ...draw(view, drawn?.id === view.id ? drawn.inputs : new Map(), { over, press, ask, name, open }) };
    }
    drawn.correct(view.errors ?? {});
  };
};

// draw shows a view. An input that is as it was in `old` keeps what was
// filled in, as in Slack.
function draw(view, old, { over, press, ask, name, open }) {
  const inputs = new Map(); // block_id -> input
  let told = "{}"; // the app's errors that are shown

  const filled = () => Object.fromEntries([...inputs].filter(([, one]) => one.read).map(([id, one]) => [id, one.read()]));
  // A search tells what else is filled in, as Slack's does.
  const search = async (action_id, text) => (await ask("/_sim/suggest", { action_id, text, values: filled() })).options ?? [];
  const input = (block) => {
    const json = JSON.stringify(block);
    const before = old.get(block.block_id);
    const one = before?.json === json ? before : { json, ...inputBlock(block, search) };
    inputs.set(block.block_id, one);
    return one.node;
  };
  const body = drawBlocks(view.blocks, {
    open, names: name, input,
    act: ({ action_id, value, button }) => press("/_sim/click", { action_id, value }, "The click", button),
  });

  // mark shows errors by block_id, and puts the keyboard to the first.
  const mark = (errors) => {
    for (const [id, one] of inputs) one.error(errors[id] ?? "");
    [...inputs].find(([id]) => errors[id])?.[1].focus();
  };
  const button = view.submit && el("button", { type: "submit", class: "bk-button bk-primary" }, view.submit);
  const submit = async () => {
    if (!button || button.disabled) return;
    const empty = [...inputs].filter(([, one]) => one.required && one.read() === "");
    mark(Object.fromEntries(empty.map(([id]) => [id, "Please complete this required field."])));
    if (empty.length > 0) return;
    told = "";
    button.disabled = true;
    await press("/_sim/submit", { values: filled() }, "The form", button);
    button.disabled = false;
  };
  const close = () => press("/_sim/close", {}, "Closing the form");
  over.show({
    title: view.title, body, close, submit,
    foot: [el("button", { type: "button", class: "bk-button", on: { click: close } }, view.close), button],
  });

  return {
    inputs,
    correct(errors) {
      const json = JSON.stringify(errors);
      if (json === told) return;
      told = json;
      mark(errors);
    },
  };
}

// inputBlock draws a label, what is filled in, and what there is to say about it.
function inputBlock(block, search) {
  const e = block.element;
  if (!fields[e?.type]) {
    return { node: cannotDraw(`${e?.type} in an input block`), required: false, error() {}, focus() {} };
  }
  const id = `input-${crypto.randomUUID()}`;
  const label = block.label?.text ?? "";
  const { node, control, read } = fields[e.type](e, { label, search });
  const group = node.getAttribute("role") === "group";
  if (group) node.setAttribute("aria-label", label);
  else control.id = id;
  const hint = block.hint && el("div", { id: `${id}-hint`, class: "field-hint" }, block.hint.text);
  const error = el("div", { id: `${id}-error`, class: "field-error", hidden: true, attrs: { role: "alert" } });
  control.setAttribute("aria-describedby", [hint && hint.id, error.id].filter(Boolean).join(" "));
  if (!block.optional && !group) control.setAttribute("aria-required", "true");
  return {
    node: el("div", { class: "field", data: { block: block.block_id } },
      el(group ? "div" : "label", { class: "field-label", htmlFor: group ? undefined : id },
        label, block.optional && el("span", {}, " (optional)")),
      node, hint, error),
    required: !block.optional,
    read,
    focus: () => control.focus(),
    error(text) {
      error.textContent = text;
      error.hidden = text === "";
      control.setAttribute("aria-invalid", String(text !== ""));
    },
  };
}

// fields make {node, control, read}: what is shown, what takes the keyboard, and
// what is handed in; "" is an empty one.
const fields = {
  plain_text_input(e) {
    const field = e.multiline ? el("textarea", { rows: 4 }) : el("input", { type: "text", autocomplete: "off" });
    field.maxLength = e.max_length ?? 3000;
    field.placeholder = e.placeholder?.text ?? "";
    field.value = e.initial_value ?? "";
    return { node: field, control: field, read: () => field.value };
  },

  static_select(e) {
    const first = e.initial_option?.value ?? "";
    const option = (o) => el("option", { value: o.value, selected: o.value === first }, o.text.text);
    const field = el("select", {},
      el("option", { value: "" }, e.placeholder?.text ?? "Choose an option"),
      e.option_groups?.map((g) => el("optgroup", { label: g.label.text }, g.options.map(option))) ?? (e.options ?? []).map(option));
    return { node: field, control: field, read: () => field.value };
  },

  external_select(e, { label, search }) {
    const first = e.initial_option && { text: e.initial_option.text.text, value: e.initial_option.value };
    const { node, field, read } = combobox({
      label, placeholder: e.placeholder?.text ?? "Choose an option", chosen: first, least: e.min_query_length ?? 3,
      suggest: (text) => search(e.action_id, text),
    });
    return { node, control: field, read };
  },

  datepicker(e) {
    const field = el("input", { type: "date", value: e.initial_date ?? "" });
    return { node: field, control: field, read: () => field.value };
  },

  checkboxes(e) {
    const on = (e.initial_options ?? []).map((o) => o.value);
    const boxes = (e.options ?? []).map((o) => el("input", { type: "checkbox", value: o.value, checked: on.includes(o.value) }));
    return {
      node: el("div", { class: "field-choices", attrs: { role: "group" } }, (e.options ?? []).map((o, i) => el("label", { class: "ac-choice" }, boxes[i],
        el("span", {}, o.text.text, o.description && el("small", {}, o.description.text))))),
      control: boxes[0],
      read: () => boxes.filter((b) => b.checked).map((b) => b.value).join(","),
    };
  },
};
