/** Calls that keep nothing: compile and trace, and what only the machine says of a draft. */
import {
  compiledSchema,
  draftSchema,
  formatSchema,
  planSchema,
  problemSchema,
  runningSchema,
  traceSchema,
  writtenDraftSchema,
} from "@flowmgr/flow-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "./lab.ts";

let lab: Lab;
const headers = { "if-match": "*" };

beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.remove());

describe("compile", () => {
  const CONFIG = `list office { 10.0.0.0/8, fd01::/16 }

flow mail director pool
  match proto tcp src @office dst 10.1.1.1 dstport 25

outflow own table 77
  match proto udp dstport 53
`;

  test("text and JSON give the same, byte for byte what the kernel then holds", async () => {
    const compiled = await lab.call("POST", "/compile", { body: CONFIG });
    expect(compiled.status, compiled.text).toBe(200);
    const { ip, ip6, routing, marks } = compiledSchema.strict().parse(compiled.json);
    const { config } = (await lab.call("POST", "/format", { body: CONFIG })).as(formatSchema);
    expect((await lab.call("POST", "/compile", { body: config })).json).toEqual(compiled.json);
    expect(marks).toEqual({ directors: { pool: "0x100" }, tables: { 77: "0x200" } });
    expect(routing).toContain("ip rule add fwmark 0x100/0xff00 lookup ");
    expect(routing).toContain("ip -6 rule add fwmark 0x200/0xff00 lookup 77 ");
    // Nothing was kept: neither in the draft nor in the kernel.
    expect((await lab.call("GET", "/draft")).as(draftSchema).config.items).toEqual([]);
    expect(lab.rules()).toEqual([]);

    await lab.call("PUT", "/config", { body: CONFIG });
    const rules = (text: string) => text.split("\n").filter((line) => line.startsWith("-A"));
    expect(rules(lab.inside("iptables-save", "-t", "mangle"))).toEqual(rules(ip));
    expect(rules(lab.inside("ip6tables-save", "-t", "mangle"))).toEqual(rules(ip6));
  });

  test("marks in force stay", async () => {
    const body = `flow first director new\n  match proto tcp dstport 1\n\n${CONFIG}`;
    const { marks } = (await lab.call("POST", "/compile", { body })).as(compiledSchema);
    expect(marks.directors).toEqual({ pool: "0x100", new: "0x300" });
  });

  test("errors are 422 with their places, those of the machine too", async () => {
    const refused = await lab.call("POST", "/compile", { body: "flow a permit\n  match dst 10.0.0.300\n" });
    expect(refused).toMatchObject({ status: 422, json: { diagnostics: [{ line: 2, column: 13 }] } });
    const unknown = await lab.call("POST", "/compile", { body: "flow a table nowhere\n  match\n" });
    expect(unknown).toMatchObject({
      status: 422,
      json: { diagnostics: [{ code: "unknown-table", flow: "a", line: 1, path: "/items/0/policy" }] },
    });
    const help = unknown.as(problemSchema).diagnostics[0]?.help;
    expect(help).toMatch(/^known are .*\bmain\b/);
    expect(help, "no policy can name these").not.toMatch(/\b(local|unspec)\b/);
  });
});

describe("trace", () => {
  const TEXT = `list office { 10.0.0.0/8 }

flow replies permit
  match state { established, related }

flow branch deny
  match src @office dstport { 80, 443 }

outflow dns table 77
  match proto udp dstport 53
`;
  const trace = async (packet: object) => {
    const base = { iface: "eth0", proto: "tcp", src: "10.0.0.1", dst: "192.168.0.2", dstport: 443 };
    const answer = await lab.call("POST", "/trace", { body: { packet: { ...base, ...packet }, text: TEXT } });
    expect(answer.status, answer.text).toBe(200);
    return answer.as(traceSchema);
  };

  test("named lists and braces", async () => {
    expect(await trace({})).toMatchObject({ verdict: { action: "deny" }, flow: "branch", rule: 1 });
    expect(await trace({ dstport: 81 })).toMatchObject({ verdict: { action: "undecided" }, flow: null });
    expect(await trace({ src: "11.0.0.1" })).toMatchObject({ verdict: { action: "undecided" } });
  });

  test("the state of the connection", async () => {
    expect(await trace({ state: "established" })).toMatchObject({ flow: "replies", rule: 1 });
    expect(await trace({ state: "new" })).toMatchObject({ flow: "branch", rule: 1 });
  });

  test("what the machine sends meets outflows and no flows", async () => {
    const sent = await trace({ direction: "out", proto: "udp", dstport: 53 });
    expect(sent).toMatchObject({ verdict: { action: "table", table: 77 }, flow: "dns", rule: 1 });
    expect(sent.mark).toMatch(/^0x[1-9a-f]00$/);
    expect(sent.route).toEqual({ table: 77, name: null });
    const received = await trace({ proto: "udp", dstport: 53 });
    expect(received).toMatchObject({ verdict: { action: "undecided" }, flow: null });
    expect(await trace({ direction: "out" })).toMatchObject({ verdict: { action: "undecided" } });
  });

  test("a word that is none of these is refused by its name", async () => {
    const packet = { iface: "eth0", proto: "tcp", src: "10.0.0.1", dst: "10.0.0.2", direction: "sideways" };
    const refused = await lab.call("POST", "/trace", { body: { packet, text: TEXT } });
    expect(refused).toMatchObject({ status: 422, json: { diagnostics: [{ path: "/packet/direction" }] } });
  });
});

