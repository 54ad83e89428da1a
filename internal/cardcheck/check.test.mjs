// The golden cards of the adapters against the platforms' own packages, and
// known-bad cards that show that the checks see.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { checkMessages } from "./slack.mjs";
import { checkDraft } from "./teams.mjs";

// goldens reads the files that an adapter's tests hold the renderer to.
function goldens(...path) {
  const dir = join(import.meta.dirname, "..", "..", "adapters", ...path);
  const files = readdirSync(dir).filter((file) => file.endsWith(".json"));
  assert.ok(files.length > 0, `no cards in ${dir}`);
  return new Map(files.map((file) => [basename(file, ".json"), readFileSync(join(dir, file), "utf8")]));
}

const text = (text) => ({ type: "plain_text", text });
const button = { type: "button", text: text("Confirm"), action_id: "confirm" };
const badBlocks = {
  "a block that does not exist": [{ type: "tabel", rows: [] }],
  "a header in mrkdwn": [{ type: "header", text: { type: "mrkdwn", text: "Close?" } }],
  "a text that is a mere string": [{ type: "section", text: "Close?" }],
  "a key that does not exist": [{ type: "section", text: text("Close?"), fieldz: [] }],
  "a button of an unknown style": [{ type: "actions", elements: [{ ...button, style: "green" }] }],
  "a rich text without its section": [{ type: "rich_text", elements: [{ type: "text", text: "Close?" }] }],
  "a block in place of the list": { type: "divider" },
};

describe("Slack", () => {
  const good = goldens("slack", "testdata");
  const bad = Object.entries(badBlocks).map(([name, blocks]) => [name, JSON.stringify({ text: "Close?", blocks })]);
  bad.push(["a message without text", JSON.stringify({ blocks: [] })]);
  const problems = checkMessages(new Map([...good, ...bad]));

  for (const name of good.keys()) it(`takes ${name}`, () => assert.deepEqual(problems.get(name), []));
  for (const [name] of bad) it(`refuses ${name}`, () => assert.notDeepEqual(problems.get(name), []));
});

const run = (text) => ({ type: "RichTextBlock", inlines: [{ type: "TextRun", text }] });
const execute = (title) => ({ type: "Action.Execute", verb: "confirm", title });
const badCards = {
  "an element that does not exist": { body: [run("Close?"), { type: "TextBlok", text: "Close?" }] },
  "an action that does not exist": { body: [run("Close?")], actions: [{ type: "Action.Exec", title: "Confirm" }] },
  "a value that does not exist": { body: [run("Close?"), { type: "Container", style: "loud", items: [] }] },
  "an address that is missing": { body: [run("Close?")], actions: [{ type: "Action.OpenUrl", title: "Open" }] },
  "more buttons than Teams shows": { body: [run("Close?")], actions: Array.from({ length: 7 }, (_, i) => execute(`Pick ${i}`)) },
  "a text that the renderer changes": { body: [run("Close? {{DATE(2026-01-01T00:00:00Z)}}")] },
  "a card without its title": { body: [run("Confirm")] },
  "a card of a newer version": { version: "9.0", body: [run("Close?")] },
};

describe("Teams", () => {
  for (const [name, draft] of goldens("teams", "testdata", "golden")) {
    it(`draws ${name}`, () => assert.deepEqual(checkDraft(JSON.parse(draft)), []));
  }
  for (const [name, parts] of Object.entries(badCards)) {
    const card = { type: "AdaptiveCard", version: "1.5", ...parts };
    it(`refuses ${name}`, () => assert.notDeepEqual(checkDraft({ card, summary: "Close?" }), []));
  }
});
