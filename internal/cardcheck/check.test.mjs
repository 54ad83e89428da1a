// The golden cards and manifests against the platforms' own packages, and
// known-bad ones that show that the checks see.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { checkManifest, newestVersion } from "./manifest.mjs";
import { checkMessages } from "./slack.mjs";
import { checkDraft } from "./teams.mjs";

// goldens reads the files that an adapter's tests hold the renderer to.
function goldens(...path) {
  const dir = join(import.meta.dirname, "..", "..", "adapters", ...path);
  const files = readdirSync(dir).filter((file) => file.endsWith(".json"));
  assert.ok(files.length > 0, `no cards in ${dir}`);
  return new Map(files.map((file) => [basename(file, ".json"), readFileSync(join(dir, file), "utf8")]));
}

const plain = (text) => ({ type: "plain_text", text });
const button = { type: "button", text: plain("Confirm"), action_id: "confirm" };
// Each name with blocks and what tsc says of them.
const badBlocks = {
  "a block that does not exist": [[{ type: "tabel", rows: [] }], /"tabel"/],
  "a header in mrkdwn": [[{ type: "header", text: { type: "mrkdwn", text: "Close?" } }], /"mrkdwn"/],
  "a text that is a mere string": [[{ type: "section", text: "Close?" }], /TextObject/],
  "a key that does not exist": [[{ type: "section", text: plain("Close?"), fieldz: [] }], /fieldz/],
  "a button of an unknown style": [[{ type: "actions", elements: [{ ...button, style: "green" }] }], /"green"/],
  "a rich text without its section": [[{ type: "rich_text", elements: [{ type: "text", text: "Close?" }] }], /rich_text_section/],
  "a block in place of the list": [{ type: "divider" }, /KnownBlock\[\]/],
};

describe("Slack", () => {
  const good = goldens("slack", "testdata");
  const bad = Object.entries(badBlocks).map(([name, [blocks]]) => [name, JSON.stringify({ text: "Close?", blocks })]);
  const problems = checkMessages(new Map([...good, ...bad]));

  for (const name of good.keys()) it(`takes ${name}`, () => assert.deepEqual(problems.get(name), []));
  for (const [name, [, says]] of Object.entries(badBlocks)) {
    it(`refuses ${name}`, () => assert.match(problems.get(name).join("\n"), says));
  }
});

const run = (text) => ({ type: "RichTextBlock", inlines: [{ type: "TextRun", text }] });
const execute = (title) => ({ type: "Action.Execute", verb: "confirm", title });
// Each name with the members of a card and what the check says of it.
const badCards = {
  "an element that does not exist": [{ body: [run("Close?"), { type: "TextBlok", text: "" }] }, /Unknown element type/],
  "an action that does not exist": [{ body: [run("Close?")], actions: [{ ...execute("Confirm"), type: "Action.Exec" }] }, /Unknown action type/],
  "a value that does not exist": [{ body: [run("Close?"), { type: "Container", style: "loud", items: [] }] }, /Invalid value "loud"/],
  "a link without its address": [{ body: [run("Close?")], actions: [{ type: "Action.OpenUrl", title: "Open" }] }, /"url" must be set/],
  "more buttons than Teams shows": [{ body: [run("Close?")], actions: Array.from({ length: 7 }, () => execute("Pick")) }, /Maximum number of actions/],
  "a version that does not exist": [{ version: "9.0", body: [run("Close?")] }, /version \(9\.0\)/],
  "a text that the renderer changes": [{ body: [run("Close?"), run("{{DATE(2026-01-01T00:00:00Z)}}")] }, /not drawn as it stands/],
  "a card without its title": [{ body: [run("Confirm")] }, /the title is not drawn/],
};

describe("Teams", () => {
  for (const [name, draft] of goldens("teams", "testdata", "golden")) {
    it(`draws ${name}`, () => assert.deepEqual(checkDraft(JSON.parse(draft)), []));
  }
  for (const [name, [members, says]] of Object.entries(badCards)) {
    const card = { type: "AdaptiveCard", version: "1.5", ...members };
    it(`refuses ${name}`, () => assert.match(checkDraft({ card, summary: "Close?" }).join("\n"), says));
  }
});

// Each name with a change to the manifest and what the schema says of it.
const badManifests = {
  "a key that does not exist": [(m) => (m.botz = m.bots), /additional properties/],
  "no icons": [(m) => delete m.icons, /'icons'/],
  "an older version": [(m) => (m.manifestVersion = "1.17"), /manifestVersion/],
  "an id that is none": [(m) => (m.id = "syncrobot"), /\/id must match/],
  "a title that is too long": [(m) => (m.composeExtensions[0].commands[0].title = "x".repeat(33)), /title must NOT have more than 32/],
  "more commands than there may be": [(m) => m.bots[0].commandLists[0].commands.push(...m.bots[0].commandLists[0].commands), /commands must NOT have more than 12/],
  "an address that is not https": [(m) => (m.developer.privacyUrl = "bot.example.com"), /privacyUrl/],
};

describe("Teams manifest", () => {
  const golden = readFileSync(join(import.meta.dirname, "..", "..", "cmd", "bot", "testdata", "manifests", "teams.json"), "utf8");

  it("is of the newest schema", () => assert.equal(JSON.parse(golden).manifestVersion, newestVersion));
  it("is taken", () => assert.deepEqual(checkManifest(JSON.parse(golden)), []));
  for (const [name, [change, says]] of Object.entries(badManifests)) {
    const manifest = JSON.parse(golden);
    change(manifest);
    it(`is refused with ${name}`, () => assert.match(checkManifest(manifest).join("\n"), says));
  }
});
