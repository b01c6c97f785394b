/** A disk that takes nothing any more: what leads back to whole rules goes on, everything else is refused. */

import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { appliedSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testClock } from "./clock.ts";
import { type Lab, startLab } from "./lab.ts";

const SSH = "flow ssh permit\n  match proto tcp dst 192.168.0.1 dstport 22\n";
const DNS = "flow dns permit\n  match proto udp dst 192.168.0.1 dstport 53\n";

let lab: Lab;
const clock = testClock();
beforeAll(async () => {
  lab = await startLab({ clock });
});
afterAll(() => lab.remove());

/** From now on neither the database nor the snapshots can be written; gives a function that mends both. */
function breakDisk(): () => void {
  const snapshots = join(lab.place.data, "snapshots");
  renameSync(snapshots, `${snapshots}.away`);
  writeFileSync(snapshots, "");
  lab.running.parts.db.exec("PRAGMA query_only = ON");
  return () => {
    rmSync(snapshots);
    renameSync(`${snapshots}.away`, snapshots);
    lab.running.parts.db.exec("PRAGMA query_only = OFF");
  };
}

test("time runs out: the old rules are back, and the history learns of it when it can", async () => {
  expect((await lab.call("PUT", "/config", { body: SSH })).status).toBe(200);
  const tried = await lab.call("PUT", "/config?confirmWithin=60", { body: DNS });
  expect(lab.rules()[0]).toMatch(/^-A @dns /);
  const { engine } = lab.running.parts;
  const mend = breakDisk();
  const back = lab.event("apply", ({ state }) => state !== "applying");
  clock.pass(60_000);
  await back;
  expect(engine.state()).toMatchObject({ state: "in-sync", detail: null });
  expect(lab.rules()[0]).toMatch(/^-A @ssh /);
  expect(engine.state().warnings).toEqual([
    expect.stringContaining(`cannot be written to ${lab.place.data}: `),
  ]);
  const refused = await engine
    .apply({
      config: lab.running.parts.draft.get().config,
      message: "",
      confirmWithin: 0,
      caller: { name: "test", via: "token", address: "", indirect: true, connectedAt: 0, connection: null },
    })
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Error);
  expect(lab.rules()[0]).toMatch(/^-A @ssh /);
  mend();
  expect((await lab.call("PUT", "/config", { body: `# again\n${SSH}` })).status).toBe(200);
  const { json } = await lab.call("GET", `/revisions/${tried.as(appliedSchema).revision}`);
  expect(json).toMatchObject({ outcome: "expired", running: false });
});
