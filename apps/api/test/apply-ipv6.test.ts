/** A machine without IPv6: what cannot be judged there is not asked of it. */
import { checkText } from "@flowmgr/flow-model";
import { ensureWorld, openKernel } from "@flowmgr/kernel";
import { expect, onTestFinished, test } from "vitest";
import { createEngine } from "../src/apply/runner.ts";
import { systemClock } from "../src/clock.ts";
import { createEvents } from "../src/events.ts";
import { openDatabase } from "../src/store/database.ts";
import { labSettings, makePlace, rulesIn } from "./lab.ts";

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
  const engine = createEngine({ settings, db, kernel, clock: systemClock, events: createEvents() });
  await engine.start();
  onTestFinished(() => engine.stop());
  const { config } = checkText("flow ssh permit match proto tcp dstport 22");
  const caller = { name: "test", via: "token", address: "", indirect: true, connectedAt: 0 } as const;
  const applied = await engine.apply({ config, message: "", confirmWithin: 0, caller });
  expect(applied).toMatchObject({ state: "confirmed", changed: true });
  expect(await engine.verify()).toBe(true);
  expect(rulesIn(place.namespace, "ip")).toHaveLength(1);
  expect(rulesIn(place.namespace, "ip6")).toEqual([]);
});
