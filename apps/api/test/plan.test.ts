/** A plan says what would change from what is in force when it is answered. */
import type { Marks } from "@flowmgr/flow-compiler";
import { type Config, EMPTY_CONFIG, print } from "@flowmgr/flow-model";
import { expect, onTestFinished, test } from "vitest";
import { createAnalyst } from "../src/analysis/analyst.ts";
import { buildPlan } from "../src/apply/plan.ts";
import { NO_KERNEL_PLAN } from "../src/apply/plan-kernel.ts";
import { systemClock } from "../src/clock.ts";
import type { Caller, Engine } from "../src/parts.ts";
import { labSettings, makePlace } from "./lab.ts";
import { config } from "./machine-as-data.ts";

const marks: Marks = { directors: {}, tables: {} };

const inForce = (revision: number, config: Config): ReturnType<Engine["running"]> => ({
  ...{ revision, config, text: print(config), author: "", message: "", at: "", marks },
});

const caller: Caller = {
  ...{ name: "admin", via: "token", address: "127.0.0.1", indirect: true, connectedAt: 0, connection: null },
};

test("one that the end of a countdown has overtaken is made anew", async () => {
  const tried = config("flow a permit\n  match\n");
  let running = inForce(2, tried);
  let asked = 0;
  const state: ReturnType<Engine["state"]> = {
    ...{ state: "in-sync", detail: null, unconfirmed: null, expired: null, warnings: [], interfaces: [] },
    ...{
      lines: [],
      foreignBehind: { ip: 0, ip6: 0 },
      tables: {},
      routesIn: {},
      eaten: [],
      judged: ["ip"],
      sets: true,
    },
    repair: { byItself: false, last: null, held: null },
  };
  const place = makePlace();
  onTestFinished(() => place.remove());
  const settings = labSettings(place);
  const parts = { clock: systemClock, settings, engine: { state: () => state } };
  const analyst = createAnalyst(parts, { log: (error) => console.error(error) });
  onTestFinished(() => analyst.close());
  const plan = await buildPlan(
    {
      analyst,
      settings,
      engine: {
        running: () => running,
        plan: async () => {
          asked += 1;
          // While the kernel is asked the first time, the old rules come back.
          if (asked === 1) running = inForce(1, EMPTY_CONFIG);
          return { kernel: NO_KERNEL_PLAN, diagnostics: [], moved: [] };
        },
        state: () => state,
      },
    },
    {
      ...{ config: tried, diagnostics: [], sound: true, accept: [], etag: "one", authors: [] },
      ...{ places: new Map(), caller },
    },
    {},
  );
  expect(asked).toBe(2);
  expect(plan).toMatchObject({ headline: expect.stringMatching(/^1 flow added/), applicable: true });
  expect(plan.text).toContain("+flow a permit");
  expect(plan.packets).toMatchObject({
    status: "complete",
    total: 1,
    changes: [{ is: { by: [{ flow: "a" }] } }],
  });
});
