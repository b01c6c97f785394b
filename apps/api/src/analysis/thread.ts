/**
 * The worker thread, one question at a time. One that dies, or does not come back in time, is replaced by the next
 * question; what it was asked is answered by null: nothing is known.
 */
import { Worker } from "node:worker_threads";
import type { Config } from "@flowmgr/flow-model";
import type { Clock } from "../parts.ts";
import { WORKER } from "../place.ts";
import type { FromWorker, MachineOptions, ToWorker } from "./messages.ts";
import { type Found, heldOtherwise, type Question, textOtherwise } from "./questions.ts";
import { numberOf, Shelf } from "./shelf.ts";

/** Megabytes of objects: some five times what ten thousand flows take; diagrams are outside of it, with a limit of their own. */
const HEAP_MB = 1024;
/**
 * Milliseconds beyond its budget after which a worker is taken for stuck. It looks at its budget every few ms of work, and
 * what was found is told and sent within a second or two; so that is a defect, or a machine that has no time at all.
 */
const STUCK = 15_000;

/**
 * Milliseconds without a question after which the worker goes, and what it knows with it: 110 MB at ten thousand flows.
 * The next one reads them anew, 2 s; an edit is that next question, long before somebody comes to review it.
 */
const IDLE = 10 * 60_000;

export type ThreadOptions = { log: (error: unknown) => void; heapMb?: number };

/** A question on its way. */
type Asked = {
  question: Question<Config>;
  options: MachineOptions;
  /** Milliseconds. */
  budget: number;
  stop: Int32Array<SharedArrayBuffer>;
};

type Running = { thread: Worker; shelf: Shelf };

export class Thread {
  readonly #clock: Clock;
  readonly #options: ThreadOptions;
  #worker: Running | null = null;
  #waiting: { id: number; settle: (found: Found | null) => void } | null = null;
  #lastId = 0;
  #stay = () => {};

  constructor(clock: Clock, options: ThreadOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Not before the last answer has come. Null when the worker died of it, or failed; the log says why. */
  async ask(asked: Asked): Promise<Found | null> {
    try {
      return await this.#ask(asked, this.#worker ?? this.#start());
    } catch (error) {
      this.#options.log(error);
      return null;
    }
  }

  #ask({ question, options, budget, stop }: Asked, { thread, shelf }: Running): Promise<Found | null> {
    const id = ++this.#lastId;
    this.#stay();
    const configs: Config[] = [];
    const held = heldOtherwise(question, (config) => {
      configs.push(config);
      return numberOf(config);
    });
    const numbered = held.kind === "program" ? textOtherwise(held, shelf.program()) : held;
    const messages: ToWorker[] = [
      ...shelf.lessons(configs),
      { do: "answer", id, question: numbered, options, budget, stop },
    ];
    return new Promise((resolve) => {
      const overdue = this.#clock.after(budget + STUCK, () => {
        this.#options.log(new Error(`the analysis was stuck: ${question.kind}`));
        this.#drop(thread);
      });
      this.#waiting = {
        id,
        settle: (found) => {
          overdue();
          this.#waiting = null;
          // One that has gone needs no end, and a timer would keep the server from its own.
          if (this.#worker?.thread === thread) this.#stay = this.#clock.after(IDLE, () => this.#drop(thread));
          resolve(found);
        },
      };
      for (const message of messages) thread.postMessage(message);
    });
  }

  /** Has the worker give back memory, where there is one. */
  rest(): void {
    const message: ToWorker = { do: "rest" };
    this.#worker?.thread.postMessage(message);
  }

  async close(): Promise<void> {
    this.#stay();
    const { thread } = this.#worker ?? {};
    if (thread) this.#drop(thread);
    await thread?.terminate();
  }

  #start(): Running {
    const thread = new Worker(WORKER, {
      resourceLimits: { maxOldGenerationSizeMb: this.#options.heapMb ?? HEAP_MB },
    });
    // The server ends when it has nothing else to do.
    thread.unref();
    thread.on("message", (message: FromWorker) => this.#hear(message));
    thread.on("error", (error) => {
      this.#options.log(error);
      this.#drop(thread);
    });
    thread.on("exit", () => this.#drop(thread));
    this.#worker = { thread, shelf: new Shelf() };
    return this.#worker;
  }

  #hear(message: FromWorker): void {
    if ("trouble" in message) this.#options.log(new Error(`the analysis failed: ${message.trouble}`));
    if (message.id !== this.#waiting?.id) return;
    this.#waiting.settle("trouble" in message ? null : message.found);
  }

  /** Whatever happens to a worker that is no longer ours is no news. */
  #drop(thread: Worker): void {
    if (this.#worker?.thread !== thread) return;
    this.#worker = null;
    void thread.terminate();
    this.#waiting?.settle(null);
  }
}
