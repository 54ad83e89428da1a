// Adaptive Cards 1.5, drawn as Teams draws them. The reference is
// https://adaptivecards.io/explorer/

import { combobox } from "./combobox.js";
import { cannotDraw, clock, el, link, moment, put, visit } from "./dom.js";

// As many actions as Teams shows in one row; the rest are behind "…".
const SHOWN_ACTIONS = 6;

/**
 * drawCard draws a card. `act` is called with {verb, data, button} when an
 * Action.Execute is pressed, `submit` with {title, data, button} when an
 * Action.Submit is, the card's inputs among the data; where one of them is
 * missing, so are its actions. `suggest(dataset, typed, filled)` promises what a
 * Data.Query finds, as [{text, value}]. `open` is called with the address of a
 * pressed link, and says whether it took care of it.
 */
export function drawCard(card, { act, submit, suggest, open }) {
  return drawBody(card, { act, submit, suggest, open, byId: new Map(), inputs: [], above: null });
}

// A card within a card (Action.ShowCard) has inputs of its own, and sends
// those of the cards around it as well.
function drawBody(card, how) {
  if (card?.type !== "AdaptiveCard") return cannotDraw(card?.type, "where a card should be");
  const box = el("div", { class: ["ac", `ac-style-${card.style ?? "default"}`] },
    el("div", { class: "ac-items" }, (card.body ?? []).map((e) => draw(e, how))));
  if (card.actions?.length) put(box, actions(card.actions, how));
  return box;
}

function draw(e, how) {
  const drawn = drawers[e?.type];
  if (!drawn) {
    if (e?.fallback === "drop") return null;
    if (e?.fallback) return draw(e.fallback, how);
    return cannotDraw(e?.type);
  }
  const node = drawn(e, how);
  node.classList.add("ac-item", `ac-gap-${(e.spacing ?? "default").toLowerCase()}`);
  if (e.separator) node.classList.add("ac-separator");
  if (e.isVisible === false) node.hidden = true;
  if (e.id) how.byId.set(e.id, node);
  return node;
}

