/**
 * The thread that analyses, so that no question keeps the server from answering others. It keeps the configs and items
 * that it was taught, as the same objects, since what is worked out of conditions is kept by them.
 */
import { parentPort } from "node:worker_threads";
import type { Piece } from "@flowmgr/flow-analysis/program";
import type { Config, Item } from "@flowmgr/flow-model";
import { collectAll } from "../memory.ts";
import type { FromWorker, Lesson, Numbered, ToWorker } from "./messages.ts";
import { Answering, heldOtherwise, textOtherwise } from "./questions.ts";

const items = new Map<number, Item>();
const configs = new Map<number, Config>();
let pieces: ReadonlyMap<number, Piece> = new Map();
const collect = collectAll();
const answering = new Answering();

parentPort?.on("message", (message: ToWorker) => {
  switch (message.do) {
    case "learn":
      return learn(message);
    case "forget":
      for (const config of message.configs) configs.delete(config);
      for (const item of message.items) items.delete(item);
      return;
    case "rest":
      return collect();
    case "answer":
      return parentPort?.postMessage(answered(message));
  }
});

function learn({ config, items: numbers, fresh, comment }: Lesson): void {
  for (const [number, item] of fresh) items.set(number, item);
  const known = numbers.map((number) => found(items, number));
  configs.set(config, { items: known, comment });
}

function answered({ id, ...asked }: Extract<ToWorker, { do: "answer" }>): FromWorker {
  const begun = performance.now();
  const stop = () => Atomics.load(asked.stop, 0) !== 0 || performance.now() - begun >= asked.budget;
  try {
    const held = heldOtherwise(asked.question, (config) => found(configs, config));
    const question = held.kind === "program" ? textOtherwise(held, program()) : held;
    return {
      id,
      found: answering.answer(question, { ...asked.options, stop }),
    };
  } catch (error) {
    return { id, trouble: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** Gives the texts of one program, of the same objects wherever the one before had them; what only that had is forgotten. */
function program(): (text: Numbered) => Piece[] {
  const before = pieces;
  const kept = new Map<number, Piece>();
  pieces = kept;
  return ({ pieces: numbers, fresh }) => {
    for (const [number, text] of fresh) kept.set(number, { text });
    return numbers.map((number) => {
      const piece = kept.get(number) ?? found(before, number);
      kept.set(number, piece);
      return piece;
    });
  };
}

function found<Value>(known: ReadonlyMap<number, Value>, number: number): Value {
  const value = known.get(number);
  if (value === undefined) throw new Error(`the worker was never taught number ${number}`);
  return value;
}
