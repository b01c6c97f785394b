/** Keeps one worker at the newest config: what nobody waits for any more is given up, not finished first. */
import { type Config, deltaOf } from "@flowmgr/flow-model";
import type { Meaning } from "./meaning.ts";
import type { AnalysisAnswer, AnalysisRequest } from "./worker.ts";

/** The other end; a Worker, or what stands in for one. */
export type Helper = {
  postMessage(request: AnalysisRequest): void;
  terminate(): void;
  onmessage: ((event: MessageEvent<AnalysisAnswer>) => void) | null;
};

/** From an edit to the analysis of it, in milliseconds: whoever drags or types makes many in a row. */
const AFTER = 200;
/** How long an older config may go on while a newer one waits. */
const PATIENCE = 500;

type Question = { config: Config; meaning: Meaning };

export class Analyst {
  readonly #start: () => Helper;
  readonly #tell: (answer: AnalysisAnswer, of: Config) => void;
  #helper: Helper | null = null;
  /** What the worker is at. */
  #busy: (Question & { id: number }) | null = null;
  #next: Question | null = null;
  #last: Question | null = null;
  /** What the worker was sent last, and so has. */
  #held: Config | null = null;
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `tell` is called for the newest config and meaning only. */
  constructor(start: () => Helper, tell: (answer: AnalysisAnswer, of: Config) => void) {
    this.#start = start;
    this.#tell = tell;
  }

  /** Once for each config and meaning, whoever asks. */
  ask(config: Config, meaning: Meaning): void {
    if (this.#isLast({ config, meaning })) return;
    this.#last = { config, meaning };
    this.#next = this.#last;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#send(), AFTER);
  }

  #send(): void {
    clearTimeout(this.#timer);
    if (!this.#next) return;
    if (this.#busy) {
      this.#timer = setTimeout(() => this.#giveUp(), PATIENCE);
      return;
    }
    this.#count += 1;
    const { config, meaning } = this.#next;
    this.#busy = { id: this.#count, config, meaning };
    this.#next = null;
    this.#helper ??= this.#begin();
    const sent = JSON.stringify(deltaOf(config, this.#held));
    this.#helper.postMessage({ id: this.#count, sent, meaning });
    this.#held = config;
  }

  #begin(): Helper {
    const helper = this.#start();
    helper.onmessage = ({ data }) => this.#answered(data);
    return helper;
  }

  #answered(answer: AnalysisAnswer): void {
    const busy = this.#busy;
    if (busy?.id !== answer.id) return;
    if (this.#isLast(busy)) this.#tell(answer, busy.config);
    if ("checked" in answer) return;
    this.#busy = null;
    this.#send();
  }

  #isLast({ config, meaning }: Question): boolean {
    return this.#last?.config === config && this.#last.meaning === meaning;
  }

  #giveUp(): void {
    this.#helper?.terminate();
    this.#helper = null;
    this.#held = null;
    this.#busy = null;
    this.#send();
  }
}
