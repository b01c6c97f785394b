/** All that is ours out of the kernel of a target, and nothing else: an apply of nothing, in each back end. */
import { existsSync } from "node:fs";
import type { FamilyDelta, FamilyName, FamilyProgram, Program } from "@flowmgr/flow-compiler";
import { apply } from "./apply.ts";
import {
  type Backend,
  type Capabilities,
  countStanding,
  findCapabilities,
  tablesIn,
} from "./capabilities.ts";
import { underLock } from "./lock.ts";
import { Memory } from "./memory.ts";
import { HOOKED } from "./ours.ts";
import { readOwn } from "./read.ts";
import { readSets } from "./sets.ts";
import { openSnapshots, type Snapshots } from "./snapshot.ts";
import { openTarget, type Target, type TargetSpec } from "./target.ts";
import { removeWorld } from "./world.ts";

/** How much was taken out of one family in one back end. */
export type Removed = {
  backend: Backend;
  family: FamilyName;
  chains: number;
  jumps: number;
  ipRules: number;
  routes: number;
  sets: number;
};

export type Uninstalled = {
  /** Only what there was; what belongs to no back end (ip rules, routes, sets) is told with the first. */
  removed: Removed[];
  /** Sets of ours that rules of others refer to: these stay. */
  heldSets: string[];
  /** Network namespaces that we had made. */
  namespaces: string[];
};

const NOTHING: FamilyProgram = { chains: [], hooks: [], ipRules: [], routes: [] };
const EMPTY: Program = { ip: NOTHING, ip6: null, marks: { directors: {}, tables: {} } };

/** Where no data directory is left: what is ours is known by its jumps, comments and numbers alone. */
const FORGETFUL: Snapshots = {
  write: () => ({ id: "" }),
  read: () => null,
  remember: () => undefined,
  remembered: () => ({ ip: [], ip6: [] }),
};

/**
 * Removes our chains, jumps, ip rules, routes and sets in both families and both back ends, read back and compared, and the
 * private world of a namespace. Throws KernelError when others hold on to a chain of ours or the kernel refuses; what
 * was removed until then stays removed, and it can be called again.
 */
export async function uninstall(spec: TargetSpec, dataDir: string): Promise<Uninstalled> {
  if (spec.kind === "namespace" && !existsSync(`/run/netns/${spec.name}`)) {
    return { removed: [], heldSets: [], namespaces: await removeWorld(spec.name) };
  }
  const target = openTarget(spec);
  const snapshots = existsSync(dataDir) ? openSnapshots(dataDir, target.id) : FORGETFUL;
  const removed: Removed[] = [];
  const sets = new Map<string, FamilyName>();
  let left: string[] = [];
  for (const capabilities of await inOrder(target, snapshots)) {
    const { delta } = await underLock(target, (locked) =>
      apply({ target: locked, capabilities, memory: new Memory() }, snapshots, EMPTY, {
        evenWithoutDisk: true,
      }),
    );
    const { backend } = capabilities.facts;
    for (const set of delta.sets.remove) sets.set(set.name, set.family);
    left = (await readSets({ target, capabilities })).map(({ name }) => name);
    for (const family of ["ip", "ip6"] as const)
      removed.push({ backend, family, ...sizeOf(delta[family]), sets: 0 });
  }
  for (const one of removed.slice(0, 2)) {
    one.sets = [...sets].filter(([name, family]) => family === one.family && !left.includes(name)).length;
  }
  return {
    removed: removed.filter(
      ({ chains, jumps, ipRules, routes, sets }) => chains + jumps + ipRules + routes + sets > 0,
    ),
    heldSets: left,
    namespaces: spec.kind === "namespace" ? await removeWorld(spec.name) : [],
  };
}

/**
 * The back ends in which anything stands. The one that holds our chains comes first: what it takes away of ip rules
 * and routes goes after the chains, whose packets need them.
 */
async function inOrder(target: Target, snapshots: Snapshots): Promise<Capabilities[]> {
  const used = await findCapabilities(target, "auto", false);
  const { backend, tools } = used.other;
  if ((await countStanding(target, tools, await tablesIn(target, backend))) === 0) return [used];
  const other = await findCapabilities(target, backend, false);
  const machine = { target, capabilities: other, memory: new Memory() };
  const { ip, ip6 } = await readOwn(machine, snapshots.remembered(), { tables: "mangle", counts: "now" });
  return ip.state.chains.length + (ip6?.state.chains.length ?? 0) > 0 ? [other, used] : [used, other];
}

const JUMP = new RegExp(`^-D (${HOOKED.join("|")}) `, "gm");

function sizeOf(part: FamilyDelta | null): Omit<Removed, "backend" | "family" | "sets"> {
  if (part === null) return { chains: 0, jumps: 0, ipRules: 0, routes: 0 };
  return {
    chains: part.removed.length,
    jumps: part.restore.match(JUMP)?.length ?? 0,
    ipRules: part.remove.ipRules.length,
    routes: part.remove.routes.length,
  };
}