describe("what only the machine says of a draft", () => {
  test("interfaces in lists and in outflows, unknown and empty tables", async () => {
    const body = `flow a permit
  match iface { eth0, eth7, wg+ }
  off match iface eth8
outflow b table 99
  match iface eth9
flow c table nowhere
  match
`;
    const put = await lab.call("PUT", "/draft", { headers, body });
    expect(put.status, put.text).toBe(200);
    const ofMachine = put
      .as(writtenDraftSchema)
      .diagnostics.filter(({ code }) => ["unknown-interface", "unknown-table", "empty-table"].includes(code));
    expect(ofMachine).toMatchObject([
      { code: "unknown-interface", severity: "warning", flow: "a", rule: 1, line: 2 },
      { code: "empty-table", severity: "warning", flow: "b" },
      { code: "unknown-interface", severity: "warning", flow: "b", rule: 1 },
      { code: "unknown-table", severity: "error", flow: "c" },
    ]);
    expect(ofMachine[0]?.message).toBe("there is no interface eth7 now");
    const apply = await lab.call("POST", "/apply", { body: { etag: put.as(writtenDraftSchema).etag } });
    expect(apply.status).toBe(422);
  });

  test("interfaces and tables that expectations name, each at its word", async () => {
    const body = `expect table nowhere iface { eth0, eth7 }
expect table 99 dstport 22
expect deny iface eth+
`;
    const put = await lab.call("PUT", "/draft", { headers, body });
    expect(put.status, put.text).toBe(200);
    const ofMachine = put.as(writtenDraftSchema).diagnostics.filter(({ code }) => /^un/.test(code));
    expect(ofMachine).toMatchObject([
      {
        code: "unknown-table",
        severity: "error",
        path: "/items/0/verdict",
        line: 1,
        column: 8,
        endColumn: 21,
      },
      { code: "unknown-interface", severity: "warning", path: "/items/0/conditions/iface/values/1", line: 1 },
    ]);
  });

  test("marks that cannot be given are part of the plan, which is not applicable", async () => {
    lab.inside("ip", "rule", "add", "fwmark", "0x300/0xff00", "lookup", "88");
    await lab.call("GET", "/status?verify=true");
    const { text } = (await lab.call("GET", "/running")).as(runningSchema);
    const body = `${text}\nflow new director fresh\n  match proto tcp dstport 1\n`;
    await lab.call("PUT", "/draft", { headers, body });
    const plan = await lab.call("GET", "/draft/plan");
    expect(plan.status, plan.text).toBe(200);
    expect(plan.json).toMatchObject({ applicable: false, headline: expect.stringContaining("1 flow added") });
    expect(plan.as(planSchema).diagnostics.at(-1)).toMatchObject({
      code: "mark-in-use",
      severity: "error",
      flow: "new",
      line: expect.any(Number),
    });
    const apply = await lab.call("POST", "/apply", { body: { etag: plan.as(planSchema).etag } });
    expect(apply).toMatchObject({ status: 422, json: { diagnostics: [{ code: "mark-in-use" }] } });
    lab.inside("ip", "rule", "delete", "fwmark", "0x300/0xff00", "lookup", "88");
  });
});

test("where a verdict leads: the table in which the kernel looks, as its rules say", async () => {
  const text = `flow web director farm
  match proto tcp dst 192.168.0.2 dstport 80

flow usual table main
  match proto tcp dst 192.168.0.2 dstport 81
`;
  const body = (dstport: number) => ({
    ...{
      config: "running",
      packet: { iface: "eth0", proto: "tcp", src: "10.0.0.1", dst: "192.168.0.2", dstport },
    },
  });
  await lab.call("PUT", "/config", { body: text });
  const farm = (await lab.call("POST", "/trace", { body: body(80) })).as(traceSchema);
  expect(farm).toMatchObject({ verdict: { action: "director" }, route: { name: null } });
  const rules: { fwmark?: string; table: string }[] = JSON.parse(lab.inside("ip", "-N", "-json", "rule"));
  const lookup = rules.find(({ fwmark }) => fwmark === farm.mark);
  expect(farm.route?.table).toBe(Number(lookup?.table));
  const usual = (await lab.call("POST", "/trace", { body: body(81) })).as(traceSchema);
  expect(usual).toMatchObject({ route: { table: 254, name: "main" } });
  expect((await lab.call("POST", "/trace", { body: body(82) })).json).toMatchObject({
    mark: null,
    route: null,
  });
});
