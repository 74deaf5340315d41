// The gateway against ../../api/openapi.yaml, and that file against itself.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { isProtected, serviceFor } from "../src/routes.js";
import { AWAY, call, fakeService, startGateway } from "./fakes.js";

const FILE = new URL("../../api/openapi.yaml", import.meta.url);
const contract = parse(readFileSync(FILE, "utf8"));
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(contract, "contract");

/**
 * @param {string} path below the file's root, like /components/schemas/Item
 * @param {unknown} value
 */
function assertValid(path, value) {
  const validate = ajv.getSchema(`contract#${path}`);
  assert.ok(validate, `no schema at ${path}`);
  assert.ok(
    validate(value),
    `${path}: ${JSON.stringify(value)}: ${ajv.errorsText(validate.errors)}`,
  );
}

/** @param {string} key */
const escaped = (key) =>
  encodeURIComponent(key.replace(/~/g, "~0").replace(/\//g, "~1"));

/**
 * Every object below `node` that has both a schema and examples.
 *
 * @param {any} node
 * @param {string} path
 * @returns {Generator<{path: string, examples: unknown[]}>}
 */
function* withExamples(node, path = "") {
  if (node === null || typeof node !== "object") return;
  if (node.schema && (node.example !== undefined || node.examples)) {
    const named = Object.values(node.examples ?? {}).map(({ value }) => value);
    yield { path: `${path}/schema`, examples: node.examples ? named : [node.example] };
  }
  for (const [key, child] of Object.entries(node)) {
    yield* withExamples(child, `${path}/${escaped(key)}`);
  }
}

test("every example in the contract obeys its own schema", () => {
  let count = 0;
  for (const { path, examples } of withExamples(contract)) {
    for (const example of examples) {
      assertValid(path, example);
      count++;
    }
  }
  assert.ok(count >= 30, `only ${count} examples were found`);
});

test("every object in the contract is closed", () => {
  for (const [name, schema] of Object.entries(contract.components.schemas)) {
    if (schema.type === "object")
      assert.equal(schema.additionalProperties, false, name);
  }
});

test("the list of problem types and the table that explains them agree", () => {
  const listed = contract.components.schemas.Problem.properties.type.enum;
  const explained = [...contract.info.description.matchAll(/^\| (\/problems\/\S+)/gm)];
  assert.deepEqual(
    explained.map(([, type]) => type),
    listed,
  );
});

test("a problem has the members of its type and no others", () => {
  const validate = ajv.getSchema("contract#/components/schemas/Problem");
  const problem = { title: "t", status: 402, detail: "d", requestId: "r" };
  const funds = { ...problem, type: "/problems/insufficient-funds" };
  assert.equal(validate?.({ ...funds, balance: 1, price: 2 }), true);
  assert.equal(validate?.({ ...funds, balance: 1 }), false);
  assert.equal(validate?.({ ...funds, balance: 1, price: 2, opensAt: null }), false);
  assert.equal(validate?.({ ...problem, type: "/problems/new" }), false);
});

test("every operation of the contract reaches its service", async (t) => {
  const account = await fakeService(t);
  const gacha = await fakeService(t);
  const { port } = await startGateway(t, {
    account: [account.url],
    gacha: [gacha.url],
  });
  for (const [path, operations] of Object.entries(contract.paths)) {
    assert.ok(!path.includes("internal"));
    for (const method of Object.keys(operations)) {
      const service = serviceFor(path);
      const upstream = { account, gacha }[service ?? "account"];
      const before = upstream.requests.length;
      const answer = await call(port, path, { method: method.toUpperCase() });
      assert.equal(answer.status, 200);
      if (service) assert.equal(upstream.requests[before].url, path);
    }
  }
});

test("protected at the door is what the contract says is for players", () => {
  for (const [path, operations] of Object.entries(contract.paths)) {
    for (const [method, { security }] of Object.entries(operations)) {
      const forPlayers = security !== undefined;
      assert.equal(isProtected(method.toUpperCase(), path), forPlayers, path);
    }
  }
});

test("the index names what the contract has, in its words", async (t) => {
  const { port } = await startGateway(t);
  const { json } = await call(port, "/");
  assertValid("/components/schemas/Index", json);
  const expected = Object.entries(contract.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { summary }]) => ({
      method: method.toUpperCase(),
      path,
      summary,
    })),
  );
  assert.deepEqual(json.endpoints, expected);
});

test("the gateway's own answers obey the contract", async (t) => {
  const broken = await fakeService(t, (_seen, res) => res.socket?.destroy());
  const slow = await fakeService(t, () => {});
  const { port } = await startGateway(t);
  assertValid("/components/schemas/Liveness", (await call(port, "/livez")).json);
  assertValid("/components/schemas/Readiness", (await call(port, "/readyz")).json);

  /** @param {string} account */
  const before = async (account) => {
    const options = { account: [account], requestBudgetMs: 30 };
    return (await startGateway(t, options)).port;
  };
  const worse = await before(AWAY);
  const tooMuch = { method: "POST", body: "x".repeat(70_000) };
  const failures = [
    ["BadGateway", await call(await before(broken.url), "/account/currency")],
    ["GatewayTimeout", await call(await before(slow.url), "/account/currency")],
    ["ServiceUnavailable", await call(worse, "/account/currency")],
    ["ServiceUnavailable", await call(worse, "/readyz")],
    ["BodyTooLarge", await call(worse, "/account/login", tooMuch)],
  ];
  for (const [name, answer] of /** @type {[string, any][]} */ (failures)) {
    const path = `/components/responses/${name}`;
    const response = contract.components.responses[name];
    assertValid(
      `${path}/content/${escaped("application/problem+json")}/schema`,
      answer.json,
    );
    assert.equal(answer.status, answer.json.status);
    for (const header of Object.keys(response.headers)) {
      assert.ok(answer.headers[header.toLowerCase()], `${name} lacks ${header}`);
    }
  }
  const nowhere = await call(worse, "/nowhere");
  assertValid("/components/schemas/Problem", nowhere.json);
});
