/** Directors, tables and interfaces over HTTP, on a real machine that somebody changes. */
import { directorsSchema, interfacesSchema, tablesSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testClock } from "./clock.ts";
import { type Lab, startLab } from "./lab.ts";

const CONFIG = `flow mail director pool
  match proto tcp dst { 10.1.1.1, 192.168.0.2 } dstport 25
outflow own table 77
  match proto udp dstport 53
`;

const clock = testClock();
let lab: Lab;

async function get(path: string): Promise<unknown> {
  // A reading is given again as long as it is young.
  clock.pass(600);
  const answer = await lab.call("GET", path);
  expect(answer.status, answer.text).toBe(200);
  return answer.json;
}
const directors = async () => directorsSchema.strict().parse(await get("/directors")).directors;
const tables = async () => tablesSchema.strict().parse(await get("/tables")).tables;
const interfaces = async () => interfacesSchema.strict().parse(await get("/interfaces")).interfaces;

const states = (health: { what: string; state: string }[] | undefined) =>
  health?.map(({ what, state }) => `${what} ${state}`);

beforeAll(async () => {
  lab = await startLab({ clock });
  const put = await lab.call("PUT", "/config", { body: CONFIG });
  expect(put.status, put.text).toBe(200);
});
afterAll(() => lab.remove());

test("a director's path, whole and after somebody took a part of it", async () => {
  const [pool] = await directors();
  expect(pool).toMatchObject({
    name: "pool",
    mark: "0x100",
    inForce: true,
    usedBy: [{ flow: "mail", on: true }],
  });
  // This kernel may have IPVS or not; what it says of it is tested over data.
  const withoutIpvs = (all: string[] | undefined) => all?.filter((one) => !/^serv/.test(one));
  expect(withoutIpvs(states(pool?.health))).toEqual(["mark ok", "ip rule ok", "local route ok"]);

  lab.inside("ip", "rule", "delete", "fwmark", "0x100/0xff00");
  lab.inside("ip", "route", "delete", "local", "192.168.0.2", "dev", "lo", "table", String(0x666c_0001));
  lab.inside("iptables", "-w", "5", "-t", "mangle", "-F", "@mail");
  const [broken] = await directors();
  expect(withoutIpvs(states(broken?.health))).toEqual(["mark error", "ip rule error", "local route warning"]);

  await lab.call("POST", "/kernel/repair");
  const [again] = await directors();
  expect(withoutIpvs(states(again?.health))).toEqual(["mark ok", "ip rule ok", "local route ok"]);
});

test("a table: empty, then with a route; the machine's own packets use it too", async () => {
  const find = async () => (await tables()).find(({ name }) => name === "77");
  expect(await find()).toMatchObject({
    number: 77,
    mark: "0x200",
    routes: { ip: 0, ip6: 0 },
    usedBy: [{ flow: "own", on: true }],
    inForce: true,
  });
  expect(states((await find())?.health)).toEqual(["mark ok", "ip rule ok", "ip rule ok", "table warning"]);
  lab.inside("ip", "route", "add", "default", "via", "192.168.1.10", "table", "77");
  lab.inside("ip", "-6", "route", "add", "default", "via", "fd00:0:0:1::10", "table", "77");
  expect(await find()).toMatchObject({ routes: { ip: 1, ip6: 1 } });
  expect(states((await find())?.health)).toEqual(["mark ok", "ip rule ok", "ip rule ok", "table ok"]);
  expect((await tables()).map(({ name }) => name)).toContain("main");
});

test("interfaces of the machine, and one that only the draft waits for", async () => {
  const body = `${CONFIG}flow tunnel permit\n  match iface { wg0, eth+ }\n`;
  await lab.call("PUT", "/draft", { headers: { "if-match": "*" }, body });
  const found = await interfaces();
  expect(found.map(({ name }) => name)).toEqual(["lo", "eth0", "eth1", "wg0", "eth+"]);
  expect(found[1]).toMatchObject({ there: true, up: true, usedBy: [{ flow: "tunnel", on: true }] });
  expect(found[1]?.addresses).toEqual(expect.arrayContaining(["192.168.0.1", "192.168.0.2", "fd00::1"]));
  expect(found[3]).toMatchObject({ there: false, up: false, addresses: [] });
  lab.inside("ip", "link", "set", "eth1", "down");
  expect(states((await interfaces())[2]?.health)).toEqual(["interface ok", "link warning", "addresses ok"]);
  lab.inside("ip", "link", "set", "eth1", "up");
});

test("draft and running are told apart: a new director has no mark yet", async () => {
  const body = "flow web director farm\n  match proto tcp dstport 80\n";
  await lab.call("PUT", "/draft", { headers: { "if-match": "*" }, body });
  expect(await directors()).toMatchObject([
    { name: "farm", mark: null, inForce: false, usedBy: [{ flow: "web" }] },
    { name: "pool", mark: "0x100", inForce: true, usedBy: [] },
  ]);
});

test("directors, tables and interfaces come page by page to who asks for pages", async () => {
  for (const [what, schema] of [
    ["directors", directorsSchema],
    ["tables", tablesSchema],
    ["interfaces", interfacesSchema],
  ] as const) {
    const names = (answer: unknown) => {
      const { next, ...lists } = schema.strict().parse(answer);
      return {
        next,
        names: Object.values(lists)
          .flat()
          .map(({ name }) => name),
      };
    };
    const whole = names(await get(`/${what}`));
    expect(whole.next).toBeNull();
    const seen: string[] = [];
    let next: string | null = null;
    do {
      const after: string = next === null ? "" : `&after=${encodeURIComponent(next)}`;
      const page = names(await get(`/${what}?limit=1${after}`));
      expect(page.names).toHaveLength(1);
      seen.push(...page.names);
      next = page.next;
    } while (next !== null);
    expect(seen).toEqual(whole.names);
    expect((await lab.call("GET", `/${what}?after=nobody`)).status).toBe(404);
  }
});

test.each([
  "/draft/flows?limit=0",
  "/draft/lists?limit=x",
  "/kernel?limit=1001",
  "/directors?limit=1.5",
  "/draft/plan/packets?limit=0",
])("%s is told in words what would be right", async (path) => {
  const most = path.includes("plan") ? 100 : 1000;
  const { status, text } = await lab.call("GET", path);
  expect([status, text]).toEqual([400, expect.stringContaining(`limit: write a number, 1 to ${most}`)]);
});
