/**
 * What the kernel holds, and putting something else there. All that reads or writes the kernel stands in one queue,
 * so that nobody sees half of what another does.
 */
import type { Plan } from "@flowmgr/flow-api";
import {
  type CompileOptions,
  compile,
  delta,
  EMPTY_PROGRAM,
  type Marks,
  type Program,
} from "@flowmgr/flow-compiler";
import { type Config, type Diagnostic, LARGE_LIST, print } from "@flowmgr/flow-model";
import { type ApplyOptions, KernelError, type Reading } from "@flowmgr/kernel";
import { digestOf } from "../etag.ts";
import type { Engine, Parts } from "../parts.ts";
import { compileOptions } from "../settings.ts";
import { isDiskError } from "../store/database.ts";
import { Counting } from "./counters.ts";
import { differenceWords, drift, type Seen } from "./drift.ts";
import { DriftWatch } from "./drift-watch.ts";
import type { Journal, StoredRevision } from "./journal.ts";
import { Judge, type Prover } from "./judge.ts";
import { Marking } from "./marking.ts";
import { NO_KERNEL_PLAN, planKernel } from "./plan-kernel.ts";
import { invalid, kernelDiagnostic, placed, readable, unreadable } from "./refusals.ts";
import { serial } from "./serial.ts";
import { timed, took } from "./timing.ts";

/** `marks` and `program` under the mask of today; `stored`: as it was written. */
export type Loaded = StoredRevision & { program: Program; stored: StoredRevision };

/** The one in force, and the one that is tried. */
const KEPT = 2;

type InForceParts = Pick<Parts, "settings" | "db" | "kernel" | "clock" | "events"> & { analyst: Prover };

export class InForce {
  readonly #parts: InForceParts;
  readonly #options: CompileOptions;
  readonly #journal: Journal;
  readonly queue = serial();
  readonly counting: Counting;
  readonly watch: DriftWatch;
  readonly marking: Marking;
  /** What the kernel holds, or is being made to hold again; null before the first apply. */
  now: Loaded | null = null;
  /** What was found of the marks last: every answer of the server asks for the state. */
  readonly #warned = new WeakMap<Reading, { now: Loaded; sentences: string[] }>();
  /** Monotonic time of the last switch: a connection accepted later has passed the new rules. */
  switchedAt = 0;
  /** The digest of the program that `kernel.check` took last, so that a plan and the apply behind it check once. */
  #checked = "";
  readonly #judge: Judge;
  readonly #written = new Map<number, StoredRevision>();
  /** What an operator should know of the proof of what was put there last, a sentence; null: nothing. */
  unproven: string | null = null;

