/**
 * Drift put right by the server itself, where the setting says so. It does not fight: what is changed again at once
 * was changed by another program, and two programs that undo each other's rules every second are worse for traffic
 * than either. So each repair in a row waits twice as long as the one before, and the status says why.
 */
import type { Status } from "@flowmgr/flow-api";
import type { Parts } from "../parts.ts";
import { openRepairs } from "./repairs.ts";

/** Between the first repair and the second; it doubles up to the last. */
const FIRST_MS = 10_000;
const LAST_MS = 600_000;
/** What is still right so long behind the wait was put right for good, and the next drift is a new one. */
const QUIET_MS = 60_000;

/** The name under which the server's own repairs are told. */
export const SERVER = "the server";

type SelfRepairParts = Pick<Parts, "settings" | "db" | "clock" | "events"> & {
  /** Where the kernel differs, or why it cannot be read, in a sentence; null when it is as it should be. */
  trouble: () => string | null;
  /**
   * False while rules are being changed, when nothing was applied that could be put back, and while an apply waits to
   * be confirmed: its rules are left alone, since who takes them out by hand may be on his way back in.
   */
  may: () => boolean;
  /** Throws what the kernel said when it refused. */
  repair: () => Promise<unknown>;
};

export class SelfRepair {
  readonly #parts: SelfRepairParts;
  /** What was put right, whoever asked for it. */
  readonly repairs: ReturnType<typeof openRepairs>;
  /** Repairs in a row, and when the last was tried (monotonic). */
  #inRow = 0;
  #last = 0;
  /** Why the last one failed. */
  #failed: string | null = null;
  #held: string | null = null;

  constructor(parts: SelfRepairParts) {
    this.#parts = parts;
    this.repairs = openRepairs(parts);
  }

  /** Called after each comparison with the kernel. Never throws: what failed is tried again, and told. */
  async turn(): Promise<void> {
    const { settings, clock, trouble, may, repair } = this.#parts;
    this.#held = null;
    const since = clock.monotonic() - this.#last;
    const wait = waitBehind(this.#inRow);
    if (trouble() === null) {
      if (since >= wait + QUIET_MS) this.#inRow = 0;
      return;
    }
    if (!settings.driftRepair || !may()) return;
    if (since < wait) {
      this.#held = this.#why(wait - since);
      return;
    }
    this.#inRow += 1;
    this.#last = clock.monotonic();
    this.#failed = null;
    try {
      await repair();
    } catch (error) {
      this.#failed = error instanceof Error ? error.message : String(error);
      this.#held = this.#why(waitBehind(this.#inRow));
    }
  }

  /** Whether it is on, what was put right last, and why it waits now. */
  status(): Status["repair"] {
    return {
      byItself: this.#parts.settings.driftRepair,
      last: this.repairs.last(),
      held: this.#held,
    };
  }

  #why(ms: number): string | null {
    const again = `The server tries again in ${Math.ceil(ms / 1000)} s`;
    if (this.#failed !== null) return `The kernel could not be put right: ${this.#failed} ${again}.`;
    // Once may be a slip of somebody's who works on the machine right now.
    if (this.#inRow < 2) return null;
    const who = `another program seems to write the same rules: find it, or apply what it wants`;
    return `The kernel was put right ${this.#inRow} times in a row and was changed again each time; ${who}. ${again}.`;
  }
}

/** Milliseconds to wait behind a repair that is the last of so many in a row. */
function waitBehind(inRow: number): number {
  return inRow === 0 ? 0 : Math.min(FIRST_MS * 2 ** (inRow - 1), LAST_MS);
}
