/** What the plan says of packets: kinds of change in sentences, with regions and samples, page by page. */
import { packetPageSchema, planSchema, searchSchema, traceSchema } from "@flowmgr/flow-api";
import { parsePacketLine } from "@flowmgr/flow-model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Lab, startLab } from "./lab.ts";

let lab: Lab;
const headers = { "if-match": "*" };
const RUNNING = `flow ssh permit
  match proto tcp dstport 22

flow badnets deny
  match src 172.16.0.0/12
  match src 10.0.0.0/8
`;
const MOVED = `flow badnets deny
  match src 172.16.0.0/12
  match src 10.0.0.0/8

flow ssh permit
  match proto tcp dstport 22
`;

beforeAll(async () => {
  lab = await startLab();
  const put = await lab.call("PUT", "/config", { body: RUNNING });
  expect(put.status, put.text).toBe(200);
});
afterAll(() => lab.remove());

const traced = async (config: string, fields: object) =>
  (await lab.call("POST", "/trace", { body: { config, packet: fields } })).as(traceSchema);

test("an order that is turned around: who decides now, who did, and packets that the tester agrees on", async () => {
  await lab.call("PUT", "/draft", { headers, body: MOVED });
  const answer = await lab.call("GET", "/draft/plan");
  const plan = planSchema.parse(answer.json);
  expect(plan.applicable).toBe(true);
  expect(plan.packets).toMatchObject({
    ...{ status: "complete", total: 1 },
    changes: [
      {
        ...{ direction: "in", whole: true },
        sentence: "now denied by badnets, rule 1 and 1 other; was permitted by ssh, rule 1",
      },
    ],
  });
  const regions = plan.packets?.changes[0]?.regions ?? [];
  expect(regions.map(({ text }) => text)).toEqual(["proto tcp src { 10.0.0.0/8, 172.16.0.0/12 } dstport 22"]);
  for (const { sample } of regions) {
    expect(parsePacketLine(sample.line)).toHaveProperty("ok");
    expect(await traced("running", sample.fields)).toMatchObject({ flow: "ssh", rule: 1 });
    expect(await traced("draft", sample.fields)).toMatchObject({ flow: "badnets" });
  }
  const dry = await lab.call("PUT", "/config?dryRun=true", { body: MOVED });
  expect(planSchema.parse(dry.json).packets).toEqual(plan.packets);
});

test("a change of words alone changes no packet", async () => {
  await lab.call("PUT", "/draft", { headers, body: `# a remark\n${RUNNING}` });
  const plan = planSchema.parse((await lab.call("GET", "/draft/plan")).json);
  expect(plan.packets).toEqual({ status: "complete", changes: [], total: 0 });
});

test("what is too much for one look comes page by page, each kind once", async () => {
  const rules = Array.from({ length: 130 }, (_, index) => `  match proto udp dstport ${1000 + 2 * index}\n`);
  await lab.call("PUT", "/draft", { headers, body: `${RUNNING}\nflow many permit\n${rules.join("")}` });
  const plan = planSchema.parse((await lab.call("GET", "/draft/plan")).json);
  expect(plan.packets).toMatchObject({ total: 130, changes: { length: 100 } });
  const rest = packetPageSchema.parse((await lab.call("GET", "/draft/plan/packets?after=100")).json);
  expect(rest).toMatchObject({ total: 130, next: 120, changes: { length: 20 } });
  const last = packetPageSchema.parse((await lab.call("GET", "/draft/plan/packets?after=120&limit=50")).json);
  expect(last).toMatchObject({ next: null, changes: { length: 10 } });
  const all = [...(plan.packets?.changes ?? []), ...rest.changes, ...last.changes];
  expect(new Set(all.map(({ sentence }) => sentence)).size).toBe(130);
});

test("further regions of one kind, until there are no more", async () => {
  const ports = Array.from({ length: 60 }, (_, index) => String(1000 + 2 * index)).join(", ");
  const body = `${RUNNING}\nflow many permit\n  match proto udp src 192.168.0.0/24 dstport { ${ports} }\n`;
  const holes = Array.from(
    { length: 60 },
    (_, index) =>
      `flow hole-${index} deny\n  match proto udp src 192.168.0.${2 * index} dstport ${1000 + 2 * index}\n`,
  );
  await lab.call("PUT", "/config", { body: `${holes.join("\n")}\n${RUNNING}` });
  await lab.call("PUT", "/draft", { headers, body: `${holes.join("\n")}\n${body}` });
  const plan = planSchema.parse((await lab.call("GET", "/draft/plan")).json);
  expect(plan.packets).toMatchObject({ total: 1, changes: [{ whole: false, regions: { length: 20 } }] });
  const seen: string[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const path = `/draft/plan/packets?change=0&after=${after}&limit=100`;
    const page = packetPageSchema.parse((await lab.call("GET", path)).json);
    expect(page.changes.length).toBe(1);
    seen.push(...page.changes.flatMap(({ regions }) => regions.map(({ text }) => text)));
    after = page.next;
  }
  expect(seen.length).toBeGreaterThan(20);
  expect(new Set(seen).size).toBe(seen.length);
  expect((await lab.call("GET", "/draft/plan/packets?change=1")).status).toBe(404);
  for (const wrong of ["after=x", "limit=0", "limit=101", "change=9999999"])
    expect((await lab.call("GET", `/draft/plan/packets?${wrong}`)).status, wrong).toBe(400);
});

test("packets that are not judged here change nothing", async () => {
  const off = await startLab({ flags: ["--ipv6", "off"] });
  try {
    await off.call("PUT", "/draft", { headers, body: "flow web permit\n  match proto tcp dstport 80\n" });
    const plan = planSchema.parse((await off.call("GET", "/draft/plan")).json);
    const families = (regions: { family: number }[]) => regions.map(({ family }) => family);
    expect(plan.packets?.changes.map(({ regions }) => families(regions))).toEqual([[4]]);
    const found = searchSchema.parse((await off.call("POST", "/search", { body: {} })).json);
    expect(found.groups.flatMap(({ regions }) => families(regions))).not.toContain(6);
  } finally {
    await off.remove();
  }
  await lab.call("PUT", "/draft", { headers, body: "flow web permit\n  match proto tcp dstport 80\n" });
  const both = planSchema.parse((await lab.call("GET", "/draft/plan")).json);
  expect(both.packets?.changes.flatMap(({ regions }) => regions.map(({ family }) => family))).toContain(6);
});
