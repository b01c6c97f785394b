/** Questions over all packets, answered in a thread: as the analysis itself answers, in time, or in part. */
import { deadRules, packetChanges } from "@flowmgr/flow-analysis";
import { edit } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { describe, expect, test } from "vitest";
import { Answering } from "../src/analysis/questions.ts";
import { Shelf } from "../src/analysis/shelf.ts";
import { systemClock } from "../src/clock.ts";
import type { Clock } from "../src/parts.ts";
import { analyst, denies, logged, MINUTES, permits } from "./analyst.ts";
import { boxes } from "./boxes.ts";
import { config } from "./machine-as-data.ts";

describe("the answer is that of the analysis itself", () => {
  test("over an edit after the other, with items that are known by number", async () => {
    const asked = analyst();
    const first = manyFlows(120);
    let last = first;
    // More states than the thread keeps, so that it forgets some and is taught them again.
    for (let turn = 0; turn < 12; turn += 1) {
      const name = `service-${[0, 1, 3, 6, 8][turn % 5]}`;
      const edited = edit(last, { do: "move", name, position: 1 + ((turn * 37) % 100) });
      if ("error" in edited) throw new Error(edited.error.message);
      const { diagnostics: _, ...dead } = await asked.deadRules(edited.config, { budget: MINUTES });
      expect(dead).toEqual(deadRules(edited.config));
      const next = await asked.packetChanges(turn % 3 === 0 ? first : last, edited.config, {
        budget: MINUTES,
      });
      expect(next).toEqual(packetChanges(turn % 3 === 0 ? first : last, edited.config));
      last = edited.config;
    }
    expect(logged).toEqual([]);
  });

  test("what did not change is sent by number, and what nobody asks about is forgotten", () => {
    const shelf = new Shelf();
    const first = manyFlows(50);
    expect(shelf.lessons([first])).toMatchObject([{ do: "learn", fresh: { length: 50 } }]);
    expect(shelf.lessons([first])).toEqual([]);
    const states = [first];
    for (let turn = 0; turn < 7; turn += 1) {
      const [flow] = permits.items;
      if (!flow) throw new Error("no flow");
      const added = { ...flow, name: `new-${turn}` };
      const next = { ...first, items: [added, ...first.items] };
      const [lesson] = shelf.lessons([next]);
      expect(lesson).toMatchObject({ do: "learn", fresh: [[expect.any(Number), added]] });
      states.push(next);
    }
    // The first of those with an item of their own is gone, and the item with it.
    const [, second] = states;
    expect(shelf.lessons(second ? [second] : [])).toMatchObject([
      { do: "learn", fresh: { length: 1 }, items: { length: 51 } },
      { do: "forget", configs: { length: 1 }, items: { length: 1 } },
    ]);
  });
});