const drawers = {
  TextBlock(e, how) {
    const heading = e.style === "heading";
    const node = el("div", {
      class: ["ac-text", ...textClasses(e), e.wrap ? "" : "ac-nowrap"],
      attrs: heading ? { role: "heading", "aria-level": "3" } : {},
    }, markdown(e.text ?? "", how.open));
    if (e.maxLines) {
      node.classList.add("ac-clamp");
      node.style.webkitLineClamp = e.maxLines;
    }
    return node;
  },

  RichTextBlock(e, how) {
    return el("div", { class: ["ac-text", e.horizontalAlignment && `ac-align-${e.horizontalAlignment.toLowerCase()}`] },
      (e.inlines ?? []).map((run) => {
        if (typeof run === "string") return run;
        if (run?.type !== "TextRun") return cannotDraw(`${run?.type} in a RichTextBlock`);
        const content = run.selectAction ? pressable(run.text, run.selectAction, how) : run.text;
        return el("span", {
          class: [...textClasses(run), run.italic && "ac-italic", run.strikethrough && "ac-strike",
            run.underline && "ac-underline", run.highlight && "ac-highlight"],
        }, content);
      }));
  },

  FactSet(e, { open }) {
    return el("dl", { class: "ac-facts" }, (e.facts ?? []).map((f) => [
      el("dt", {}, markdown(f.title ?? "", open)), el("dd", {}, markdown(f.value ?? "", open))]));
  },

  Container(e, how) {
    const box = el("div", { class: ["ac-container", ...boxClasses(e)] }, (e.items ?? []).map((i) => draw(i, how)));
    return e.selectAction ? pressableBox(box, e.selectAction, how) : box;
  },

  ColumnSet(e, how) {
    const box = el("div", { class: ["ac-columns", ...boxClasses(e)] }, (e.columns ?? []).map((c) => draw({ type: "Column", ...c }, how)));
    return e.selectAction ? pressableBox(box, e.selectAction, how) : box;
  },

  Column(e, how) {
    const box = el("div", { class: ["ac-column", ...boxClasses(e)] }, (e.items ?? []).map((i) => draw(i, how)));
    sized(box, e.width ?? "stretch");
    return e.selectAction ? pressableBox(box, e.selectAction, how) : box;
  },

  Table(e, how) {
    const header = e.firstRowAsHeader ?? e.firstRowAsHeaders ?? true;
    const grid = e.showGridLines ?? true;
    const rows = (e.rows ?? []).map((r, n) => el("tr", { class: r.style && `ac-style-${r.style}` },
      (r.cells ?? []).map((c, i) => {
        const tag = header && n === 0 ? "th" : "td";
        return el(tag, {
          scope: tag === "th" ? "col" : undefined,
          class: [`ac-align-${(c.horizontalCellContentAlignment ?? r.horizontalCellContentAlignment
            ?? e.columns?.[i]?.horizontalCellContentAlignment ?? e.horizontalCellContentAlignment ?? "left").toLowerCase()}`,
          c.style && `ac-style-${c.style}`],
        }, (c.items ?? []).map((item) => draw(item, how)));
      })));
    const widths = (e.columns ?? []).map((c) => c.width ?? 1);
    const total = widths.reduce((sum, w) => sum + (typeof w === "number" ? w : 0), 0);
    const cols = widths.map((w) => {
      const col = el("col");
      col.style.width = typeof w === "number" ? `${(100 * w) / total}%` : w;
      return col;
    });
    return el("div", { class: "ac-table", attrs: { tabindex: 0, role: "region", "aria-label": "Table" } },
      el("table", { class: grid ? "ac-grid" : "" }, cols.length > 0 && el("colgroup", {}, cols), el("tbody", {}, rows)));
  },

  ActionSet(e, how) {
    return actions(e.actions ?? [], how);
  },

  "Input.Text"(e, how) {
    const field = e.isMultiline ? el("textarea", { rows: 3 }) : el("input", { type: inputTypes[e.style] ?? "text" });
    if (e.maxLength) field.maxLength = e.maxLength;
    field.placeholder = e.placeholder ?? "";
    field.value = e.value ?? "";
    const pattern = new RegExp(e.regex ?? "");
    return input(e, field, how, () => field.value, (v) => v === "" || pattern.test(v));
  },

  "Input.Date"(e, how) {
    const field = el("input", { type: "date", value: e.value ?? "" });
    if (e.min) field.min = e.min;
    if (e.max) field.max = e.max;
    return input(e, field, how, () => field.value, () => field.validity.valid);
  },

  "Input.Toggle"(e, how) {
    const on = e.valueOn ?? "true";
    const off = e.valueOff ?? "false";
    const field = el("input", { type: "checkbox", checked: e.value === on });
    const box = el("label", { class: "ac-choice" }, field, el("span", {}, markdown(e.title ?? "")));
    return input(e, box, how, () => (field.checked ? on : off), () => !e.isRequired || field.checked);
  },

  "Input.ChoiceSet"(e, how) {
    if ((e.style === "filtered" || e["choices.data"]) && !e.isMultiSelect) return filtered(e, how);
    const chosen = e.isMultiSelect ? (e.value ?? "").split(",") : [e.value ?? ""];
    const choices = e.choices ?? [];
    if (!e.isMultiSelect && e.style !== "expanded") {
      const field = el("select", {},
        !choices.some((c) => c.value === chosen[0])
          && el("option", { value: "" }, e.placeholder ?? "Choose one"),
        choices.map((c) => el("option", { value: c.value, selected: c.value === chosen[0] }, c.title)));
      return input(e, field, how, () => field.value);
    }
    const name = `choice-${crypto.randomUUID()}`;
    const boxes = choices.map((c) => el("input", {
      type: e.isMultiSelect ? "checkbox" : "radio", name, value: c.value, checked: chosen.includes(c.value),
    }));
    const group = el("div", { class: "ac-choices", attrs: { role: e.isMultiSelect ? "group" : "radiogroup", "aria-label": e.label } },
      choices.map((c, i) => el("label", { class: "ac-choice" }, boxes[i], el("span", {}, markdown(c.title ?? "")))));
    return input(e, group, how, () => boxes.filter((b) => b.checked).map((b) => b.value).join(","));
  },
};

