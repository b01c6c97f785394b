/** Looks at the kernel, now and then and when asked, and says what is there that should not be. */
import type { CompileOptions, Program } from "@flowmgr/flow-compiler";
import type { Kernel, Reading } from "@flowmgr/kernel";
import type { Clock, Events } from "../parts.ts";
import { drift, type Seen } from "./drift.ts";
import { pause } from "./pace.ts";
import { reason } from "./refusals.ts";
import type { Serial } from "./serial.ts";

/** Comparing takes 1/20 of a core at most, however often it is asked for: reading 10 000 flows takes 0.4 s. */
const LOOK_SHARE = 20;

/** What people ask to see may cost this part of a core on top, 1/10, however many ask. */
const ASKED_SHARE = 10;
/** A reading this young is given again. */
const FRESH_MS = 500;

type WatchParts = {
  kernel: Kernel;
  clock: Clock;
  events: Events;
  options: CompileOptions;
  kernelQueue: Serial;
  /** Milliseconds between two looks, while looking is cheap. */
  periodMs: number;
  /** What the kernel should hold. */
  wanted: () => Program | null;
  /** Told of every reading of what was counted, before anybody else can touch the kernel. */
  read: (reading: Reading) => void;
  /** False while the old rules are being put back, when a difference is no news. */
  settled: () => boolean;
};

/** Whether it has to be known what rules have counted by now, or may be what was known of that (`Kernel.read`). */
type Counts = "now" | "last";

export class DriftWatch {
  readonly #parts: WatchParts;
  #cancel: (() => void) | null = null;
  #stopped = false;
  #round: Promise<void> = Promise.resolve();
  /** What was found last, unless rules were changed since, and how long it may be given again. */
  #seen: { found: Seen; counts: Counts; until: number } | null = null;
  readonly #looking = new Map<Counts, Promise<boolean>>();
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
  async look(counts: Counts = "now"): Promise<boolean> {
    return this.#parts.kernelQueue(async () => {
      try {
        await this.#read(counts);
      } catch (error) {
        this.#seen = null;
        this.#tell(this.drift, `The kernel cannot be read: ${reason(error)}`);
      }
      return this.drift === null && this.unreadable === null;
    });
  }

  /**
   * The kernel as it is now or was a moment ago: half a second, or longer where reading is dear. Who asks meanwhile
   * shares one reading. Null when it cannot be read; `unreadable` says why.
   */
  async recent(counts: Counts = "now"): Promise<Seen | null> {
    const seen = this.#seen;
    const fresh = seen !== null && this.#parts.clock.monotonic() < seen.until;
    if (!fresh || (counts === "now" && seen.counts === "last")) {
      const looking =
        this.#looking.get(counts) ?? this.look(counts).finally(() => this.#looking.delete(counts));
      this.#looking.set(counts, looking);
      await looking;
    }
    return this.#seen?.found ?? null;
  }

  /** Kernel and program were compared just now, by an apply, so it can be read again. */
  agreed(): void {
    this.#seen = null;
    this.#tell(null);
  }

  async #read(counts: Counts): Promise<void> {
    const { kernel, clock, wanted, settled, options } = this.#parts;
    const began = clock.monotonic();
    const reading = await kernel.read(counts);
    // What was counted since is not known then, and told by the next one.
    if (counts === "now") this.#parts.read(reading);
    const program = wanted();
    const found = settled() ? drift(reading.state, program, options) : null;
    const ended = clock.monotonic();
    this.reading = reading;
    this.#seen = {
      found: { at: clock.now(), reading, program, drift: found },
      counts,
      until: ended + pause(ended - began, ASKED_SHARE, FRESH_MS),
    };
    this.#tell(found?.detail ?? null);
  }

  #tell(found: string | null, unreadable: string | null = null): void {
    if (found === this.drift && unreadable === this.unreadable) return;
    this.drift = found;
    this.unreadable = unreadable;
    this.#parts.events.emit("drift", { drift: found !== null, detail: unreadable ?? found });
  }

  /** Looks again and again until `stop`; `seen` is called after each look. It must not throw. */
  start(seen: () => Promise<void>): void {
    this.#again(this.#parts.periodMs, seen);
  }

  /** Waits for the look that is under way, and for what is done about it. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#round;
  }

  #again(ms: number, seen: () => Promise<void>): void {
    const { clock, periodMs } = this.#parts;
    if (this.#stopped) return;
    this.#cancel = clock.after(ms, () => {
      this.#round = this.#turn(seen).then((took) => this.#again(pause(took, LOOK_SHARE, periodMs), seen));
    });
  }

  /** Gives how long the look took, in milliseconds. */
  async #turn(seen: () => Promise<void>): Promise<number> {
    const { clock } = this.#parts;
    const began = clock.monotonic();
    await this.look();
    const took = clock.monotonic() - began;
    if (!this.#stopped) await seen();
    return took;
  }
}
