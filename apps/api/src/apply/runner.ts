/**
 * Applying for real: the machine's commands become calls of the kernel, timers and rows on disk.
 *
 * Order is everything here. A state is on disk before its commands are run, and a revision's end is on disk in the
 * same transaction as the state that follows from it. Whatever line the process dies at, `start` reads a state that
 * says which revision has to be in force (machine.ts), and the kernel package leaves the kernel with whole rules, old
 * or new. All that touches the kernel stands in one queue.
 */
import type { AppliedAnswer, Counters } from "@flowmgr/flow-api";
import {
  assignMarks,
  type CompileOptions,
  compile,
  delta,
  EMPTY_PROGRAM,
  type Marks,
  type Program,
  type Source,
} from "@flowmgr/flow-compiler";
import { type Config, print } from "@flowmgr/flow-model";
import { KernelError } from "@flowmgr/kernel";
import { rfc3339 } from "../clock.ts";
import type { ApplyRequest, Caller, Engine, Parts } from "../parts.ts";
import { compileOptions } from "../settings.ts";
import { transaction } from "../store/database.ts";
import { Counting } from "./counters.ts";
import { describe } from "./describe.ts";
import { DriftWatch } from "./drift-watch.ts";
import { type Journal, openJournal, type StoredRevision } from "./journal.ts";
import { type Command, type Event, type State, type Step, step } from "./machine.ts";
import { planKernel } from "./plan-kernel.ts";
import * as refusal from "./refusals.ts";
import { type Serial, serial } from "./serial.ts";

const NO_MARKS: Marks = { directors: {}, tables: {} };

/** What leads back to whole rules goes on when the disk is full; everything else has to be on disk first. */
const WITHOUT_DISK: ReadonlySet<Event["on"]> = new Set([
  "start",
  "due",
  "refused",
  "restored",
  "restore-failed",
  "retry",
]);

type InForce = StoredRevision & { program: Program };

type EngineParts = Pick<Parts, "settings" | "db" | "kernel" | "clock" | "events">;

/** `db` is migrated; nothing happens before `start`. */
export function createEngine(parts: EngineParts): Engine {
  return new Runner(parts);
}

class Runner implements Engine {
  readonly #parts: EngineParts;
  readonly #options: CompileOptions;
  readonly #journal: Journal;
  readonly #counting: Counting;
  readonly #watch: DriftWatch;
  readonly #kernelQueue: Serial = serial();
  readonly #timers = new Map<"deadline" | "retry", () => void>();
  #state: State;
  /** What the kernel holds, or is being made to hold again; null before the first apply. */
  #inForce: InForce | null = null;
  /** Monotonic time of the last switch: a connection accepted later has passed the new rules. */
  #switchedAt = 0;
  /** Why the state could not be written, in a sentence. */
  #diskTrouble: string | null = null;
  /** The program that `kernel.check` took last, so that a plan and the apply behind it check once. */
  #checked = "";