// filtered is a choice that is searched for by typing: among the card's own
// choices, and those that the bot finds.
function filtered(e, how) {
  const own = (e.choices ?? []).map((c) => ({ text: c.title, value: c.value }));
  const query = e["choices.data"];
  const { node, read } = combobox({
    label: e.label ?? e.placeholder ?? e.id, placeholder: e.placeholder, least: query ? 1 : 0,
    chosen: e.value && (own.find((c) => c.value === e.value) ?? { text: e.value, value: e.value }),
    async suggest(typed) {
      const fits = own.filter((c) => c.text.toLowerCase().includes(typed.toLowerCase()));
      const filled = query?.associatedInputs === "auto" ? Object.fromEntries(inputsOf(how).map((i) => [i.id, i.read()])) : undefined;
      const found = query ? await how.suggest(query.dataset, typed, filled) : [];
      return [...fits, ...found.filter((f) => !fits.some((c) => c.value === f.value))];
    },
  });
  return input(e, node, how, read);
}

const inputTypes = { email: "email", password: "password", tel: "tel", url: "url" };

// input puts a label above a field, or a group of them, and registers what it
// adds to the data of a pressed action.
function input(e, field, how, read, valid = () => true) {
  const single = ["INPUT", "TEXTAREA", "SELECT"].includes(field.tagName);
  const label = e.label && (single
    ? el("label", { class: "ac-label" }, el("span", {}, e.label, required(e)), field)
    : el("div", { class: "ac-labelled" },
      el("label", { class: "ac-label", htmlFor: field.querySelector("[role=combobox]")?.id }, el("span", {}, e.label, required(e))), field));
  if (single && !e.label) field.setAttribute("aria-label", e.placeholder ?? e.id ?? "Value");
  const error = el("div", { class: "ac-error", hidden: true, attrs: { role: "alert" } },
    e.errorMessage ?? "This is needed, in the form that is asked for.");
  const box = el("div", { class: "ac-input" }, label || field, error);
  how.inputs.push({
    id: e.id,
    read,
    check() {
      const value = read();
      const ok = (!e.isRequired || value !== "") && valid(value);
      const control = box.querySelector("input, textarea, select");
      error.hidden = ok;
      control.setAttribute("aria-invalid", String(!ok));
      return ok || control;
    },
  });
  return box;
}

const required = (e) => e.isRequired && el("span", { class: "ac-required", attrs: { "aria-label": "required" } }, " *");

// Actions.

function actions(list, how) {
  const panels = el("div", { class: "ac-panels" });
  const buttons = list.map((a) => ({ secondary: a.mode === "secondary", node: action(a, how, panels) }));
  const first = buttons.filter((b) => !b.secondary);
  const shown = first.slice(0, SHOWN_ACTIONS);
  const rest = [...first.slice(SHOWN_ACTIONS), ...buttons.filter((b) => b.secondary)];
  return el("div", { class: "ac-actions" },
    el("div", { class: "ac-row" }, shown.map((b) => b.node),
      rest.length > 0 && el("details", { class: "ac-more" },
        el("summary", { attrs: { "aria-label": "More actions" } }, "…"),
        el("div", { class: "ac-menu" }, rest.map((b) => b.node)))),
    panels);
}

