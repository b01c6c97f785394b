import { type Config, type ConfigDelta, EMPTY_CONFIG, edit, parse } from "@flowmgr/flow-model";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Analyst, type Helper } from "../../src/analysis/analyst.ts";
import type { AnalysisRequest } from "../../src/analysis/worker.ts";

const ITEM = { kind: "list" as const, name: "", values: ["10.0.0.1"], comment: [], note: "" };
const config = (name: string): Config => ({ ...EMPTY_CONFIG, comment: [name] });
const deltaIn = ({ sent }: AnalysisRequest): ConfigDelta => JSON.parse(sent);
const nameOf = (request: AnalysisRequest) => deltaIn(request).comment[0];

/** Workers that answer when they are told to. */
function world() {
  const started: { helper: Helper; asked: AnalysisRequest[]; ended: boolean }[] = [];
  const told: (string | undefined)[] = [];
  const analyst = new Analyst(
    () => {
      const asked: AnalysisRequest[] = [];
      const helper: Helper = {
        onmessage: null,
        postMessage: (request) => void asked.push(request),
        terminate: () => {
          one.ended = true;
        },
      };
      const one = { helper, asked, ended: false };
      started.push(one);
      return helper;
    },
    (_, of) => told.push(of.comment[0]),
  );
  const answer = (worker: number) => {
    const one = started[worker];
    const id = one?.asked.at(-1)?.id ?? 0;
    const data = { id, diagnostics: [], partial: false };
    one?.helper.onmessage?.(new MessageEvent("message", { data }));
  };
  return { started, told, analyst, answer };
}

describe("one worker at the newest config", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("of many edits in a row only the last is looked at", () => {
    const { analyst, started, told, answer } = world();
    for (const name of ["a", "b", "c"]) analyst.ask(config(name), {});
    expect(started).toHaveLength(0);
    vi.runAllTimers();
    expect(started[0]?.asked.map(nameOf)).toEqual(["c"]);
    answer(0);
    expect(told).toEqual(["c"]);
  });

  test("the same config is looked at once, whoever asks", () => {
    const { analyst, started, answer } = world();
    const meaning = {};
    const one = config("a");
    analyst.ask(one, meaning);
    vi.runAllTimers();
    answer(0);
    analyst.ask(one, meaning);
    vi.runAllTimers();
    expect(started[0]?.asked).toHaveLength(1);
    analyst.ask(one, { loopback: "judge" });
    vi.runAllTimers();
    expect(started[0]?.asked).toHaveLength(2);
  });

  test("an answer that a newer config has overtaken is not told", () => {
    const { analyst, started, told, answer } = world();
    analyst.ask(config("old"), {});
    vi.advanceTimersByTime(300);
    analyst.ask(config("new"), {});
    vi.advanceTimersByTime(300);
    answer(0);
    expect(told).toEqual([]);
    expect(started[0]?.asked.map(nameOf)).toEqual(["old", "new"]);
    answer(0);
    expect(told).toEqual(["new"]);
  });

  test("an answer is not told once the config means something else", () => {
    const { analyst, started, told, answer } = world();
    const one = config("a");
    analyst.ask(one, {});
    vi.advanceTimersByTime(300);
    analyst.ask(one, { loopback: "judge" });
    answer(0);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(300);
    expect(started[0]?.asked.at(-1)?.meaning).toEqual({ loopback: "judge" });
    answer(0);
    expect(told).toEqual(["a"]);
  });

  test("a long one is given up for a newer", () => {
    const { analyst, started, told, answer } = world();
    analyst.ask(config("hard"), {});
    vi.advanceTimersByTime(60_000);
    expect(started[0]?.ended).toBe(false);
    analyst.ask(config("new"), {});
    vi.advanceTimersByTime(1000);
    expect(started[0]?.ended).toBe(true);
    expect(started[1]?.asked.map(nameOf)).toEqual(["new"]);
    answer(0);
    answer(1);
    expect(told).toEqual(["new"]);
  });

  test("what the language says is told while the rest is still looked for", () => {
    const { analyst, started, told } = world();
    analyst.ask(config("a"), {});
    vi.advanceTimersByTime(300);
    const data = { id: started[0]?.asked[0]?.id ?? 0, checked: [] };
    started[0]?.helper.onmessage?.(new MessageEvent("message", { data }));
    expect(told).toEqual(["a"]);
    analyst.ask(config("b"), {});
    vi.advanceTimersByTime(300);
    expect(started[0]?.asked).toHaveLength(1);
  });

  test("only what changed is handed over, all of it to a worker that is new", () => {
    const { analyst, started, answer } = world();
    const { config: first } = parse("flow a deny match\nflow b permit match\n");
    const [a, b] = first.items;
    const moved = edit(first, { do: "move", name: "b", before: "a" });
    const added = edit("config" in moved ? moved.config : first, { do: "add", item: { ...ITEM, name: "c" } });
    const second = "config" in added ? added.config : first;
    const sent = (worker: number) => started[worker]?.asked.slice(-1).map(deltaIn)[0]?.items;
    analyst.ask(first, {});
    vi.advanceTimersByTime(300);
    expect(sent(0)).toEqual([a, b]);
    answer(0);
    analyst.ask(second, {});
    vi.advanceTimersByTime(300);
    expect(sent(0)).toEqual([{ from: 1, count: 1 }, { from: 0, count: 1 }, second.items[2]]);
    analyst.ask(first, {});
    vi.advanceTimersByTime(1000);
    expect(sent(1)).toEqual([a, b]);
  });
});
