/** What a config itself expects: told by check, kept by an apply, never in the way of writing. */
import {
  checkSchema,
  draftListSchema,
  draftSchema,
  formatSchema,
  planSchema,
  problemSchema,
} from "@flowmgr/flow-api";
import { configSchema, keyOf, parsePacketLine } from "@flowmgr/flow-model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "./lab.ts";

let lab: Lab;
const headers = { "if-match": "*" };

beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.remove());

const FLOWS = `flow office permit
  match proto tcp src 10.0.0.0/8 dstport 22

flow rest deny
  match proto tcp dstport 22
`;
const HOLDS = `${FLOWS}
# nobody else
expect deny proto tcp src 192.168.0.0/16 dstport 22 # as agreed
`;
const FAILS = `${FLOWS}
expect deny proto tcp src 10.0.0.0/7 dstport 22
`;

test("one that holds is said to hold, and is applied with the rest", async () => {
  await lab.call("PUT", "/draft", { headers, body: HOLDS });
  const checked = checkSchema.parse((await lab.call("GET", "/draft/check")).json);
  expect(checked.diagnostics).toEqual([]);
  expect(checked.findings).toEqual({
    ...{ status: "complete", open: [] },
    expectations: [
      {
        ...{ path: "/items/2", status: "holds", counterexample: null },
        text: "expect deny proto tcp src 192.168.0.0/16 dstport 22",
      },
    ],
  });
  const plan = planSchema.parse((await lab.call("GET", "/draft/plan")).json);
  expect(plan.applicable).toBe(true);
  const applied = await lab.call("POST", "/apply", { body: { etag: plan.etag, confirmWithin: 0 } });
  expect(applied, applied.text).toMatchObject({ status: 200 });
});

test("one that fails is an error at its place with a packet and who decides it; the draft is stored", async () => {
  const put = await lab.call("PUT", "/draft", { headers, body: FAILS });
  expect(put.status, put.text).toBe(200);
  const checked = checkSchema.parse((await lab.call("GET", "/draft/check")).json);
  expect(checked.counts).toMatchObject({ errors: 1 });
  expect(checked.diagnostics).toMatchObject([
    {
      ...{ code: "expectation-fails", severity: "error", path: "/items/2", line: 7 },
      by: [{ flow: "office", rule: 1 }],
      message: expect.stringMatching(/permitted by office, rule 1/),
    },
  ]);
  const [found] = checked.findings?.expectations ?? [];
  expect(found).toMatchObject({
    status: "fails",
    counterexample: { verdict: { action: "permit" }, by: { flow: "office", rule: 1 } },
  });
  // The packet is what it is said to be.
  const sample = found?.counterexample?.sample;
  expect(parsePacketLine(sample?.line ?? "")).toHaveProperty("ok");
  const traced = await lab.call("POST", "/trace", { body: { packet: sample?.fields } });
  expect(traced.json).toMatchObject({ verdict: { action: "permit" }, flow: "office", rule: 1 });
});

test("it stops every way to apply, whatever is accepted, and makes the plan not applicable", async () => {
  const before = lab.rules();
  const plan = planSchema.parse((await lab.call("GET", "/draft/plan")).json);
  expect(plan.applicable).toBe(false);
  expect(plan.diagnostics).toMatchObject([{ code: "expectation-fails", line: 7 }]);
  const accept = ["lockout", "expectation-fails"];
  const apply = await lab.call("POST", "/apply", { body: { etag: plan.etag, accept } });
  expect(apply.status).toBe(422);
  expect(problemSchema.parse(apply.json)).toMatchObject({
    title: "The config does not keep what it expects",
    diagnostics: [{ code: "expectation-fails", line: 7 }],
  });
  const put = await lab.call("PUT", "/config", { body: FAILS });
  expect(put).toMatchObject({ status: 422, json: { diagnostics: [{ code: "expectation-fails", line: 7 }] } });
  const dry = planSchema.parse((await lab.call("PUT", "/config?dryRun=true", { body: FAILS })).json);
  expect(dry).toMatchObject({ applicable: false, diagnostics: [{ code: "expectation-fails" }] });
  expect(lab.rules()).toEqual(before);
});

test("what cannot be proven in time stops an apply as well", async () => {
  // The thread dies at every question, so that nothing is ever proven.
  const kill = (thread: import("node:worker_threads").Worker) => void thread.terminate();
  process.on("worker", kill);
  const fresh = await startLab();
  try {
    const put = await fresh.call("PUT", "/config", { body: HOLDS });
    expect(put.status).toBe(422);
    expect(problemSchema.parse(put.json).diagnostics[0]).toMatchObject({ code: "expectation-open", line: 8 });
    const without = await fresh.call("PUT", "/config", { body: FLOWS });
    expect(without.status, without.text).toBe(200);
  } finally {
    process.off("worker", kill);
    await fresh.remove();
  }
});

test("edits call one by what it says, changes and lists too", async () => {
  await lab.call("PUT", "/draft", { headers, body: `list office { 10.0.0.0/8 }\n\n${HOLDS}` });
  const key = "expect deny proto tcp src 192.168.0.0/16 dstport 22";
  const item = {
    kind: "expect",
    verdict: { action: "permit" },
    conditions: { src: "@office", dstport: "22:22" },
  };
  const edits = [
    { do: "add", item, before: key },
    { do: "move", name: key, position: 1 },
    { do: "change", name: key, item: { ...item, verdict: { action: "undecided" }, note: "why" } },
  ];
  const made = await lab.call("POST", "/draft/edits", { headers, body: { edits } });
  expect(made.status, made.text).toBe(200);
  const added = "expect permit src @office dstport 22";
  const { config } = (await lab.call("GET", "/draft")).as(draftSchema);
  expect(configSchema.parse(config).items.map(keyOf)).toEqual([
    ...["expect undecided src @office dstport 22", "@office", "office", "rest", added],
  ]);
  const { usedBy } = (await lab.call("GET", "/draft/lists/office")).as(draftListSchema);
  expect(usedBy).toEqual([
    { expect: "expect undecided src @office dstport 22", kind: "src" },
    { expect: added, kind: "src" },
  ]);
  const gone = await lab.call("POST", "/draft/edits", {
    headers,
    body: { edits: [{ do: "remove", name: key }] },
  });
  expect(gone).toMatchObject({ status: 422, json: { diagnostics: [{ code: "unknown-expectation" }] } });
  expect(
    (await lab.call("POST", "/format", { body: `expect flow deny\n dstport 22:22 # n` })).as(formatSchema)
      .text,
  ).toBe("expect deny dstport 22 # n\n");
});
