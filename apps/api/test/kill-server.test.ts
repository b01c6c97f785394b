/**
 * A few of the kills that `npm run kill` does by the hundred: a real server gets a SIGKILL between the commands that
 * make the kernel hold other rules, and is started again.
 */
import { expect, onTestFinished, test } from "vitest";
import type { How } from "./kill/boundaries.ts";
import { killAt, looks } from "./kill/run.ts";
import { SCENARIOS } from "./kill/scenarios.ts";
import { makeScene } from "./kill/server.ts";

type Pick = { backend: "nft" | "legacy"; name: string; how: How; words: string };

const PICKS: Pick[] = [
  // Both families are switched, nothing says so on disk yet: nobody was told, so it is undone.
  {
    backend: "nft",
    name: "apply to be confirmed",
    how: "after",
    words: "netns*ip6tables-nft-restore*",
  },
  // The kernel works on when its master is dead.
  {
    backend: "legacy",
    name: "time runs out",
    how: "during",
    words: "netns*iptables-legacy-restore*",
  },
];

test.each(PICKS)(
  "$backend, $name: killed $how $words",
  async ({ backend, name, how, words }) => {
    const scene = makeScene(backend);
    onTestFinished(() => scene.remove());
    const scenario = SCENARIOS.find((one) => one.name === name);
    if (!scenario) throw new Error(`no scenario ${name}`);
    const { looks: found, server } = await looks(scene);
    const [outcome] = await killAt(scene, scenario, found, server, words, how);
    expect(outcome).toMatchObject({ died: words, inForce: "old" });
  },
  300_000,
);
