/**
 * Applying for real: the machine's commands become calls of the kernel, timers and rows on disk.
 *
 * Order is everything here. A state is on disk before its commands are run, and a revision's end is on disk in the
 * same transaction as the state that follows from it. Whatever line the process dies at, `start` reads a state that
 * says which revision has to be in force (machine.ts), and the kernel package leaves the kernel with whole rules, old
 * or new.
 */
import type { AppliedAnswer, Repair } from "@flowmgr/flow-api";
import { EMPTY_CONFIG, print } from "@flowmgr/flow-model";
import { KernelError } from "@flowmgr/kernel";
import { momentOf, rfc3339 } from "../clock.ts";
import type { ApplyRequest, Caller, Engine, Parts } from "../parts.ts";
import { Problem, storageProblem } from "../problem.ts";
import { describe } from "./describe.ts";
import { InForce, type Loaded } from "./in-force.ts";
import { type Journal, openJournal } from "./journal.ts";
import type { Prover } from "./judge.ts";
import { type Command, type Event, type Moment, type State, type Step, step } from "./machine.ts";
import { Progress } from "./progress.ts";
import * as refusal from "./refusals.ts";
import { SERVER, SelfRepair } from "./self-repair.ts";
import { timed } from "./timing.ts";

const END_OF_TIME: Moment = {
  wall: Number.POSITIVE_INFINITY,
  boot: "",
  monotonic: Number.POSITIVE_INFINITY,
};

/** What leads back to whole rules goes on when the disk is full; everything else has to be on disk first. */
const WITHOUT_DISK: ReadonlySet<Event["on"]> = new Set([
  "start",
  "due",
  "revert",
  "refused",
  "restored",
  "restore-failed",
  "retry",
]);

type EngineParts = Pick<Parts, "settings" | "db" | "kernel" | "clock" | "events"> & { analyst: Prover };

/** `db` is migrated; nothing happens before `start`. */
export function createEngine(parts: EngineParts): Engine {
  return new Runner(parts);
}

