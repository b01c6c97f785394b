/**
 * Questions over all packets, asked of a thread of their own. The same question that is asked twice is answered once;
 * one that nobody waits for any longer is given up; what cannot be answered in time is answered in part, and says so.
 */
import { type ExpectationResult, FAMILIES, findingsOf } from "@flowmgr/flow-analysis";
import { PROVEN, type Proof } from "@flowmgr/flow-analysis/program";
import type { Config } from "@flowmgr/flow-model";
import type { Clock, Parts } from "../parts.ts";
import type { Analyst, Asked, FoundBy } from "./asking.ts";
import type { MachineOptions } from "./messages.ts";
import { type Found, heldOtherwise, type Kind, type Question, textOtherwise } from "./questions.ts";
import { numberOf } from "./shelf.ts";
import { Thread, type ThreadOptions } from "./thread.ts";

/** Milliseconds that somebody who waits for an answer is let wait. */
const BUDGET = 2000;
/** Milliseconds beyond that: for others who asked before, and for a machine that has no time. */
const PATIENCE = 3000;
/** Answers that are kept: the last few states of the draft, each with its questions. */
const MOST_KEPT = 32;
/** What stops an apply goes first, before the proof of its program, which has patience; what takes longest last. */
const ORDER: readonly Kind[] = [
  "lockouts",
  "expectations",
  "program",
  "search",
  "packet-changes",
  "dead-rules",
];

type AnalystParts = {
  clock: Clock;
  settings: Pick<Parts["settings"], "loopback" | "neighbours">;
  engine: { state(): Pick<ReturnType<Parts["engine"]["state"]>, "tables" | "judged"> };
};

/** Nothing is started before the first question. `log` hears of a thread that died. */
export function createAnalyst(parts: AnalystParts, options: ThreadOptions): Analyst {
  const thread = new Thread(parts.clock, options);
  const questions = new Questions(parts.clock, thread, () => {
    const { tables, judged } = parts.engine.state();
    const { loopback, neighbours } = parts.settings;
    const families = FAMILIES.filter((family) => judged.includes(family === 4 ? "ip" : "ip6"));
    return { loopback, neighbours, tables: new Map(Object.entries(tables)), families };
  });
  return {
    async deadRules(config, asked) {
      const answer = await questions.ask({ kind: "dead-rules", config }, asked);
      if (answer?.kind === "dead-rules") return answer.found;
      return { status: "partial", dead: [], open: [], diagnostics: [] };
    },
    async expectations(config, asked) {
      // Nothing to ask, which most applies would wait for.
      if (!config.items.some(({ kind }) => kind === "expect")) return NOTHING_EXPECTED;
      const answer = await questions.ask({ kind: "expectations", config }, asked);
      return answer?.kind === "expectations" ? answer.found : allOpen(config);
    },
    async packetChanges(before, after, { place, signal, budget, ahead, ...page } = {}) {
      const asked = { place, signal, budget, ahead };
      const answer = await questions.ask({ kind: "packet-changes", before, after, page }, asked);
      if (answer?.kind === "packet-changes") return answer.found;
      return { status: "partial", changes: [], total: 0 };
    },
    async lockouts(config, guarded, asked) {
      // What is guarded hangs on who asks and when: one question is never another's newer form.
      const alone = { ...asked, place: undefined };
      const answer = await questions.ask({ kind: "lockouts", config, guarded }, alone);
      return answer?.kind === "lockouts" ? answer.found : { status: "partial", findings: [] };
    },
    async search(config, what, asked) {
      const answer = await questions.ask({ kind: "search", config, asked: what }, asked);
      return answer?.kind === "search" ? answer.found : { status: "partial", groups: [], total: 0 };
    },
    async proveProgram(config, texts, tables, asked) {
      const answer = await questions.ask({ kind: "program", config, texts, tables }, asked);
      if (answer?.kind !== "program")
        return {
          ...PROVEN,
          status: "open",
          said: "no answer came in time, or the thread that works it out ended (then the log says why)",
        };
      if (answer.found.status === "differs") options.log(reportOf(answer.found));
      return answer.found;
    },
    rest: () => thread.rest(),
    close: () => questions.close(),
  };
}

const NOTHING_EXPECTED: FoundBy<"expectations"> = { status: "complete", expectations: [], diagnostics: [] };

/** What is known of a config's expectations when nothing is. */
function allOpen(config: Config): FoundBy<"expectations"> {
  const expectations = config.items.flatMap(({ kind }, index): ExpectationResult[] =>
    kind === "expect" ? [{ index, status: "open", packet: null, decision: null }] : [],
  );
  return { status: "partial", expectations, diagnostics: findingsOf(config, { dead: [], expectations }) };
}

/** The machine as the analysis has to know it. */
type Options = MachineOptions & { tables: Map<string, number> };

type Waiter = { place: string | undefined; ahead: boolean; settle: (found: Found | null) => void };