describe("an answer in part", () => {
  test("a question without time finds nothing, and says that it is not all", async () => {
    const asked = analyst();
    const none = await asked.packetChanges(permits, denies, { budget: 0 });
    expect(none).toEqual({ status: "partial", changes: [], total: 0 });
    const all = await asked.packetChanges(permits, denies, { budget: MINUTES });
    expect(all).toMatchObject({ status: "complete", changes: { length: 1 } });
  });

  test("a question that had too little time is answered from there on when it is asked again", () => {
    const answering = new Answering();
    const config = boxes(150);
    const openAfter = (): number => {
      let looks = 0;
      const stop = () => {
        looks += 1;
        return looks > 3;
      };
      const { found } = answering.answer({ kind: "dead-rules", config }, { stop });
      return "open" in found ? found.open.length : Number.NaN;
    };
    const open = [openAfter()];
    while (open.at(-1) !== 0 && open.length < 200) open.push(openAfter());
    expect(open[0]).toBeGreaterThan(0);
    expect(open.at(-1)).toBe(0);
    const whole = answering.answer({ kind: "dead-rules", config }, {});
    const { diagnostics: _, ...dead } = { diagnostics: [], ...whole.found };
    expect(dead).toEqual(deadRules(config));
  });

  /** What nobody can answer within the time of this test. */
  const endless = boxes(20_000);

  test("a newer question from the same place takes the turn of an older one", async () => {
    const asked = analyst();
    const older = asked.deadRules(endless, { place: "draft", budget: MINUTES });
    const waiting = asked.deadRules(boxes(10), { place: "draft", budget: MINUTES });
    const newer = asked.deadRules(permits, { place: "draft", budget: MINUTES });
    expect(await older).toMatchObject({ status: "partial", dead: [] });
    expect(await waiting).toMatchObject({ status: "partial", dead: [] });
    expect(await newer).toMatchObject({ status: "complete", dead: [] });
    expect(logged).toEqual([]);
  });

  test("guards of two who ask at once are two questions, and both are answered", async () => {
    const asked = analyst();
    const guarded = (src: string) => [
      {
        ...({ what: "connection", direction: "in", name: src, blocks: true } as const),
        conditions: { src: { not: false, values: [src] } },
      },
    ];
    const all = config("flow a deny\n  match src 10.0.0.0/8\n");
    const [one, other] = await Promise.all(
      ["10.0.0.1", "11.0.0.1"].map((src) =>
        asked.lockouts(all, guarded(src), { place: "draft", budget: MINUTES }),
      ),
    );
    expect(one).toMatchObject({ status: "complete", findings: { length: 1 } });
    expect(other).toEqual({ status: "complete", findings: [] });
  });

  test("nobody waits much longer than his budget for others who asked before", async () => {
    const hasty: Clock = { ...systemClock, after: (ms, call) => systemClock.after(ms / 20, call) };
    const asked = analyst(undefined, hasty);
    const gone = new AbortController();
    const before = asked.deadRules(endless, { signal: gone.signal, budget: MINUTES });
    expect(await asked.packetChanges(permits, denies)).toEqual({ status: "partial", changes: [], total: 0 });
    gone.abort();
    expect(await before).toMatchObject({ status: "partial" });
    // The thread is not replaced for that, and nobody keeps the partial answer.
    expect(await asked.packetChanges(permits, denies, { budget: MINUTES })).toMatchObject({
      status: "complete",
    });
    expect(logged).toEqual([]);
  });

  test("who would be cut off is answered before whether the compiler is right", async () => {
    const asked = analyst();
    const gone = new AbortController();
    const before = asked.deadRules(endless, { signal: gone.signal, budget: MINUTES });
    const answered: string[] = [];
    const waiting = [
      asked.proveProgram(permits, [], {}, { budget: MINUTES }).then(() => answered.push("program")),
      asked.lockouts(permits, [], { budget: MINUTES }).then(() => answered.push("lockouts")),
    ];
    gone.abort();
    await Promise.all([before, ...waiting]);
    expect(answered).toEqual(["lockouts", "program"]);
  });

  test("what nobody waits for yet comes last, and ends when somebody asks for anything else", async () => {
    const asked = analyst();
    const ahead = { ahead: true, budget: MINUTES };
    const endlessAhead = asked.deadRules(endless, ahead);
    expect(await asked.packetChanges(permits, denies, { budget: MINUTES })).toMatchObject({
      status: "complete",
    });
    expect(await endlessAhead).toMatchObject({ status: "partial" });
    const answered: string[] = [];
    const gone = new AbortController();
    const before = asked.deadRules(endless, { signal: gone.signal, budget: MINUTES });
    const waiting = [
      asked.lockouts(permits, [], ahead).then(() => answered.push("ahead")),
      asked.deadRules(permits, { budget: MINUTES }).then(() => answered.push("waited for")),
    ];
    gone.abort();
    await Promise.all([before, ...waiting]);
    expect(answered).toEqual(["waited for", "ahead"]);
    expect(logged).toEqual([]);
  });

  test("somebody who asks what was asked ahead waits for the same answer, and nobody ends it any more", async () => {
    const asked = analyst();
    const [first, gone] = [new AbortController(), new AbortController()];
    const ahead = asked.deadRules(endless, { ahead: true, signal: first.signal, budget: MINUTES });
    const same = asked.deadRules(endless, { signal: gone.signal, budget: MINUTES });
    first.abort();
    expect(await ahead).toMatchObject({ status: "partial" });
    let ended = false;
    void same.then(() => {
      ended = true;
    });
    const other = asked.packetChanges(permits, denies, { budget: MINUTES });
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    gone.abort();
    expect(await other).toMatchObject({ status: "complete" });
    expect(await same).toMatchObject({ status: "partial" });
    expect(logged).toEqual([]);
  });

  test("whoever goes takes his question with him, but not from others who asked the same", async () => {
    const asked = analyst();
    const [one, other] = [new AbortController(), new AbortController()];
    const first = asked.deadRules(endless, { signal: one.signal, budget: MINUTES });
    const same = asked.deadRules(endless, { signal: other.signal, budget: MINUTES });
    const shared = asked.packetChanges(permits, denies, { signal: one.signal, budget: MINUTES });
    const alike = asked.packetChanges(permits, denies, { budget: MINUTES });
    one.abort();
    expect(await first).toMatchObject({ status: "partial" });
    expect(await shared).toMatchObject({ status: "partial" });
    other.abort();
    expect(await same).toMatchObject({ status: "partial" });
    expect(await alike).toMatchObject({ status: "complete", changes: { length: 1 } });
    expect(logged).toEqual([]);
  });
});
