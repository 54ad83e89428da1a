// Slack's own types judge a message. They know the shape of every block, not
// its limits (lengths, counts): those are checked by the adapter's Go tests.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const generated = join(import.meta.dirname, "generated"); // beside node_modules, where tsc finds @slack/types
const tsc = join(import.meta.dirname, "node_modules", ".bin", "tsc");

// A message without blocks is its text alone.
const source = (message) => `import type { KnownBlock } from "@slack/types";
const message: { text: string; blocks: KnownBlock[] | null } = ${message};
export default message;
`;

// checkMessages type-checks all messages, a name to its JSON text, in one run
// of tsc and gives the errors of each name.
export function checkMessages(messages) {
  rmSync(generated, { recursive: true, force: true });
  mkdirSync(generated);
  const problems = new Map();
  for (const [name, message] of messages) {
    writeFileSync(join(generated, `${name}.ts`), source(message));
    problems.set(name, []);
  }
  const files = [...messages.keys()].map((name) => `${name}.ts`);
  const options = ["--noEmit", "--strict", "--pretty", "false", "--target", "esnext", "--module", "esnext", "--moduleResolution", "bundler"];
  const { error, status, stdout, stderr } = spawnSync(tsc, [...options, ...files], { cwd: generated, encoding: "utf8" });
  if (error) throw error;

  let found = 0;
  for (const line of stdout.split("\n")) {
    const name = /^(.+)\.ts\(\d+,\d+\): error TS/.exec(line)?.[1];
    if (!problems.has(name)) continue;
    problems.get(name).push(line);
    found++;
  }
  // tsc itself may fail (an option, a missing package): that is no verdict on a card.
  if ((status === 0) !== (found === 0) || /^error TS|TS2307/m.test(stdout)) {
    throw new Error(`tsc ended with ${status}:\n${stdout}${stderr}`);
  }
  return problems;
}
