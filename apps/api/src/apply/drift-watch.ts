/** Looks at the kernel, now and then and when asked, and says what is there that should not be. */
import type { CompileOptions, Program } from "@flowmgr/flow-compiler";
import type { Kernel, Reading } from "@flowmgr/kernel";
import type { Clock, Events } from "../parts.ts";
import { drift } from "./drift.ts";
import { pause } from "./pace.ts";
import { reason } from "./refusals.ts";
import type { Serial } from "./serial.ts";

/** How often the kernel is compared with what it should hold. Reading 10 000 flows takes 0.4 s: 4 % of a core. */
const PERIOD_MS = 10_000;
/** And never more than 1/20 of a core. */
const LOOK_SHARE = 20;

type WatchParts = {
  kernel: Kernel;
  clock: Clock;
  events: Events;
  options: CompileOptions;
  kernelQueue: Serial;
  /** What the kernel should hold; "changing" while the old rules are being put back, when a difference is no news. */
  wanted: () => Program | null | "changing";
};

export class DriftWatch {
  readonly #parts: WatchParts;
  #cancel: (() => void) | null = null;
  #stopped = false;
  /** What was found last. */
  reading: Reading | null = null;
  /** What differs, in a sentence. */
  drift: string | null = null;
  /** Why the kernel could not be read, in a sentence. */
  unreadable: string | null = null;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** Looks now, never between the two halves of an apply: it stands in the same queue. True when all agrees. */
  async look(): Promise<boolean> {
    return this.#parts.kernelQueue(async () => {
      try {
        this.reading = await this.#parts.kernel.read();
        this.unreadable = null;
        this.#note(this.reading);
      } catch (error) {
        this.unreadable = `The kernel cannot be read: ${reason(error)}`;
      }
      return this.drift === null && this.unreadable === null;
    });
  }

  /** Kernel and program were compared just now, by an apply, so it can be read again. */
  agreed(): void {
    this.unreadable = null;
    this.#tell(null);
  }

  #note(reading: Reading): void {
    const wanted = this.#parts.wanted();
    this.#tell(wanted === "changing" ? null : drift(reading.state, wanted, this.#parts.options));
  }

  #tell(found: string | null): void {
    if (found === this.drift) return;
    this.drift = found;
    this.#parts.events.emit("drift", { drift: found !== null, detail: found });
  }

  /** Looks again and again until `stop`. */
  start(): void {
    this.#again(PERIOD_MS);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #again(ms: number): void {
    const { clock } = this.#parts;
    if (this.#stopped) return;
    this.#cancel = clock.after(ms, async () => {
      const began = clock.monotonic();
      await this.look();
      this.#again(pause(clock.monotonic() - began, LOOK_SHARE, PERIOD_MS));
    });
  }
}