function action(a, how, panels) {
  const missing = { "Action.Execute": !how.act, "Action.Submit": !how.submit }[a?.type];
  if (!doers[a?.type] || missing) {
    if (a?.fallback === "drop") return null;
    if (a?.fallback) return action(a.fallback, how, panels);
    return cannotDraw(a?.type, missing ? "here" : "");
  }
  const button = el("button", {
    type: "button", class: ["ac-button", `ac-${a.style ?? "default"}`], disabled: a.isEnabled === false,
    title: a.tooltip ?? "", data: { verb: a.verb ?? "" },
  }, a.title ?? "");
  const press = doers[a.type](a, how, button, panels);
  button.addEventListener("click", press);
  return button;
}

// doers make what pressing an action does.
const doers = {
  "Action.Execute": (a, how, button) => () => {
    const data = filledIn(a, how);
    if (data !== null) how.act({ verb: a.verb ?? "", data, button });
  },

  "Action.Submit": (a, how, button) => () => {
    const data = filledIn(a, how);
    if (data !== null) how.submit({ title: a.title ?? "", data, button });
  },

  "Action.OpenUrl": (a, { open }) => () => visit(a.url, open),

  "Action.ShowCard": (a, how, button, panels) => {
    const panel = el("div", { class: "ac-panel", hidden: true }, drawBody(a.card, { ...how, inputs: [], above: how }));
    panels?.append(panel);
    button.setAttribute("aria-expanded", "false");
    return () => {
      const showing = panel.hidden;
      for (const other of panels.children) other.hidden = true;
      panel.hidden = !showing;
      for (const b of button.closest(".ac-row").querySelectorAll("[aria-expanded]")) b.setAttribute("aria-expanded", "false");
      button.setAttribute("aria-expanded", String(showing));
    };
  },

  "Action.ToggleVisibility": (a, { byId }) => () => {
    for (const target of a.targetElements ?? []) {
      const node = byId.get(target.elementId ?? target);
      if (node) node.hidden = target.isVisible === undefined ? !node.hidden : !target.isVisible;
    }
  },
};

// filledIn is an action's data with what was filled in; null where that is not
// as it is asked for, which the card says.
function filledIn(a, how) {
  const inputs = a.associatedInputs === "none" ? [] : inputsOf(how);
  const wrong = inputs.map((i) => i.check()).filter((r) => r !== true);
  if (wrong.length > 0) {
    wrong[0].focus();
    return null;
  }
  return typeof a.data === "string" ? a.data : { ...a.data, ...Object.fromEntries(inputs.map((i) => [i.id, i.read()])) };
}

function inputsOf(how) {
  return how ? [...inputsOf(how.above), ...how.inputs] : [];
}

function pressable(content, a, how) {
  if (!doers[a.type] || a.type === "Action.ShowCard") return cannotDraw(`${a.type} as a selectAction`);
  const button = el("button", { type: "button", class: "ac-select", attrs: { "aria-label": a.title } }, content);
  button.addEventListener("click", doers[a.type](a, how, button));
  return button;
}

// A box may hold buttons of its own, so it cannot be a button itself.
function pressableBox(box, a, how) {
  if (!doers[a.type] || a.type === "Action.ShowCard") return put(box, cannotDraw(`${a.type} as a selectAction`));
  const press = doers[a.type](a, how, box);
  box.classList.add("ac-pressable");
  box.tabIndex = 0;
  box.setAttribute("role", "button");
  if (a.title) box.setAttribute("aria-label", a.title);
  box.addEventListener("click", (e) => { if (!e.target.closest("button, a, input, select, textarea")) press(); });
  box.addEventListener("keydown", (e) => {
    if (e.target === box && (e.key === "Enter" || e.key === " ")) { e.preventDefault(); press(); }
  });
  return box;
}

// Looks.

