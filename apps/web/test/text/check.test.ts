import { type Config, checkText, edit, parse, print } from "@flowmgr/flow-model";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { CheckAnswer, CheckRequest } from "../../src/text/check-worker.ts";

/** The worker's own code, across a border that copies what passes it. */
let toWorker: ((event: MessageEvent<CheckRequest>) => void) | null = null;
const texts: (string | null)[] = [];
const answers: CheckAnswer[] = [];

class Beside {
  onmessage: ((event: MessageEvent<CheckAnswer>) => void) | null = null;
  constructor() {
    vi.stubGlobal("self", {
      postMessage: (data: CheckAnswer) => {
        answers.push(data);
        this.onmessage?.(new MessageEvent("message", { data: structuredClone(data) }));
      },
    });
  }
  async postMessage(data: CheckRequest): Promise<void> {
    await import("../../src/text/check-worker.ts");
    texts.push(data.text);
    toWorker ??= Reflect.get(globalThis.self, "onmessage");
    toWorker?.(new MessageEvent("message", { data: structuredClone(data) }));
  }
}

beforeAll(() => vi.stubGlobal("Worker", Beside));
afterAll(() => vi.unstubAllGlobals());

const TEXT = print(parse("flow a permit\n  match dstport 1\nflow b deny\n  match dstport 2\n").config);

test("one word typed is one flow that changes hands; what both say is the very same", async () => {
  const { checkBeside } = await import("../../src/text/check.ts");
  const { config } = parse(TEXT);
  expect((await checkBeside(TEXT, [], config)).config).toBe(config);
  expect(answers.at(-1)?.delta.items).toEqual([]);

  const typed = TEXT.replace("dstport 2", "dstport 3");
  const next: Config = (await checkBeside(typed, [], null)).config;
  expect(next).toEqual(checkText(typed).config);
  expect(next.items[0]).toBe(config.items[0]);
  expect(answers.at(-1)?.delta.items).toEqual([{ from: 0, count: 1 }, next.items[1]]);

  const wrong = await checkBeside(`${typed}flow c permit\n  match dst 10.0.0.300\n`, [], null);
  expect(wrong.diagnostics).toHaveLength(1);
  expect(wrong.config.items[1]).toBe(next.items[1]);

  const moved = edit(config, { do: "move", name: "b", before: "a" });
  if ("error" in moved) throw new Error(moved.error.message);
  const text = print(moved.config);
  await checkBeside(text, [], moved.config);
  const again = await checkBeside(text, [], null);
  expect(again.config.items.map((item, index) => item === moved.config.items[index])).toEqual([true, true]);
  expect(texts).toEqual([TEXT, typed, `${typed}flow c permit\n  match dst 10.0.0.300\n`, text, null]);
});
