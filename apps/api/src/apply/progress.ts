/** Where the present apply stands, in memory and on disk, and what the disk has not taken yet. */
import type { Parts } from "../parts.ts";
import { transaction, tryWrite } from "../store/database.ts";
import type { Journal, Outcome } from "./journal.ts";
import type { State, Step } from "./machine.ts";
import { reason } from "./refusals.ts";

type Ended = { revision: number; outcome: Outcome; at: number };

export class Progress {
  readonly #parts: Pick<Parts, "settings" | "db" | "clock">;
  readonly #journal: Journal;
  state: State;
  /** Why the state could not be written, in a sentence without its full stop; null when it is on disk. */
  trouble: string | null = null;
  /** How revisions ended while that was so. */
  #owed: Ended[] = [];

  constructor(parts: Pick<Parts, "settings" | "db" | "clock">, journal: Journal) {
    this.#parts = parts;
    this.#journal = journal;
    this.state = journal.state();
  }

  /** Writes the step that `make` gives, in one transaction with what `make` writes itself. Throws what went wrong. */
  write(make: () => Step): Step {
    const next = transaction(this.#parts.db, () => {
      const made = make();
      this.#put(made);
      return made;
    });
    this.trouble = null;
    this.#owed = [];
    return next;
  }

  #put(made: Step): void {
    // What stays as it is needs no disk, which may be full.
    if (made.state !== this.state || this.trouble !== null) this.#journal.writeState(made.state);
    for (const { revision, outcome, at } of [...this.#owed, ...this.#ends(made)]) {
      this.#journal.record(revision, outcome, at);
    }
  }

  /** The step is taken all the same; `error`: why the disk did not take it. */
  owe(made: Step, error: unknown): void {
    this.trouble = `The state cannot be written to ${this.#parts.settings.data}: ${reason(error)}`;
    this.#owed.push(...this.#ends(made));
  }

  /** Writes what the disk did not take before, if it does now. */
  catchUp(): void {
    if (this.trouble !== null) tryWrite(() => this.write(() => ({ state: this.state, commands: [] })));
  }

  #ends({ commands }: Step): Ended[] {
    const at = this.#parts.clock.now();
    return commands.flatMap((command) => (command.do === "record" ? [{ ...command, at }] : []));
  }
}
