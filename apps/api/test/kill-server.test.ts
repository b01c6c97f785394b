/**
 * A few of the kills that `npm run kill` does by the hundred: a real server gets a SIGKILL between the commands that
 * make the kernel hold other rules, and is started again.
 */
import { expect, onTestFinished, test } from "vitest";
import type { How } from "./kill/boundaries.ts";
import { count, killAt, looks } from "./kill/run.ts";
import { SCENARIOS } from "./kill/scenarios.ts";
import { makeScene } from "./kill/server.ts";

type Pick = { backend: "nft" | "legacy"; name: string; how: How; which: RegExp; inForce: "old" | "new" };

const PICKS: Pick[] = [
  // Both families are switched, nothing says so on disk yet: nobody was told, so it is undone.
  {
    backend: "nft",
    name: "apply to be confirmed",
    how: "after",
    which: /ip6tables\S*-restore/,
    inForce: "old",
  },
  // The kernel works on when its master is dead.
  { backend: "legacy", name: "time runs out", how: "during", which: / iptables\S*-restore/, inForce: "old" },
];

test.each(PICKS)(
  "$backend, $name: killed $how $which",
  async ({ backend, name, how, which, inForce }) => {
    const scene = makeScene(backend);
    onTestFinished(() => scene.remove());
    const scenario = SCENARIOS.find((one) => one.name === name);
    if (!scenario) throw new Error(`no scenario ${name}`);
    const { looks: found, server } = await looks(scene);
    const [met, up] = await count(scene, scenario, server);
    const at = met.findIndex((label) => which.test(label)) + 1;
    const [outcome] = await killAt(scene, scenario, found, up, at, how);
    expect(outcome).toMatchObject({ died: expect.stringMatching(which), inForce });
  },
  300_000,
);