class Runner implements Engine {
  readonly #parts: EngineParts;
  readonly #journal: Journal;
  readonly #progress: Progress;
  readonly #inForce: InForce;
  readonly #selfRepair: SelfRepair;
  readonly #timers = new Map<"deadline" | "retry", () => void>();

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#journal = openJournal(parts.db, parts.settings.markMask);
    this.#progress = new Progress(parts, this.#journal);
    const settled = () => this.#state.at === "idle" || this.#state.at === "unconfirmed";
    this.#inForce = new InForce(parts, this.#journal, settled);
    const { watch } = this.#inForce;
    this.#selfRepair = new SelfRepair({
      ...parts,
      trouble: () => watch.drift ?? watch.unreadable,
      may: () => this.#state.at === "idle" && this.#state.running !== null,
      repair: () => this.#putBack(this.#inForce.now, SERVER),
    });
  }

  get #state(): State {
    return this.#progress.state;
  }

  async start(leaving?: "leaving"): Promise<void> {
    try {
      // Who leaves at once can take nothing back later, so for him every deadline has passed.
      const now = leaving ? END_OF_TIME : momentOf(this.#parts.clock);
      await this.#send({ on: "start", now });
    } catch (error) {
      // The state says so by now and goes back by itself; the server has to be there to tell.
      if (!(error instanceof KernelError || error instanceof Problem)) throw error;
    }
    this.#inForce.keepMarks();
    await this.#inForce.watch.look();
    this.#inForce.watch.start(() => {
      this.#progress.catchUp();
      return this.#selfRepair.turn();
    });
  }

  async stop(): Promise<void> {
    await this.#inForce.watch.stop();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await this.#inForce.counting.close();
  }

  readonly running: Engine["running"] = () => this.#inForce.now;
  readonly marks: Engine["marks"] = (config) => this.#inForce.marks(config);
  readonly markedByHand: Engine["markedByHand"] = () => this.#inForce.marking.setByHand();
  readonly setMark: Engine["setMark"] = (name, mark) => this.#inForce.setMark(name, mark);
  readonly onTrial: Engine["onTrial"] = () => this.#state.at === "unconfirmed";
  readonly compile: Engine["compile"] = (config) => this.#inForce.compile(config);
  readonly seen: Engine["seen"] = () => this.#inForce.seen();
  readonly plan: Engine["plan"] = (config) => this.#inForce.plan(config);
  readonly prepare: Engine["prepare"] = (config, asked) => this.#inForce.prepare(config, asked);
  readonly inTurn: Engine["inTurn"] = (work) => this.#inForce.queue(() => work(this.#inForce.now));
  readonly counters: Engine["counters"] = () => this.#inForce.counting.read();

  state(): ReturnType<Engine["state"]> {
    const [newest = null] = this.#journal.list(1, undefined);
    const now = momentOf(this.#parts.clock);
    const described = describe(this.#state, this.#inForce.watch, newest, this.#progress.trouble, now);
    const { unproven } = this.#inForce;
    const warnings = [
      ...described.warnings,
      ...this.#inForce.markWarnings(),
      ...(unproven ? [unproven] : []),
    ];
    const { sets } = this.#parts.kernel.facts;
    return { ...described, warnings, sets, repair: this.#selfRepair.status() };
  }

  async verify(): Promise<boolean> {
    return (await this.#inForce.watch.look()) && this.#state.at !== "error";
  }

  async apply(request: ApplyRequest): Promise<AppliedAnswer & { changed: boolean }> {
    const { config, message, confirmWithin, caller } = request;
    if (this.#state.at !== "idle") throw refusal.conflict("busy", this.#state);
    const text = await timed("print", () => print(config));
    const { now, marking } = this.#inForce;
    if (now?.text === text && !marking.waits(now.marks)) {
      await this.#putBack(now, caller.name);
      return { revision: now.revision, state: "confirmed", changed: false };
    }
    // Names of tables, and marks that others use, as they are now. What cannot be read is refused below by what reads it.
    await timed("look", () => this.#inForce.watch.look("last"));
    const marks = this.marks(config);
    const { markMask } = this.#parts.settings;
    const tables = this.#inForce.tables();
    const fields = { config, text, marks, markMask, tables, message, author: caller.name };
    let revision = 0;
    const commands = await timed("journal", () =>
      this.#commit(() => {
        this.#journal.prune();
        const at = this.#parts.clock.now();
        revision = this.#journal.add({ ...fields, at });
        this.#inForce.keep({ ...fields, at: rfc3339(at), revision });
        marking.remember(marks);
        return { on: "apply", revision, within: confirmWithin };
      }),
    );
    await refusal.inWords(config, () => this.#perform(commands));
    return { ...this.#answer(revision), changed: true };
  }

  async repair(by: string): Promise<{ changed: boolean; revision: number | null }> {
    if (this.#state.at === "error") await this.#retryNow();
    const { now } = this.#inForce;
    return { changed: await this.#putBack(now, by), revision: now?.revision ?? null };
  }

  repairs(): Repair[] {
    return this.#selfRepair.repairs.list();
  }

  /** Putting it back has failed and would be tried again in a while: whoever asks has mended something. */
  async #retryNow(): Promise<void> {
    this.#disarm("retry");
    await this.#send({ on: "retry" });
    if (this.#state.at === "error") throw refusal.notRestored(this.#state.said);
  }

  /**
   * Makes the kernel agree where somebody else changed it; gives whether he did. What is being tried is not put back:
   * it ends soon, confirmed or not, and a repair must not stand in the way of that.
   */
  async #putBack(wanted: Loaded | null, by: string): Promise<boolean> {
    const idle = () => this.#state.at === "idle";
    if (!idle()) throw refusal.conflict("busy", this.#state);
    const config = wanted?.config ?? EMPTY_CONFIG;
    const repaired = await refusal.inWords(config, () => this.#inForce.repair(wanted, idle));
    if (repaired === "superseded") throw refusal.conflict("busy", this.#state);
    if (repaired.differed === null) return false;
    this.#selfRepair.repairs.note({ by, revision: wanted?.revision ?? null, detail: repaired.differed });
    return true;
  }

  async confirm(revision: number, caller: Caller): Promise<AppliedAnswer> {
    const fresh = caller.connectedAt > this.#inForce.switchedAt;
    if (this.#state.at === "unconfirmed" && !fresh) throw refusal.staleConnection();
    try {
      await this.#send({ on: "confirm", revision });
    } catch (error) {
      throw storageProblem(error, "It was not confirmed, and is taken back when its time is up.") ?? error;
    }
    return this.#answer(revision);
  }

  async revert(revision: number): Promise<AppliedAnswer> {
    await this.#send({ on: "revert", revision });
    if (this.#state.at === "error") throw refusal.notRestored(this.#state.said);
    if (this.#progress.trouble !== null) throw refusal.notKept(this.#progress.trouble);
    return { revision, state: "reverted" };
  }

  #answer(revision: number): AppliedAnswer {
    const state = this.#state;
    if (state.at !== "unconfirmed" || state.trying !== revision) return { revision, state: "confirmed" };
    return { revision, state: "unconfirmed", deadline: rfc3339(state.deadline) };
  }

  /** What the machine makes of an event: on disk first, then done. Throws Problem when it is refused. */
  async #send(event: Event): Promise<void> {
    let commands: Command[];
    try {
      commands = this.#commit(() => event);
    } catch (error) {
      if (!WITHOUT_DISK.has(event.on)) throw error;
      const next = this.#step(event);
      this.#progress.owe(next, error);
      commands = this.#enter(next);
    }
    await this.#perform(commands);
  }

  /** `make` gives the event, inside the transaction that writes what follows from it. */
  #commit(make: () => Event): Command[] {
    return this.#enter(this.#progress.write(() => this.#step(make())));
  }

  #step(event: Event): Step {
    const next = step(this.#state, event);
    if ("refused" in next) throw refusal.conflict(next.refused, this.#state);
    return next;
  }

  #enter(next: Step): Command[] {
    const changed = next.state !== this.#state;
    this.#progress.state = next.state;
    if (changed) this.#tell();
    return next.commands;
  }

  #tell(): void {
    const { state, unconfirmed } = this.state();
    const revision = "trying" in this.#state ? this.#state.trying : this.#state.running;
    this.#parts.events.emit("apply", { state, revision, deadline: unconfirmed?.deadline ?? null });
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
    const tried = () => "trying" in this.#state && this.#state.trying === revision;
    const result = await this.#inForce.switchTo(revision, tried);
    if ("error" in result) {
      const { error, touched } = result;
      const oldRulesInForce = !touched || (error instanceof KernelError && error.oldRulesInForce);
      await this.#send({ on: "refused", oldRulesInForce });
      throw error;
    }
    if (!result.done) return;
    try {
      await timed("journal", () => this.#send({ on: "applied", now: momentOf(this.#parts.clock) }));
    } catch (error) {
      // The deadline is not on disk, so nobody may be told that there is one.
      await this.#send({ on: "refused", oldRulesInForce: false });
      if (this.#state.at === "error") throw refusal.notRestored(this.#state.said);
      throw storageProblem(error, "The old rules are in force again.") ?? error;
    }
  }

  async #restore(revision: number | null): Promise<void> {
    try {
      await this.#inForce.restore(revision);
    } catch (error) {
      return this.#send({ on: "restore-failed", said: refusal.reason(error) });
    }
    await this.#send({ on: "restored" });
  }
}
