/** Search over HTTP: a set of packets, cut up by who decides. */
import { searchSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "./lab.ts";

let lab: Lab;
const TEXT = `list office { 10.0.0.0/8 }

flow ssh permit
  match proto tcp src @office dstport 22

flow web director pool
  match proto tcp dst 192.168.0.2 dstport { 80, 443 }

flow rest deny
  match

outflow dns table 77
  match proto udp dstport 53
`;

beforeAll(async () => {
  lab = await startLab();
  const put = await lab.call("PUT", "/config", { body: TEXT });
  expect(put.status, put.text).toBe(200);
  await lab.call("PUT", "/draft", { headers: { "if-match": "*" }, body: "flow all permit\n  match\n" });
});
afterAll(() => lab.remove());

const search = async (body: object) => {
  const answer = await lab.call("POST", "/search", { body });
  expect(answer.status, answer.text).toBe(200);
  return searchSchema.parse(answer.json);
};

test("who decides the packets, each part with regions and a sample that the tester agrees on", async () => {
  const conditions = { proto: "tcp", dstport: ["22", "443"], src: "@office", dst: "192.168.0.0/24" };
  const found = await search({ config: "running", conditions });
  expect(found).toMatchObject({ status: "complete", total: 3 });
  const parts = found.groups.map(({ decider, regions, whole }) => {
    expect(whole).toBe(true);
    return `${decider.verdict.action} by ${decider.by[0]?.flow}: ${regions.map(({ text }) => text).join(" | ")}`;
  });
  expect(parts.toSorted()).toEqual([
    "deny by rest: proto tcp src 10.0.0.0/8 dst { 192.168.0.0/31, 192.168.0.3, 192.168.0.4/30, 192.168.0.8/29, 192.168.0.16/28, 192.168.0.32/27, 192.168.0.64/26, 192.168.0.128/25 } dstport 443",
    "director by web: proto tcp src 10.0.0.0/8 dst 192.168.0.2 dstport 443",
    "permit by ssh: proto tcp src 10.0.0.0/8 dst 192.168.0.0/24 dstport 22",
  ]);
  for (const { decider, regions } of found.groups) {
    const packet = regions[0]?.sample.fields;
    const traced = await lab.call("POST", "/trace", { body: { config: "running", packet } });
    expect(traced.json).toMatchObject({ verdict: decider.verdict, ...decider.by[0] });
  }
});

test("one verdict alone, the draft where nothing is said, a revision, a text, and what the machine sends", async () => {
  const denied = await search({ config: 1, verdict: { action: "deny" } });
  expect(denied.groups.map(({ decider }) => decider.by[0])).toEqual([{ flow: "rest", rule: 1 }]);
  const draft = await search({ conditions: { dstport: "22", proto: "tcp" } });
  expect(draft.groups.map(({ decider }) => decider.by[0])).toEqual([{ flow: "all", rule: 1 }]);
  const nowhere = await search({ text: "", conditions: {} });
  expect(nowhere.groups.map(({ decider }) => decider)).toEqual([
    { verdict: { action: "undecided" }, by: [], others: 0 },
  ]);
  const sent = await search({ config: "running", direction: "out", verdict: { action: "table" } });
  expect(sent.groups).toMatchObject([
    { decider: { verdict: { action: "table", table: 77 }, by: [{ flow: "dns", rule: 1 }] } },
  ]);
});

test("conditions that no rule could have are refused at their place in the body", async () => {
  const refused = await lab.call("POST", "/search", { body: { conditions: { dst: "10.0.0.300" } } });
  expect(refused).toMatchObject({
    status: 422,
    json: { diagnostics: [{ code: "bad-address", path: "/conditions/dst/values/0" }] },
  });
  const unknown = await lab.call("POST", "/search", { body: { conditions: { src: "@nobody" } } });
  expect(unknown).toMatchObject({ status: 422, json: { diagnostics: [{ code: "unknown-list" }] } });
  expect(await lab.call("POST", "/search", { body: { config: 99 } })).toMatchObject({ status: 404 });
  const text = await lab.call("POST", "/search", { body: { text: "flow a permit\n  match dst 1\n" } });
  expect(text).toMatchObject({ status: 422, json: { diagnostics: [{ line: 2 }] } });
});

test.each([
  [{ action: "permit", director: "pool" }, "director"],
  [{ action: "director", director: "pool", table: 77 }, "table"],
  [{ action: "undecided", table: 77 }, "table"],
])("the verdict %j, which nothing can get, is refused with what would be right", async (verdict, field) => {
  const refused = await lab.call("POST", "/search", { body: { verdict } });
  expect(refused.status, refused.text).toBe(422);
  expect(refused.text).toContain(
    `action ${verdict.action} has no ${field}: leave it out, or write action ${field}`,
  );
  expect(refused.text).toContain(`verdict`);
});
