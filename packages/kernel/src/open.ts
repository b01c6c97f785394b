/** The one way to a Kernel. */
import type { Program } from "@flowmgr/flow-compiler";
import { apply, programOf } from "./apply.ts";
import { type Backend, findCapabilities } from "./capabilities.ts";
import { check, openTrials } from "./check.ts";
import { counters } from "./counters.ts";
import { nothingChanged } from "./errors.ts";
import { type Kernel, KernelError } from "./kernel.ts";
import { underLock } from "./lock.ts";
import { Memory } from "./memory.ts";
import { moveOver } from "./move.ts";
import type { Machine } from "./read.ts";
import { openSnapshots } from "./snapshot.ts";
import { type Stopwatch, timed } from "./stopwatch.ts";
import { readAll } from "./surroundings.ts";
import { openTarget, type Target, type TargetSpec } from "./target.ts";
import { keepWorld } from "./world.ts";

export type KernelOptions = {
  target: TargetSpec;
  backend: Backend | "auto";
  ipv6: boolean;
  /** Snapshots are kept below it. */
  dataDir: string;
  /** By which the time limits of commands on the target are multiplied, 20 s for most; default 1. */
  patience?: number;
};

/**
 * Finds out what the machine has. Changes nothing: what a killed process left half done is ours by the same signs
 * as everything else, and the next apply starts from what it finds. Throws, with what would help, when iptables,
 * iproute2 or the namespace is missing.
 */
export async function openKernel(options: KernelOptions): Promise<Kernel> {
  const target = openTarget(options.target, options.patience);
  const capabilities = await findCapabilities(target, options.backend, options.ipv6);
  const snapshots = openSnapshots(options.dataDir, target.id);
  const machine: Machine = { target, capabilities, memory: new Memory() };
  const { target: spec } = options;
  const ensureTarget = spec.kind === "namespace" ? await keepWorld(spec.name) : async () => {};
  const inTurn = oneAtATime();
  // What the kernel is known to take, by a trial or since it holds it.
  let passed: Program | null = null;
  const trials = openTrials();
  const applyLocked: Kernel["apply"] = (program, how = {}) =>
    inTurn(() => {
      const watch: Stopwatch = {};
      const work = async (locked: Target) => {
        await nothingChanged(ensureTarget);
        const there = { ...machine, target: locked };
        const moved = await timed(watch, "move", () => moveOver(there));
        const applied = await apply(there, snapshots, program, how, watch);
        passed = program;
        return { ...applied, changed: applied.changed || moved, took: watch };
      };
      return underLock(target, work, watch);
    });
  return {
    facts: capabilities.facts,
    read: (counts = "now") => nothingChanged(() => readAll(machine, snapshots.remembered(), counts)),
    async check(program) {
      await check(capabilities, program, passed, trials);
      passed = program;
    },
    apply: applyLocked,
    async restore(snapshot) {
      const image = snapshots.read(snapshot);
      if (image === null) {
        const said = `snapshot ${snapshot.id} is no longer kept`;
        throw new KernelError(said, {
          family: null,
          source: null,
          said,
          oldRulesInForce: false,
        });
      }
      await applyLocked(programOf(image.before));
    },
    counters: (program) => nothingChanged(() => counters(machine, program)),
  };
}

/** Runs what it is given one after the other; one that fails does not keep the next from running. */
function oneAtATime(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine;
    return mine;
  };
}
