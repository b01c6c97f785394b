/** What can be asked of the analysis, and what it finds: the same values on both sides of the worker's border. */
import {
  type AnalysisOptions,
  type ChangesAsked,
  type DeadRules,
  deadRules,
  type Expectations,
  findingsOf,
  findLockouts,
  type Guarded,
  judgeExpectations,
  type Lockouts,
  type PacketChanges,
  type Previous,
  packetChanges,
  type Search,
  type Asked as SearchAsked,
  searchPackets,
} from "@flowmgr/flow-analysis";
import { PROVEN, type ProgramText, type Proof, Proofs } from "@flowmgr/flow-analysis/program";
import type { Config, Diagnostic } from "@flowmgr/flow-model";

/**
 * `Held` is how a question holds a config, and `Text` the restore text of a program: as they are, or by the numbers that
 * both sides know them, or pieces of them, by.
 */
export type Question<Held, Text = ProgramText["text"]> =
  | { kind: "dead-rules"; config: Held }
  | { kind: "expectations"; config: Held }
  | { kind: "packet-changes"; before: Held; after: Held; page: Partial<ChangesAsked> }
  | { kind: "lockouts"; config: Held; guarded: readonly Guarded[] }
  | { kind: "search"; config: Held; asked: SearchAsked }
  | {
      kind: "program";
      config: Held;
      texts: readonly (Omit<ProgramText, "text"> & { text: Text })[];
      tables: { [name: string]: number };
    };

export type Kind = Question<unknown>["kind"];

/** What was found, and as diagnostics with paths: to look which moves would help takes its time, too. */
type Told<Findings> = Findings & { diagnostics: Diagnostic[] };

export type Found =
  | { kind: "dead-rules"; found: Told<DeadRules> }
  | { kind: "expectations"; found: Told<Expectations> }
  | { kind: "packet-changes"; found: PacketChanges }
  | { kind: "lockouts"; found: Lockouts }
  | { kind: "search"; found: Search }
  | { kind: "program"; found: Proof };

/** The question with its configs held in another way. */
export function heldOtherwise<From, To, Text>(
  question: Question<From, Text>,
  hold: (config: From) => To,
): Question<To, Text> {
  switch (question.kind) {
    case "packet-changes":
      return { ...question, before: hold(question.before), after: hold(question.after) };
    default:
      return { ...question, config: hold(question.config) };
  }
}

/** The question with its texts in another form. */
export function textOtherwise<Held, From, To>(
  question: Question<Held, From>,
  say: (text: From) => To,
): Question<Held, To> {
  if (question.kind !== "program") return question;
  return { ...question, texts: question.texts.map((one) => ({ ...one, text: say(one.text) })) };
}

type Program = Extract<Question<Config>, { kind: "program" }>;

/** Answers at once, in the thread that calls. */
export class Answering {
  /** The last answer about dead rules: mostly the config is the same but for an edit, or the answer was a partial one. */
  #last: { meaning: string; previous: Previous } | null = null;
  readonly #proofs = new Proofs();

  answer(question: Question<Config>, options: AnalysisOptions): Found {
    switch (question.kind) {
      case "dead-rules":
        return { kind: question.kind, found: this.#deadRules(question.config, options) };
      case "expectations":
        return { kind: question.kind, found: expectations(question.config, options) };
      case "packet-changes": {
        const { kind, before, after, page } = question;
        return { kind, found: packetChanges(before, after, { ...options, ...page }) };
      }
      case "lockouts":
        return { kind: question.kind, found: findLockouts(question.config, question.guarded, options) };
      case "search":
        return { kind: question.kind, found: searchPackets(question.config, question.asked, options) };
      case "program":
        return { kind: question.kind, found: this.#proof(question, options) };
    }
  }

  #deadRules(config: Config, options: AnalysisOptions): Told<DeadRules> {
    const { loopback, neighbours, tables = [] } = options;
    const meaning = JSON.stringify([loopback, neighbours, [...tables]]);
    const known = this.#last?.meaning === meaning ? { previous: this.#last.previous } : {};
    const result = deadRules(config, { ...options, ...known });
    this.#last = { meaning, previous: { config, result } };
    return { ...result, diagnostics: findingsOf(config, result, options) };
  }

  #proof({ config, texts, tables }: Program, options: AnalysisOptions): Proof {
    const known = { ...options, tables: new Map(Object.entries(tables)) };
    const proofs = texts.map((text) => this.#proofs.prove(config, text, known));
    const wrong = proofs.find(({ status }) => status === "differs");
    return wrong ?? proofs.find(({ status }) => status === "open") ?? PROVEN;
  }
}

function expectations(config: Config, options: AnalysisOptions): Told<Expectations> {
  const found = judgeExpectations(config, options);
  return {
    ...found,
    diagnostics: findingsOf(config, { dead: [], expectations: found.expectations }, options),
  };
}
