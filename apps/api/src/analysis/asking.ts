/** What the server asks the analysis, and what it hears. */
import type { ChangesAsked, Guarded, Asked as SearchAsked } from "@flowmgr/flow-analysis";
import type { ProgramText } from "@flowmgr/flow-analysis/program";
import type { Config } from "@flowmgr/flow-model";
import type { Found, Kind } from "./questions.ts";

export type Asked = {
  /** A newer question of its kind from the same place takes its turn: `draft`. Nothing said: none does. */
  place?: string | undefined;
  /** Whoever asks has gone. */
  signal?: AbortSignal | undefined;
  /** Milliseconds, from the moment at which the work begins. */
  budget?: number | undefined;
  /** Nobody waits for it yet, so any question that somebody waits for goes first, and ends it where it is at work. */
  ahead?: boolean | undefined;
};

/** Every answer may be a partial one: what it tells is true, and what it does not tell is not known. */
export type Analyst = {
  deadRules(config: Config, asked?: Asked): Promise<FoundBy<"dead-rules">>;
  expectations(config: Config, asked?: Asked): Promise<FoundBy<"expectations">>;
  packetChanges(
    before: Config,
    after: Config,
    asked?: Asked & Partial<ChangesAsked>,
  ): Promise<FoundBy<"packet-changes">>;
  lockouts(config: Config, guarded: readonly Guarded[], asked?: Asked): Promise<FoundBy<"lockouts">>;
  search(config: Config, what: SearchAsked, asked?: Asked): Promise<FoundBy<"search">>;
  /**
   * Do the texts, of one family each, do what the config says? `tables`: numbers by name, as they were for the compiler.
   * A proof that differs is logged with what a report of it needs.
   */
  proveProgram(
    config: Config,
    texts: readonly ProgramText[],
    tables: { [name: string]: number },
    asked?: Asked,
  ): Promise<FoundBy<"program">>;
  /** Nobody asks for anything now: the thread gives back memory, once it has answered what it was asked. */
  rest(): void;
  /** Ends the thread; whoever waits hears that nothing is known. */
  close(): Promise<void>;
};

export type FoundBy<K extends Kind> = Extract<Found, { kind: K }>["found"];
