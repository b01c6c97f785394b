/** Somebody deletes the namespace behind a running server: his own, which he makes anew, or the one that it made. */

import { execFileSync } from "node:child_process";
import { appliedSchema, problemSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testClock } from "./clock.ts";
import { type Lab, makePlace, startLab } from "./lab.ts";

const SSH = "flow ssh permit\n  match proto tcp dst 192.168.0.1 dstport 22\n";
const DNS = "flow dns permit\n  match proto udp dst 192.168.0.1 dstport 53\n";

let lab: Lab;
const clock = testClock();
const place = makePlace();
const netns = (verb: "add" | "delete", { namespace } = place) =>
  execFileSync("ip", ["netns", verb, namespace]);

beforeAll(async () => {
  netns("add");
  lab = await startLab({ clock, place });
});
afterAll(async () => {
  // It is not the server's to remove.
  netns("delete");
  await lab.remove();
});

test("it is told of, not hidden behind an internal error, and nothing is said to be in force", async () => {
  await lab.call("PUT", "/config", { body: SSH });
  netns("delete");
  const why = `Cannot open network namespace "${lab.place.namespace}"`;
  const readers = ["/draft/plan", "/running/counters", "/kernel", "/directors", "/tables", "/interfaces"];
  for (const path of readers) {
    clock.pass(5_000);
    const problem = (await lab.call("GET", path)).as(problemSchema);
    expect(problem).toMatchObject({ status: 502, type: "urn:flowmgr:problem:kernel-unreadable" });
    expect(problem.detail).toContain(why);
  }
  const repair = await lab.call("POST", "/kernel/repair");
  expect(repair).toMatchObject({ status: 502, json: { type: "urn:flowmgr:problem:kernel-refused" } });
  expect(repair.as(problemSchema).detail).toContain(why);
  const refused = (await lab.call("PUT", "/config", { body: DNS })).as(problemSchema);
  expect(refused.type).toBe("urn:flowmgr:problem:kernel-refused");
  expect(refused.detail).toContain(why);
  expect(refused.detail).toMatch(/; nothing was changed\.$/);
  expect((await lab.call("GET", "/status?verify=true")).json).toMatchObject({ state: "error" });
  netns("add");
  expect((await lab.call("GET", "/status?verify=true")).json).toMatchObject({ state: "drift" });
  expect((await lab.call("PUT", "/config", { body: SSH })).json).toMatchObject({ changed: false });
  expect(lab.rules()[0]).toMatch(/^-A @ssh /);
});

test("gone when the time runs out: the old rules are there as soon as it is", async () => {
  const tried = await lab.call("PUT", "/config?confirmWithin=30", { body: DNS });
  expect(tried.as(appliedSchema).state, tried.text).toBe("unconfirmed");
  netns("delete");
  const failed = lab.event("apply", ({ state }) => state === "error");
  clock.pass(30_000);
  await failed;
  netns("add");
  const back = lab.event("apply", ({ state }) => state === "in-sync");
  clock.pass(1_000);
  await back;
  expect(lab.rules()[0]).toMatch(/^-A @ssh /);
});

test("one that the server made is made anew, with its world, by whatever puts rules there next", async () => {
  const own = await startLab();
  try {
    await own.call("PUT", "/config", { body: SSH });
    const whole = own.inside("ip", "-brief", "address");
    for (const [method, path, body] of [
      ["POST", "/kernel/repair", undefined],
      ["PUT", "/config", DNS],
    ] as const) {
      netns("delete", own.place);
      const done = await own.call(method, path, { body });
      expect(done.json, done.text).toMatchObject({ changed: true });
      expect(own.rules()).toHaveLength(1);
      const addresses = (text: string) => text.match(/192\.168\.\d\.\d/g);
      expect(addresses(own.inside("ip", "-brief", "address"))).toEqual(addresses(whole));
    }
  } finally {
    await own.remove();
  }
});
