/**
 * The thread that analyses, so that no question keeps the server from answering others. It keeps the configs and items
 * that it was taught, as the same objects, since what is worked out of conditions is kept by them.
 */
import { parentPort } from "node:worker_threads";
import type { Config, Item } from "@flowmgr/flow-model";
import type { FromWorker, Lesson, ToWorker } from "./messages.ts";
import { Answering, heldOtherwise } from "./questions.ts";

const items = new Map<number, Item>();
const configs = new Map<number, Config>();
const answering = new Answering();

parentPort?.on("message", (message: ToWorker) => {
  switch (message.do) {
    case "learn":
      return learn(message);
    case "forget":
      for (const config of message.configs) configs.delete(config);
      for (const item of message.items) items.delete(item);
      return;
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
    const question = heldOtherwise(asked.question, (config) => found(configs, config));
    return {
      id,
      found: answering.answer(question, { ...asked.options, stop }),
    };
  } catch (error) {
    return { id, trouble: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function found<Value>(known: ReadonlyMap<number, Value>, number: number): Value {
  const value = known.get(number);
  if (value === undefined) throw new Error(`the worker was never taught number ${number}`);
  return value;
}
