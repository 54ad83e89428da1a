// Microsoft's newest schema judges a Teams manifest. The package's own
// validator is not used: it throws at the first missing key.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv-draft-04";
import addFormats from "ajv-formats";

const schemas = join(import.meta.dirname, "node_modules", "@microsoft", "app-manifest", "build", "json-schemas", "teams");

// newestVersion is that of the newest schema that is no preview, as "1.30".
export const newestVersion = readdirSync(schemas)
  .map((folder) => /^v(\d+)\.(\d+)$/.exec(folder))
  .filter(Boolean)
  .sort(([, a, b], [, c, d]) => c - a || d - b)[0][0].slice(1);

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
const validate = ajv.compile(JSON.parse(readFileSync(join(schemas, `v${newestVersion}`, "MicrosoftTeams.schema.json"), "utf8")));

// checkManifest is what is wrong with a manifest, a line each.
export function checkManifest(manifest) {
  return validate(manifest) ? [] : validate.errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
}
