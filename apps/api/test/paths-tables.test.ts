/** What on a machine keeps packets from going by the table that a flow names is said wherever somebody looks. */
import { interfacesSchema, planSchema, statusSchema, tablesSchema } from "@flowmgr/flow-api";
import { expect, onTestFinished, test } from "vitest";
import { testClock } from "./clock.ts";
import { startLab } from "./lab.ts";

const CONFIG = "flow mail table 77\n  match proto tcp dstport 25\n";

test("an empty table and a check of sources: warned of in draft, plan, status and paths, until it is put right", async () => {
  const clock = testClock();
  const lab = await startLab({ clock });
  onTestFinished(() => lab.remove());
  const get = async (path: string) => {
    // A reading is given again as long as it is young.
    clock.pass(600);
    const answer = await lab.call("GET", path);
    expect(answer.status, answer.text).toBe(200);
    return answer;
  };
  const warnings = async () => (await get("/status?verify=true")).as(statusSchema).warnings;
  const planned = async () => {
    await get("/status?verify=true");
    const plan = await lab.call("PUT", "/config?dryRun=true", { body: CONFIG });
    return plan.as(planSchema).diagnostics.map(({ code, message }) => [code, message]);
  };
  const lines = async (path: "tables" | "interfaces", name: string) => {
    const answer = await get(`/${path}`);
    const all = path === "tables" ? answer.as(tablesSchema).tables : answer.as(interfacesSchema).interfaces;
    const health = all.find((one) => one.name === name)?.health ?? [];
    return health.filter(({ state }) => state === "warning").map(({ what, text }) => `${what}: ${text}`);
  };

  const empty = "the routing table 77 is empty, so its packets go by the next ip rule";
  expect(await planned()).toEqual([["empty-table", empty]]);
  expect((await lab.call("PUT", "/config", { body: CONFIG })).status).toBe(200);
  const remedy = "ip route add default via ADDRESS table 77";
  expect(await warnings()).toContain(`${empty}: add a route: ${remedy}`);

  lab.inside("ip", "route", "add", "default", "via", "192.168.1.10", "table", "77");
  const half = "the routing table 77 has no IPv6 route, so its IPv6 packets go by the next ip rule";
  expect(await planned()).toEqual([["empty-table", half]]);
  expect(await warnings()).toEqual([`${half}: add a route: ip -6 route add default via ADDRESS table 77`]);

  lab.inside("ip", "-6", "route", "add", "default", "via", "fd00:0:0:1::10", "table", "77");
  lab.inside("ip", "route", "add", "default", "via", "192.168.0.10");
  lab.inside("sysctl", "-q", "-w", "net.ipv4.conf.eth1.rp_filter=1");
  const dropped =
    "IPv4 answers to packets of table 77 that come in by eth1 are dropped: the kernel's check of sources (rp_filter) asks the main table, which leads elsewhere";
  const setting = "net.ipv4.conf.eth1.rp_filter=2";
  expect(await planned()).toEqual([["source-check", dropped]]);
  expect(await warnings()).toEqual([`${dropped}: sysctl -w ${setting}`]);
  expect(await lines("tables", "77")).toEqual([`source check: ${dropped}: sysctl -w ${setting}`]);
  expect(await lines("interfaces", "eth1")).toEqual([`source check: ${dropped}: sysctl -w ${setting}`]);
  expect(await lines("interfaces", "eth0")).toEqual([]);

  lab.inside("sysctl", "-q", "-w", setting);
  expect([await planned(), await warnings(), await lines("tables", "77")]).toEqual([[], [], []]);
});
