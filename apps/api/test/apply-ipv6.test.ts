/** A machine without IPv6: what cannot be judged there is not asked of it. */
import { planSchema, statusSchema } from "@flowmgr/flow-api";
import { checkText } from "@flowmgr/flow-model";
import { ensureWorld, openKernel } from "@flowmgr/kernel";
import { expect, onTestFinished, test } from "vitest";
import { createAnalyst } from "../src/analysis/analyst.ts";
import type { Analyst } from "../src/analysis/asking.ts";
import { createEngine } from "../src/apply/runner.ts";
import { systemClock } from "../src/clock.ts";
import { createEvents } from "../src/events.ts";
import { openDatabase } from "../src/store/database.ts";
import { type Lab, labSettings, makePlace, rulesIn, startLab } from "./lab.ts";

test("the setting is on and the machine has none: flows are applied for IPv4", async () => {
  const place = makePlace();
  onTestFinished(() => place.remove());
  const settings = labSettings(place, ["--ipv6", "on"]);
  const { target, backend, data } = settings;
  await ensureWorld(place.namespace);
  // Opened like this the kernel says what one without IPv6 says: no ip6tables.
  const kernel = await openKernel({ target, backend, dataDir: data, ipv6: false });
  const db = openDatabase(data);
  onTestFinished(() => db.close());
  const clock = systemClock;
  const analyst: Analyst = createAnalyst(
    { clock, settings, engine: { state: () => engine.state() } },
    { log: (error) => expect.fail(String(error)) },
  );
  onTestFinished(() => analyst.close());
  const engine = createEngine({ settings, db, kernel, clock, events: createEvents(), analyst });
  await engine.start();
  onTestFinished(() => engine.stop());
  const { config } = checkText("flow ssh permit match proto tcp dstport 22");
  const caller = {
    name: "test",
    via: "token",
    address: "",
    indirect: true,
    connectedAt: 0,
    connection: null,
  } as const;
  const applied = await engine.apply({ config, message: "", confirmWithin: 0, caller });
  expect(applied).toMatchObject({ state: "confirmed", changed: true });
  expect(await engine.verify()).toBe(true);
  expect(rulesIn(place.namespace, "ip")).toHaveLength(1);
  expect(rulesIn(place.namespace, "ip6")).toEqual([]);
});

test("switched off: what stood there goes, what only IPv6 meets is warned of; on again it is put back", async () => {
  const place = makePlace();
  onTestFinished(() => place.remove());
  const text = `list servers { fd01::1, fd01::2 }
flow pool director d
  match proto tcp dst { 10.1.1.1, fd01::1 } dstport 25
flow six permit
  match src @servers
  match proto tcp
`;
  const six = (lab: Lab) => [
    lab.rules("ip6").length,
    lab.inside("ip", "-6", "rule").match(/fwmark/g)?.length ?? 0,
    lab.inside("ip", "-6", "route", "show", "table", "all").match(/^local fd01::/gm)?.length ?? 0,
  ];
  const warnings = async (lab: Lab) =>
    (await lab.call("GET", "/status?verify=true")).as(statusSchema).warnings;

  const first = await startLab({ place });
  expect((await first.call("PUT", "/config", { body: text })).status).toBe(200);
  const before = six(first);
  expect(before.every((count) => count > 0)).toBe(true);
  expect(await warnings(first)).toEqual([]);
  await first.stop();

  const off = await startLab({ place, flags: ["--ipv6", "off"] });
  expect(six(off)).toEqual([0, 0, 0]);
  expect(off.rules("ip").length).toBeGreaterThan(0);
  expect((await off.call("GET", "/status?verify=true")).json).toMatchObject({
    ipv6: false,
    state: "in-sync",
  });
  expect(await warnings(off)).toEqual([expect.stringMatching("^IPv6 is not judged \\(--ipv6 off\\)")]);
  const { diagnostics } = (await off.call("PUT", "/config?dryRun=true", { body: text })).as(planSchema);
  expect(diagnostics).toMatchObject([{ code: "ipv6-not-judged", flow: "six", rule: 1, line: 5 }]);
  const packet = { iface: "eth0", proto: "tcp", dst: "fd01::1", srcport: 999, dstport: 25 };
  const traced = await off.call("POST", "/trace", { body: { packet: { ...packet, src: "fd00::10" } } });
  expect(traced.json).toMatchObject({
    verdict: { action: "undecided" },
    spared: expect.stringMatching("^IPv6 is not judged here"),
  });
  await off.stop();

  const on = await startLab({ place });
  expect(six(on)).toEqual(before);
  expect(await warnings(on)).toEqual([]);
  await on.stop();
});
