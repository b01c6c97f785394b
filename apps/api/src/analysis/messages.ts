/** What crosses the border of the worker thread. */
import type { AnalysisOptions } from "@flowmgr/flow-analysis";
import type { Config, Item } from "@flowmgr/flow-model";
import type { Found, Question } from "./questions.ts";

/** A config that the worker has not seen: the items that it knows by their numbers, the others whole. */
export type Lesson = {
  do: "learn";
  config: number;
  items: number[];
  fresh: [number, Item][];
  comment: Config["comment"];
};

/** A restore text by the numbers of its pieces; those that the worker does not have from the last program come along. */
export type Numbered = { pieces: number[]; fresh: [number, string][] };

/** All that a question hangs on but the configs. */
export type MachineOptions = Omit<AnalysisOptions, "stop">;

export type ToWorker =
  | Lesson
  | { do: "forget"; configs: number[]; items: number[] }
  | { do: "rest" }
  | {
      do: "answer";
      id: number;
      question: Question<number, Numbered>;
      options: MachineOptions;
      /** Milliseconds from the moment at which the worker begins. */
      budget: number;
      /** Its first number is set to 1 when nobody waits any longer. */
      stop: Int32Array<SharedArrayBuffer>;
    };

/** `trouble`: a defect of ours; the worker lives on. */
export type FromWorker = { id: number } & ({ found: Found } | { trouble: string });