  constructor(parts: EngineParts) {
    const { db, kernel, clock, events } = parts;
    this.#parts = parts;
    this.#options = compileOptions(parts.settings);
    this.#journal = openJournal(db);
    this.#state = this.#journal.state();
    this.#counting = new Counting(db, clock, () =>
      this.#kernelQueue(async () => (this.#inForce ? kernel.counters(this.#inForce.program) : [])),
    );
    this.#watch = new DriftWatch({
      kernel,
      clock,
      events,
      options: this.#options,
      kernelQueue: this.#kernelQueue,
      wanted: () => {
        const settled = this.#state.at === "idle" || this.#state.at === "unconfirmed";
        return settled ? (this.#inForce?.program ?? null) : "changing";
      },
    });
  }

  async start(): Promise<void> {
    try {
      await this.#send({ on: "start", now: this.#parts.clock.now() });
    } catch (error) {
      // The state says so by now and goes back by itself; the server has to be there to tell.
      if (!(error instanceof KernelError)) throw error;
    }
    await this.#watch.look();
    this.#watch.start();
  }

  async stop(): Promise<void> {
    this.#watch.stop();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await this.#kernelQueue(async () => this.#counting.save());
  }

  running(): StoredRevision | null {
    return this.#inForce;
  }

  marks(config: Config): Marks {
    const assigned = assignMarks(config, this.#inForce?.marks ?? NO_MARKS, this.#optionsNow());
    if ("marks" in assigned) return assigned.marks;
    throw refusal.invalid(assigned.error);
  }

  async apply(request: ApplyRequest): Promise<AppliedAnswer & { changed: boolean }> {
    const { config, message, confirmWithin, caller } = request;
    if (this.#state.at !== "idle") throw refusal.conflict("busy", this.#state);
    const text = print(config);
    if (this.#inForce?.text === text) return this.#repair(this.#inForce);
    const marks = this.marks(config);
    const at = this.#parts.clock.now();
    let revision = 0;
    const commands = this.#commit(() => {
      revision = this.#journal.add({
        config,
        text,
        marks,
        tables: this.#tables(),
        message,
        author: caller.name,
        at,
      });
      return { on: "apply", revision, within: confirmWithin };
    });
    try {
      await this.#perform(commands);
    } catch (error) {
      if (error instanceof KernelError) throw refusal.kernelRefused(error, config);
      throw error;
    }
    return { ...this.#answer(revision), changed: true };
  }

  /** The same config again: nothing to do but to make the kernel agree, where somebody else changed it. */
  async #repair(wanted: InForce): Promise<AppliedAnswer & { changed: boolean }> {
    await this.#kernelQueue(async () => {
      // While it stood in the queue another apply may have come and gone; then there is nothing to repair.
      if (this.#inForce?.revision !== wanted.revision || this.#state.at !== "idle") return;
      try {
        const { reset } = await this.#parts.kernel.apply(wanted.program);
        this.#counting.renew(wanted.program, reset);
      } catch (error) {
        if (error instanceof KernelError) throw refusal.kernelRefused(error, wanted.config);
        throw error;
      }
    });
    await this.#watch.look();
    return { revision: wanted.revision, state: "confirmed", changed: false };
  }

  async confirm(revision: number, caller: Caller): Promise<AppliedAnswer> {
    if (this.#state.at === "unconfirmed" && caller.connectedAt <= this.#switchedAt)
      throw refusal.staleConnection();
    await this.#send({ on: "confirm", revision });
    return this.#answer(revision);
  }

  async revert(revision: number): Promise<AppliedAnswer> {
    await this.#send({ on: "revert", revision });
    if (this.#state.at === "error") throw refusal.notRestored(this.#state.said);
    return { revision, state: "reverted" };
  }

  #answer(revision: number): AppliedAnswer {
    const state = this.#state;
    if (state.at !== "unconfirmed" || state.trying !== revision) return { revision, state: "confirmed" };
    return {
      revision,
      state: "unconfirmed",
      deadline: rfc3339(state.deadline),
    };
  }

  async plan(config: Config): ReturnType<Engine["plan"]> {
    const marks = this.marks(config);
    const program = compile(config, marks, this.#optionsNow());
    return this.#kernelQueue(async () => {
      const { state } = await this.#parts.kernel.read();
      const kernel = planKernel(delta(state, program));
      try {
        await this.#check({ text: print(config), marks, program });
        return { kernel, diagnostics: [] };
      } catch (error) {
        if (error instanceof KernelError)
          return {
            kernel,
            diagnostics: [refusal.kernelDiagnostic(error, config)],
          };
        throw error;
      }
    });
  }

  counters(): Promise<Counters> {
    return this.#counting.read();
  }

  state(): ReturnType<Engine["state"]> {
    const [newest = null] = this.#journal.list(1, undefined);
    return describe(this.#state, this.#watch, newest, this.#diskTrouble);
  }

  async verify(): Promise<boolean> {
    return (await this.#watch.look()) && this.#state.at !== "error";
  }

  /** What the machine makes of an event: on disk first, then done. Throws Problem when it is refused. */
  async #send(event: Event): Promise<void> {
    let commands: Command[];
    try {
      commands = this.#commit(() => event);
    } catch (error) {
      if (!WITHOUT_DISK.has(event.on)) throw error;
      this.#diskTrouble = `The state cannot be written to disk: ${refusal.reason(error)}`;
      commands = this.#enter(this.#step(event));
    }
    await this.#perform(commands);
  }

  /** `make` gives the event, inside the transaction that writes what follows from it. */
  #commit(make: () => Event): Command[] {
    const { db, clock } = this.#parts;
    const next = transaction(db, () => {
      const made = this.#step(make());
      this.#journal.writeState(made.state);
      for (const command of made.commands) {
        if (command.do === "record") this.#journal.record(command.revision, command.outcome, clock.now());
      }
      return made;
    });
    this.#diskTrouble = null;
    return this.#enter(next);
  }

  #step(event: Event): Step {
    const next = step(this.#state, event);
    if ("refused" in next) throw refusal.conflict(next.refused, this.#state);
    return next;
  }

  #enter(next: Step): Command[] {
    const changed = next.state !== this.#state;
    this.#state = next.state;
    if (changed) this.#tell();
    return next.commands;
  }

  #tell(): void {
    const { state, unconfirmed } = this.state();
    const revision =
      unconfirmed?.revision ?? ("trying" in this.#state ? this.#state.trying : this.#state.running);
    this.#parts.events.emit("apply", {
      state,
      revision,
      deadline: unconfirmed?.deadline ?? null,
    });
  }

  async #perform(commands: Command[]): Promise<void> {
    for (const command of commands) {
      if (command.do === "switch") await this.#switch(command.revision);
      if (command.do === "restore") await this.#restore(command.revision);
      if (command.do === "arm") this.#arm("deadline", command.ms, { on: "due" });
      if (command.do === "retry-in") this.#arm("retry", command.ms, { on: "retry" });
      if (command.do === "disarm") this.#disarm("deadline");
    }
  }

  #arm(name: "deadline" | "retry", ms: number, event: Event): void {
    this.#disarm(name);
    const cancel = this.#parts.clock.after(ms, () => {
      this.#timers.delete(name);
      // It can throw only where a defect is; then a crash is right, for the next start finds its way by the disk.
      void this.#send(event);
    });
    this.#timers.set(name, cancel);
  }

  #disarm(name: "deadline" | "retry"): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }

  /** Throws KernelError when the kernel refused; by then the machine knows and what it wanted is done. */
  async #switch(revision: number): Promise<void> {
    let touched = false;
    try {
      const wanted = this.#load(revision);
      await this.#kernelQueue(async () => {
        await this.#check(wanted);
        touched = true;
        await this.#put(wanted);
      });
      await this.#send({ on: "applied", now: this.#parts.clock.now() });
    } catch (error) {
      const oldRulesInForce = !touched || (error instanceof KernelError && error.oldRulesInForce);
      await this.#send({ on: "refused", oldRulesInForce });
      throw error;
    }
  }

  async #restore(revision: number | null): Promise<void> {
    this.#inForce = revision === null ? null : this.#load(revision);
    const wanted = this.#inForce;
    try {
      await this.#kernelQueue(() => (wanted ? this.#put(wanted) : this.#putNothing()));
    } catch (error) {
      return this.#send({ on: "restore-failed", said: refusal.reason(error) });
    }
    await this.#send({ on: "restored" });
  }

  async #put(wanted: InForce): Promise<void> {
    const { reset } = await this.#parts.kernel.apply(wanted.program);
    this.#tookOver(wanted, reset);
  }

  async #putNothing(): Promise<void> {
    await this.#parts.kernel.apply(EMPTY_PROGRAM(this.#options));
    this.#tookOver(null, []);
  }

  #tookOver(wanted: InForce | null, reset: Source[]): void {
    this.#inForce = wanted;
    this.#switchedAt = this.#parts.clock.monotonic();
    this.#counting.renew(wanted?.program ?? null, reset);
    this.#watch.agreed();
  }

  async #check(wanted: { text: string; marks: Marks; program: Program }): Promise<void> {
    const key = JSON.stringify([wanted.text, wanted.marks]);
    if (key === this.#checked) return;
    await this.#parts.kernel.check(wanted.program);
    this.#checked = key;
  }

  #load(revision: number): InForce {
    const stored = this.#journal.get(revision);
    if (!stored) throw new Error(`revision ${revision} is not in the database`);
    const options = { ...this.#options, tables: stored.tables };
    return {
      ...stored,
      program: compile(stored.config, stored.marks, options),
    };
  }

  #optionsNow(): CompileOptions {
    return { ...this.#options, tables: this.#tables() };
  }

  #tables(): { [name: string]: number } {
    return this.#watch.reading?.tables ?? {};
  }
}
