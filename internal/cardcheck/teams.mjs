// Microsoft's own renderer judges an Adaptive Card: what it does not know or
// take, and whether every text of the card reaches the eye as it stands.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { JSDOM } from "jsdom";

const maxActions = 6; // of a card in Teams; secondary ones go into its overflow menu

const { window } = new JSDOM("", { runScripts: "outside-only" });
// jsdom has no layout and so no innerText, which the renderer writes.
Object.defineProperty(window.HTMLElement.prototype, "innerText", {
  get() { return this.textContent; },
  set(text) { this.textContent = text; },
});
window.eval(readFileSync(join(import.meta.dirname, "node_modules", "adaptivecards", "dist", "adaptivecards.min.js"), "utf8"));
const { AdaptiveCard, HostConfig, SerializationContext, ValidationEvent, Versions } = window.AdaptiveCards;

// checkDraft gives what is wrong with a message of Teams: {card, summary}.
export function checkDraft({ card: json, summary }) {
  const card = new AdaptiveCard();
  card.hostConfig = new HostConfig({ actions: { maxActions } });
  const context = new SerializationContext(Versions.v1_5);
  card.parse(json, context);

  const problems = [];
  for (let i = 0; i < context.eventCount; i++) problems.push(context.getEventAt(i).message);
  for (const { event, message } of card.validateProperties().validationEvents) {
    // The renderer's own check counts secondary actions too.
    if (event === ValidationEvent.TooManyActions && primary(json.actions).length <= maxActions) continue;
    problems.push(message);
  }

  const drawn = card.render()?.textContent;
  if (drawn === undefined) return [...problems, "the card is not drawn"];
  for (const text of texts(json)) {
    if (!drawn.includes(text)) problems.push(`not drawn as it stands: ${JSON.stringify(text)}`);
  }
  // The summary is the title with look-alikes for what could be markup.
  if (!letters(drawn).includes(letters(summary))) problems.push(`the title is not drawn: ${JSON.stringify(summary)}`);
  return problems;
}

const primary = (actions = []) => actions.filter((action) => action.mode !== "secondary");

const letters = (text) => text.replace(/[^\p{L}\p{N}]/gu, "");

// texts lists what a card says: its text and the titles of its buttons.
function texts(node) {
  if (Array.isArray(node)) return node.flatMap(texts);
  if (node === null || typeof node !== "object") return [];
  const own = [node.text, ...primary(node.actions).map((action) => action.title)].filter((text) => text !== undefined);
  return [...own, ...["body", "items", "inlines", "columns", "rows", "cells", "actions"].flatMap((key) => texts(node[key]))];
}
