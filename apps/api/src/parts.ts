/**
 * The parts of the server and what each offers the others. `main.ts` and every test build them and hand them to
 * `buildServer`; wiring stays in plain sight.
 */
import type { DatabaseSync } from "node:sqlite";
import type {
  AppliedAnswer,
  Counters,
  EventName,
  EventPayload,
  Plan,
  Repair,
  Status,
} from "@flowmgr/flow-api";
import type { FamilyName, Marks, Program } from "@flowmgr/flow-compiler";
import type { Config, Diagnostic, Edit, Places } from "@flowmgr/flow-model";
import type { Kernel, Reading, Sender } from "@flowmgr/kernel";
import type { Analyst, Asked } from "./analysis/asking.ts";
import type { Seen } from "./apply/drift.ts";
import type { Settings } from "./settings.ts";

/** Who asks: a name for the history, how they got in, and the connection they ask over. */
export type Caller = {
  name: string;
  via: "session" | "token";
  address: string;
  /** Loopback or a proxy: an answer proves nothing about the admin's own network. */
  indirect: boolean;
  /** Milliseconds of the monotonic clock at which the TCP connection was accepted. */
  connectedAt: number;
  /** The TCP connection as the kernel knows it; null where nobody knows. */
  connection: TcpConnection | null;
};

/** Addresses without `::ffff:`. */
export type TcpConnection = {
  peer: string;
  peerPort: number;
  local: string;
  localPort: number;
  /** The peer is a proxy: whoever asks is behind it. */
  proxied: boolean;
};

/** Time as a parameter, so that tests run the same path faster. */
export type Clock = {
  /** Wall clock, milliseconds since 1970. It may jump in either direction: people and NTP set it. */
  now(): number;
  /** Which start of the machine this is. */
  boot: string;
  /** Milliseconds that nobody can set, since the same moment for all processes of one `boot`. */
  monotonic(): number;
  /** Calls once after `ms`; gives a function that takes it back. */
  after(ms: number, call: () => void): () => void;
};

export type StoredDraft = {
  etag: string;
  config: Config;
  /** Canonical text of the config, and where each part of it stands. */
  text: string;
  places: Places;
  changedAt: string;
  changedBy: string;
  /** Who changed it since it was last equal to the running config, latest first. */
  authors: { name: string; at: string }[];
};

/** config/draft.ts */
export type DraftStore = {
  get(): StoredDraft;
  /** Everything that check says of it, the machine's part included. */
  check(): Diagnostic[];
  /** True when check finds no error in it; what the machine says of it aside. */
  sound(): boolean;
  /**
   * `ifMatch`: the header's value, `*`, or undefined (428). Throws Problem. Emits `draft`. `checked`: what check said
   * of the config, when the caller has asked it already. `edits`: what made it of the present one, for who listens.
   */
  replace(
    config: Config,
    by: string,
    ifMatch: string | undefined,
    known?: { checked?: Diagnostic[]; edits?: readonly Edit[] },
  ): StoredDraft;
  /** Throws Problem 428 or 412 when a write with this If-Match would be refused. */
  requireMatch(ifMatch: string | undefined): void;
  /** Makes the draft the running config, e.g. for DELETE /draft, or when PUT /config found it clean. */
  reset(config: Config, by: string): StoredDraft;
};

export type ApplyRequest = {
  config: Config;
  message: string;
  /** Seconds; 0 = at once for good. */
  confirmWithin: number;
  caller: Caller;
};

/** apply/runner.ts: the kernel, the clock and the deadline on disk. One apply at a time. */
export type Engine = {
  /**
   * Puts the running revision back into the kernel, rolls back what is overdue. Called once, before listen.
   * `leaving`: this process ends at once, so nothing can be left on trial: what is unconfirmed is rolled back now.
   */
  start(leaving?: "leaving"): Promise<void>;
  running(): {
    revision: number;
    config: Config;
    text: string;
    author: string;
    message: string;
    at: string;
    /** The marks of its directors and tables. */
    marks: Marks;
  } | null;
  /** Throws Problem: 409 while another runs or is unconfirmed, 502 with the flow and rule when the kernel refused. */
  apply(request: ApplyRequest): Promise<AppliedAnswer & { changed: boolean }>;
  confirm(revision: number, caller: Caller): Promise<AppliedAnswer>;
  revert(revision: number, caller: Caller): Promise<AppliedAnswer>;
  /** What an apply of this config would do, and what the kernel says of it in a throw-away namespace. */
  plan(config: Config): Promise<
    Pick<Plan, "kernel" | "diagnostics"> & {
      /** Whose mark would be another, in words: `director pool gets mark 0x700, was 0x100`. */
      moved: string[];
    }
  >;
  /** Has at hand what a plan of this config needs and the machine need not be asked for: the program, and that it is proven. */
  prepare(config: Config, asked: Asked): Promise<void>;
  counters(): Promise<Counters>;
  /** The marks that an apply of this config would use; sticky. */
  marks(config: Config): Marks;
  /** The marks that somebody has set, by director. */
  markedByHand(): ReadonlyMap<string, number>;
  /**
   * Sets a director's mark, the whole of it, in effect at the next apply; null: any will do. Throws Problem: 422 when the
   * mask does not hold it, 409 when somebody else has or uses it, 502 when the kernel cannot be read.
   */
  setMark(director: string, mark: number | null): Promise<void>;
  state(): Pick<
    Status,
    "state" | "detail" | "unconfirmed" | "expired" | "repair" | "foreignBehind" | "warnings" | "interfaces"
  > & {
    tables: { [name: string]: number };
    /** The families that flows judge here. */
    judged: FamilyName[];
    /** Whether long lists can be sets (ipset). */
    sets: boolean;
  } & Pick<Reading, "routesIn" | "eaten">;
  /** Whether the rules in force wait to be confirmed. */
  onTrial(): boolean;
  /** The program that an apply of this config would put into the kernel. Throws Problem 422. */
  compile(config: Config): Program;
  /** The kernel as it is now or was a moment ago, beside what it should hold; shared and paced. Throws Problem 502. */
  seen(): Promise<Seen>;
  /**
   * Puts what is in force back where somebody else changed it, in turn with applies. Throws Problem: 409 while an
   * apply runs or is unconfirmed, 502 when the kernel refused. `by`: whose name the repair is told under.
   */
  repair(by: string): Promise<{ changed: boolean; revision: number | null }>;
  /**
   * Does the work while nobody else reads or writes the kernel. `held`: the revision that the kernel holds, with its
   * program; null for none.
   */
  inTurn<Result>(
    work: (held: { revision: number; config: Config; program: Program } | null) => Promise<Result>,
  ): Promise<Result>;
  /** What was put right lately, the newest first. */
  repairs(): Repair[];
  /** Compares the kernel with the running program now; true when they agree. */
  verify(): Promise<boolean>;
  stop(): Promise<void>;
};

/** events.ts */
export type Events = {
  emit<N extends EventName>(name: N, payload: EventPayload<N>): void;
  /** Gives a function that ends it. */
  subscribe(listener: <N extends EventName>(name: N, payload: EventPayload<N>) => void): () => void;
};

export type Parts = {
  settings: Settings;
  db: DatabaseSync;
  kernel: Kernel;
  /** Puts packets of the tester into the private namespace; null where flows judge a real network. */
  sender: Sender | null;
  clock: Clock;
  events: Events;
  draft: DraftStore;
  engine: Engine;
  /** analysis/asking.ts */
  analyst: Analyst;
};
