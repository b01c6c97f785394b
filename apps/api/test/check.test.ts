/** What check finds over all packets: rules that could go, as people read it and as the page mends it. */
import { checkSchema, editsSchema, formatSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "./lab.ts";

let lab: Lab;
const headers = { "if-match": "*" };

const DEAD = `# nobody from there
flow badnets deny
  match src 10.0.0.0/8
  match src 172.16.0.0/12

flow ssh permit
  match proto tcp dstport 22
  match proto tcp src 10.1.0.0/16 dstport 80
`;

beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.remove());

test("a dead rule of the draft is a warning at its place, with who blocks, a packet and mends that mend", async () => {
  await lab.call("PUT", "/draft", { headers, body: DEAD });
  const answer = await lab.call("GET", "/draft/check");
  const checked = checkSchema.parse(answer.json);
  expect(checked.findings).toEqual({ status: "complete", open: [], expectations: [] });
  expect(checked.diagnostics).toMatchObject([
    {
      code: "covered-by-one",
      severity: "warning",
      path: "/items/1/rules/1",
      flow: "ssh",
      rule: 2,
      line: 8,
      by: [{ flow: "badnets", rule: 1 }],
    },
  ]);
  expect(checked.counts).toEqual({ flows: 2, rules: 4, errors: 0, warnings: 1 });
  const [{ packet = "", fixes = [] } = {}] = checked.diagnostics;
  // The packet is one of the rule's, and goes where the finding says.
  expect(packet).toMatch(/^tcp 10\.1\.\S+ -> \S+:80 in \S+$/);
  for (const fix of fixes) {
    if (!("edits" in fix)) throw new Error("a mend of a dead rule is edits");
    await lab.call("PUT", "/draft", { headers, body: DEAD });
    const edited = await lab.call("POST", "/draft/edits", {
      headers,
      body: editsSchema.parse({ edits: fix.edits }),
    });
    expect(edited.status, edited.text).toBe(200);
    const after = checkSchema.parse((await lab.call("GET", "/draft/check")).json);
    expect(after.diagnostics, fix.label).toEqual([]);
  }
  expect(fixes.map(({ label }) => label)).toEqual(["Remove rule 2", "Move ssh before badnets"]);
});

test("a config that is not kept is looked at in the same way, as text and as JSON", async () => {
  const asText = checkSchema.parse((await lab.call("POST", "/check", { body: DEAD })).json);
  expect(asText.diagnostics).toMatchObject([{ code: "covered-by-one", line: 8 }]);
  const { config } = (await lab.call("POST", "/format", { body: DEAD })).as(formatSchema);
  const asJson = checkSchema.parse((await lab.call("POST", "/check", { body: config })).json);
  expect(asJson.diagnostics).toMatchObject([{ code: "covered-by-one", path: "/items/1/rules/1" }]);
});

test("a config with errors has no findings, since nobody can say what it does", async () => {
  const body = `${DEAD}flow broken permit\n  match dst 10.0.0.300\n`;
  const checked = checkSchema.parse((await lab.call("POST", "/check", { body })).json);
  expect(checked.findings).toBeUndefined();
  expect(checked.diagnostics).toMatchObject([{ code: "bad-address", severity: "error" }]);
});