/** One question, and all who wait for its answer. */
type Job = {
  key: string;
  question: Question<Config>;
  options: Options;
  budget: number;
  waiters: Set<Waiter>;
  stop: Int32Array<SharedArrayBuffer>;
};

const isAhead = ({ waiters }: Job) => [...waiters].every(({ ahead }) => ahead);

class Questions {
  readonly #clock: Clock;
  readonly #thread: Thread;
  readonly #options: () => Options;
  /** Those that wait, and the one that is being answered. */
  readonly #jobs = new Set<Job>();
  #atWork: Job | null = null;
  /** Complete answers by key, the one that was asked for last at the end. */
  readonly #kept = new Map<string, Found>();

  constructor(clock: Clock, thread: Thread, options: () => Options) {
    this.#clock = clock;
    this.#thread = thread;
    this.#options = options;
  }

  /** Null: nothing is known. */
  ask(
    question: Question<Config>,
    { place, signal, budget = BUDGET, ahead = false }: Asked = {},
  ): Promise<Found | null> {
    const options = this.#options();
    const key = keyOf(question, options);
    const kept = this.#kept.get(key);
    if (kept) {
      this.#keep(key, kept);
      return Promise.resolve(kept);
    }
    const job = this.#find(key, budget) ?? this.#add({ key, question, options, budget });
    this.#supersede(job, place);
    if (!ahead) this.#endAhead(job);
    const answer = new Promise<Found | null>((resolve) => {
      const leave = () => this.#leave(job, waiter);
      const waiter: Waiter = {
        place,
        ahead,
        settle(found) {
          forget();
          signal?.removeEventListener("abort", leave);
          resolve(found);
        },
      };
      const forget = this.#clock.after(budget + PATIENCE, leave);
      job.waiters.add(waiter);
      signal?.addEventListener("abort", leave);
      if (signal?.aborted) leave();
    });
    this.#next();
    return answer;
  }

  async close(): Promise<void> {
    for (const job of this.#jobs) for (const waiter of job.waiters) this.#leave(job, waiter);
    await this.#thread.close();
  }

  /** One that is given up finds nothing more, so nobody may join it. */
  #find(key: string, budget: number): Job | undefined {
    return [...this.#jobs].find(
      (job) => job.key === key && job.budget >= budget && Atomics.load(job.stop, 0) === 0,
    );
  }

  #add(job: Pick<Job, "key" | "question" | "options" | "budget">): Job {
    const added: Job = { ...job, waiters: new Set(), stop: new Int32Array(new SharedArrayBuffer(4)) };
    this.#jobs.add(added);
    return added;
  }

  #supersede(job: Job, place: string | undefined): void {
    if (place === undefined) return;
    for (const other of this.#jobs) {
      if (other === job || other.question.kind !== job.question.kind) continue;
      for (const waiter of other.waiters) if (waiter.place === place) this.#leave(other, waiter);
    }
  }

  /** What nobody waits for yet gives way. */
  #endAhead(job: Job): void {
    const other = this.#atWork;
    if (other === null || other === job || !isAhead(other)) return;
    for (const waiter of other.waiters) this.#leave(other, waiter);
  }

  #leave(job: Job, waiter: Waiter): void {
    if (!job.waiters.delete(waiter)) return;
    waiter.settle(null);
    if (job.waiters.size > 0) return;
    Atomics.store(job.stop, 0, 1);
    if (job !== this.#atWork) this.#jobs.delete(job);
  }

  #next(): void {
    if (this.#atWork) return;
    const turn = (job: Job) => ORDER.indexOf(job.question.kind) + (isAhead(job) ? ORDER.length : 0);
    const [job] = [...this.#jobs].sort((a, b) => turn(a) - turn(b));
    if (job) void this.#work(job);
  }

  async #work(job: Job): Promise<void> {
    this.#atWork = job;
    const found = await this.#thread.ask(job);
    this.#atWork = null;
    this.#jobs.delete(job);
    if (found?.found.status === "complete") this.#keep(job.key, found);
    for (const waiter of job.waiters) waiter.settle(found);
    this.#next();
  }

  #keep(key: string, found: Found): void {
    this.#kept.delete(key);
    this.#kept.set(key, found);
    for (const old of [...this.#kept.keys()].slice(0, -MOST_KEPT)) this.#kept.delete(old);
  }
}

/** Equal for questions that have the same answer. */
function keyOf(question: Question<Config>, options: Options): string {
  const held = heldOtherwise(question, numberOf);
  // A text of megabytes is no key; the same program has the same pieces.
  const short = textOtherwise(held, (text) => (typeof text === "string" ? text : numberOf(text)));
  return JSON.stringify([short, { ...options, tables: [...options.tables] }]);
}

/** For the log: what a report needs. */
function reportOf({ said, got }: Proof): Error {
  return new Error([`the compiler differs from the flows: ${said}`, ...(got?.way ?? [])].join("\n  "));
}
