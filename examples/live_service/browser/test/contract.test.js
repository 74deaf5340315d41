// ../../api/asyncapi.yaml against the schema of AsyncAPI itself.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import ajvDraft7 from "ajv";
import addFormats from "ajv-formats";
import { parse } from "yaml";

const require = createRequire(import.meta.url);
const Ajv = /** @type {any} */ (ajvDraft7);
const FILE = new URL("../../api/asyncapi.yaml", import.meta.url);

test("the contract of the socket is an AsyncAPI document", () => {
  const contract = parse(readFileSync(FILE, "utf8"));
  const schema = require(`@asyncapi/specs/schemas/${contract.asyncapi}.json`);
  // Ajv has the schema of schemas already.
  delete schema.definitions["http://json-schema.org/draft-07/schema"];
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  /** @type {any} */ (addFormats)(ajv);
  const validate = ajv.compile(schema);
  assert.ok(validate(contract), ajv.errorsText(validate.errors));
  assert.equal(validate({ ...contract, info: { title: "no version" } }), false);
});

test("each message of the contract is of one operation at least", () => {
  const contract = parse(readFileSync(FILE, "utf8"));
  const used = JSON.stringify(contract.operations);
  for (const name of Object.keys(contract.components.messages)) {
    assert.ok(used.includes(`/messages/${name}"`), name);
  }
});