function textClasses(e) {
  return [
    e.size && `ac-size-${e.size.toLowerCase()}`, e.weight && `ac-weight-${e.weight.toLowerCase()}`,
    e.color && `ac-color-${e.color.toLowerCase()}`, e.isSubtle && "ac-subtle",
    e.fontType?.toLowerCase() === "monospace" && "ac-mono",
    e.horizontalAlignment && `ac-align-${e.horizontalAlignment.toLowerCase()}`,
  ];
}

function boxClasses(e) {
  return [
    e.style && e.style !== "default" && `ac-style-${e.style.toLowerCase()} ac-padded`, e.bleed && "ac-bleed",
    e.verticalContentAlignment && `ac-valign-${e.verticalContentAlignment.toLowerCase()}`,
  ];
}

function sized(column, width) {
  const weight = Number(width);
  if (width === "auto") column.style.flex = "0 1 auto";
  else if (width === "stretch") column.style.flex = "1 1 0";
  else if (Number.isFinite(weight)) column.style.flex = `${weight} 1 0`;
  else column.style.flex = `0 0 ${width}`;
}

// Text.

// The subset that cards know:
// https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features
const markup = /\\([\\`*_{}[\]()#+\-.!|<>~&"'])|\*\*(\S|\S[^]*?\S)\*\*|(?<![\w*])\*(\S|\S[^*]*?\S)\*(?![\w*])|(?<!\w)_(\S|\S[^_]*?\S)_(?!\w)|\[((?:\\.|[^\]\\])*)\]\(((?:\\.|[^)\s\\])*)\)|\{\{(DATE|TIME)\(([^,)]+)(?:,\s*(\w+))?\)\}\}|&(?:#(\d+)|#x([0-9a-fA-F]+)|(amp|lt|gt|quot|apos|nbsp));/g;

/** markdown draws a card's text, as a list of nodes and text; `open` as in drawCard. */
export function markdown(source, open) {
  const out = [];
  let list = null;
  const lines = String(source).split(/\r\n|\r|\n/);
  lines.forEach((line, n) => {
    const item = /^\s*(?:([-*+])|(\d+)[.)])\s+(.*)$/.exec(line);
    if (item) {
      const tag = item[1] ? "UL" : "OL";
      if (list?.tagName !== tag) {
        list = el(tag.toLowerCase(), { class: "ac-list", start: tag === "OL" ? Number(item[2]) : undefined });
        out.push(list);
      }
      list.append(el("li", {}, inline(item[3], open)));
      return;
    }
    if (n > 0 && !list) out.push(el("br"));
    list = null;
    out.push(...inline(line, open));
  });
  return out;
}

const entities = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: "\u00a0" };

function inline(source, open) {
  const out = [];
  let at = 0;
  for (const m of source.matchAll(markup)) {
    if (m.index > at) out.push(source.slice(at, m.index));
    at = m.index + m[0].length;
    const [, escaped, bold, star, underscore, label, address, kind, date, form, decimal, hex, named] = m;
    if (escaped !== undefined) out.push(escaped);
    else if (bold !== undefined) out.push(el("strong", {}, inline(bold, open)));
    else if (star !== undefined) out.push(el("em", {}, inline(star, open)));
    else if (underscore !== undefined) out.push(el("em", {}, inline(underscore, open)));
    else if (label !== undefined) out.push(link(address.replace(/\\(.)/g, "$1"), inline(label, open), open));
    else if (kind !== undefined) out.push(localTime(kind, date, form));
    else out.push(entities[named] ?? String.fromCodePoint(decimal ?? parseInt(hex, 16)));
  }
  if (at < source.length) out.push(source.slice(at));
  return out;
}

function localTime(kind, date, form = "COMPACT") {
  const at = moment(date);
  if (!at) return date;
  if (kind === "TIME") return clock(date);
  const full = { weekday: "long", year: "numeric", month: "long", day: "numeric" };
  const words = { SHORT: { ...full, weekday: "short", month: "short" }, LONG: full }[form];
  return at.toLocaleDateString("en-US", words);
}