  /** `settled`: false while the old rules are being put back, when a difference is no news. */
  constructor(parts: InForceParts, journal: Journal, settled: () => boolean) {
    const { settings, db, kernel, clock, events } = parts;
    this.#parts = parts;
    this.#journal = journal;
    // Where the machine has no IPv6 there is nothing to judge, and nothing that could.
    const ipv6 = settings.ipv6 && kernel.facts.ip6tables !== null;
    const asked = compileOptions(settings);
    this.#options = {
      ...asked,
      ipv6,
      defragment: kernel.facts.defragment ? asked.defragment : "off",
      ...(kernel.facts.sets && { largeList: LARGE_LIST }),
    };
    this.marking = new Marking(db, settings.markMask);
    this.#judge = new Judge(parts.analyst);
    this.counting = new Counting({
      db,
      clock,
      kernelQueue: this.queue,
      readKernel: (program) => readable(kernel.counters(program)),
      load: (revision) => this.load(revision),
    });
    this.watch = new DriftWatch({
      kernel,
      clock,
      events,
      options: this.#options,
      kernelQueue: this.queue,
      periodMs: settings.driftEvery * 1000,
      wanted: () => this.now?.program ?? null,
      read: (reading) => this.counting.note(reading.lines),
      settled,
    });
  }

  /** Routing tables that the machine knows by name. */
  tables(): { [name: string]: number } {
    return this.watch.reading?.tables ?? {};
  }

  /** The kernel as it is now, or was a moment ago. Throws Problem 502. */
  async seen(counts: "now" | "last" = "now"): Promise<Seen> {
    const seen = await this.watch.recent(counts);
    if (seen === null) throw unreadable(this.watch.unreadable ?? "The kernel is being changed. Try again.");
    return seen;
  }

  /** The marks of a config; what is in force keeps its own. Throws Problem 422. */
  marks(config: Config): Marks {
    const assigned = this.#assign(config);
    if ("error" in assigned) throw invalid(assigned.error);
    return assigned.marks;
  }

  /** The program that an apply of the config would put into the kernel. Throws Problem 422. */
  compile(config: Config): Program {
    return compile(config, this.marks(config), this.#machineOptions());
  }

  #machineOptions(): CompileOptions {
    return { ...this.#options, tables: this.tables() };
  }

  #assign(config: Config): { marks: Marks } | { error: Diagnostic } {
    const others = this.watch.reading ?? undefined;
    return this.marking.assign(config, this.#machineOptions(), this.now?.marks, others);
  }

  /** What an apply would change, and what the kernel says of it; a config without marks has no such plan. */
  async plan(config: Config): ReturnType<Engine["plan"]> {
    // For names of tables and marks of others, which an apply reads anew.
    await timed("look", () => this.watch.recent("last"));
    const assigned = this.#assign(config);
    if ("error" in assigned) {
      return { kernel: NO_KERNEL_PLAN, diagnostics: [placed(assigned.error, config)], moved: [] };
    }
    const { marks } = assigned;
    const moved = this.now ? this.marking.moved(this.now.marks, marks) : [];
    const program = await timed("compile", () => compile(config, marks, this.#machineOptions()));
    const text = print(config);
    // One in the thread of the analysis, the other in processes of their own.
    const [judged, tried] = await Promise.all([
      timed("proof", () => this.#judge.diagnose({ config, text, program }, this.#machineOptions())),
      this.#tryOut({ config, text, marks, program }),
    ]);
    if (judged.some(({ severity }) => severity === "error")) {
      return { kernel: NO_KERNEL_PLAN, diagnostics: judged, moved };
    }
    return { kernel: tried.kernel, diagnostics: [...judged, ...tried.diagnostics], moved };
  }

  /** What an apply of the program would change, and what the kernel does not take of it. */
  async #tryOut(wanted: Pick<Loaded, "config" | "text" | "marks" | "program">) {
    const { config, program } = wanted;
    const { reading } = await this.seen("last");
    const kernel = await timed("delta", () =>
      planKernel(delta(reading.state, program), { from: this.now?.config, to: config }),
    );
    return this.queue(async (): Promise<{ kernel: Plan["kernel"]; diagnostics: Diagnostic[] }> => {
      try {
        await this.#check(wanted);
        return { kernel, diagnostics: [] };
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        return { kernel, diagnostics: [kernelDiagnostic(error, config)] };
      }
    });
  }

  /** Compiles and proves, so that a plan has both at once; asks the machine nothing. Throws Problem as an apply would. */
  readonly prepare: Engine["prepare"] = async (config, asked) => {
    const judged = { config, text: print(config), program: this.compile(config) };
    await this.#judge.judge(judged, this.#machineOptions(), asked);
  };

  /** Writes down who has which mark now, where the disk takes it: a mask may be another since the last start. */
  keepMarks(): void {
    try {
      this.#journal.settleMasks();
      if (this.now) this.marking.remember(this.now.marks);
    } catch (error) {
      // It is worked out the same at the next start.
      if (!isDiskError(error)) throw error;
    }
  }

  /** Sets the mark of a director from the next apply on, or null. Throws Problem 409, 422, 502. */
  async setMark(director: string, mark: number | null): Promise<void> {
    // Others may have taken the mark just now, and it is for long.
    await this.watch.look("last");
    const { reading } = await this.seen("last");
    this.marking.set(director, mark, this.now?.marks, reading);
  }

  /** What an operator should know of the marks that are in force, in sentences. */
  markWarnings(): string[] {
    const { now } = this;
    const { reading } = this.watch;
    if (now === null) return [];
    const known = reading && this.#warned.get(reading);
    if (known?.now === now) return known.sentences;
    const sentences = this.marking.warnings(now.stored, now.marks, reading ?? undefined);
    if (reading) this.#warned.set(reading, { now, sentences });
    return sentences;
  }

  /** A revision as it was written or read: read again from disk it would be another value, and be worked out anew. */
  keep(written: StoredRevision): void {
    this.#written.set(written.revision, written);
    for (const revision of [...this.#written.keys()].slice(0, -KEPT)) this.#written.delete(revision);
  }

  /**
   * A revision with its program, the same as when it was applied; only marks that another mask cannot hold are given
   * anew.
   */
  load(revision: number): Loaded {
    const stored = this.#written.get(revision) ?? this.#journal.get(revision);
    if (!stored) throw new Error(`revision ${revision} is not in the database`);
    this.keep(stored);
    const options = { ...this.#options, tables: stored.tables };
    const marks = this.marking.ofRevision(stored, options);
    return { ...stored, stored, marks, program: compile(stored.config, marks, options) };
  }

  /**
   * Judges a revision and tries it in a throw-away namespace, then puts it into the kernel, unless something else is
   * wanted by then. Never throws: an error comes with `touched`, which tells whether the rules in force could have been
   * touched by then.
   */
  async switchTo(
    revision: number,
    stillWanted: () => boolean,
  ): Promise<{ done: boolean } | { error: unknown; touched: boolean }> {
    let touched = false;
    try {
      const wanted = await timed("compile", () => this.load(revision));
      const options = { ...this.#options, tables: wanted.tables };
      const unproven = await timed("proof", () => this.#judge.judge(wanted, options));
      const done = await this.queue(async () => {
        // Judging took its time, and no turn: what was tried may have been taken back meanwhile.
        if (!stillWanted()) return false;
        await this.#check(wanted);
        touched = true;
        await this.#put(wanted);
        return true;
      });
      if (done) this.unproven = unproven;
      return { done };
    } catch (error) {
      return { error, touched };
    }
  }

  /** Makes the kernel hold a revision that was in force, or nothing (null), judged or not. Throws KernelError. */
  async restore(revision: number | null): Promise<void> {
    const wanted = revision === null ? null : this.load(revision);
    this.now = wanted;
    this.unproven = null;
    const tried = this.#tried(revision);
    await this.queue(() => this.#put(wanted, { evenWithoutDisk: true }, tried));
  }

  /** The newest revision, when it is another one: the kernel may hold it, if we died while it was put there. */
  #tried(revision: number | null): Loaded | null {
    const [newest] = this.#journal.list(1, undefined);
    if (newest === undefined || newest.id === revision) return null;
    try {
      return this.load(newest.id);
    } catch {
      return null;
    }
  }

  /**
   * Makes the kernel agree again with what is in force; gives what differed, null when nothing did. "superseded" when
   * something else is wanted by the time that this has come through the queue. Throws KernelError.
   */
  async repair(
    wanted: Loaded | null,
    stillWanted: () => boolean,
  ): Promise<{ differed: string | null } | "superseded"> {
    return this.queue(async () => {
      if (this.now !== wanted || !stillWanted()) return "superseded";
      // Nothing was ever applied: a kernel without anything of ours is right as it is.
      if (wanted === null) {
        const { state } = await this.#parts.kernel.read();
        if (drift(state, null, this.#options) === null) return { differed: null };
      }
      return { differed: await this.#put(wanted) };
    });
  }

  /** Gives what differed before, in words; null when nothing had to be changed. */
  async #put(
    wanted: Loaded | null,
    how: ApplyOptions = {},
    tried: Loaded | null = null,
  ): Promise<string | null> {
    const { kernel, clock } = this.#parts;
    const { book, anew, done } = this.counting.booking(wanted, tried);
    const program = wanted?.program ?? EMPTY_PROGRAM(this.#options);
    const applied = await timed("kernel", () => kernel.apply(program, { ...how, book, anew }));
    const { changed, delta, lines } = applied;
    for (const [step, ms] of Object.entries(applied.took)) took(`kernel-${step}`, ms);
    this.now = wanted;
    this.switchedAt = clock.monotonic();
    await timed("counters", () => done(lines));
    this.watch.agreed();
    return changed ? differenceWords(delta) || "rules of flows stood in the other back end" : null;
  }

  async #check(wanted: { text: string; marks: Marks; program: Program }): Promise<void> {
    const key = digestOf(JSON.stringify([wanted.text, wanted.marks]));
    if (key === this.#checked) return;
    await timed("trial", () => this.#parts.kernel.check(wanted.program));
    this.#checked = key;
  }
}
