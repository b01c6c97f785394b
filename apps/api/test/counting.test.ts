/** Totals of what changed are those of everything gone through: beside one that shares no value from step to step. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assignMarks, compile, isFlowChain } from "@flowmgr/flow-compiler";
import { type Config, parse } from "@flowmgr/flow-model";
import { type CountedLine, countRules } from "@flowmgr/kernel";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Counted, Counting } from "../src/apply/counters.ts";
import { serial } from "../src/apply/serial.ts";
import { readLedger } from "../src/apply/totals.ts";
import { openDatabase } from "../src/store/database.ts";
import { testClock } from "./clock.ts";
import { DEFAULTS as OPTIONS } from "./machine-as-data.ts";

/** Flows of one to three rules; flow 0 uses a list. */
const flowText = (at: number, ports: readonly number[]) =>
  `flow f${at} permit\n${ports.map((port) => `  match proto udp ${at === 0 ? "src @office " : ""}dstport ${port}\n`).join("")}`;

const ports = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("edit" as const), at: fc.nat(5), ports: fc.option(ports) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("traffic" as const),
      at: fc.nat(99),
      packets: fc.integer({ min: 1, max: 20 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("list" as const), at: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("flushed" as const), at: fc.nat(99) }) },
  fc.record({
    do: fc.constantFrom(
      "look" as const,
      "read" as const,
      "failed" as const,
      "back" as const,
      "none" as const,
    ),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never;

/** Lines of the kernel, by family and chain. */
type Kernel = Map<string, { family: "ip" | "ip6"; chain: string; words: string; packets: number }[]>;

class Run {
  readonly #config = new Map<number, readonly number[]>([
    [0, [1]],
    [1, [2, 3]],
  ]);
  #list = 0;
  #last: Config | null = null;
  #kernel: Kernel = new Map();
  #now: Counted | null = null;
  #before: Counted | null = null;
  #batch = 0;
  readonly #clock = testClock();
  readonly #dir = mkdtempSync(join(tmpdir(), "flowmgr-counting-"));
  /** One is given the values as they are, the other copies of each. */
  readonly #all = [false, true].map((apart) => {
    const db = openDatabase(mkdtempSync(join(this.#dir, "db-")));
    db.exec("PRAGMA synchronous = OFF");
    const load = (): Counted => {
      throw new Error("nothing was applied");
    };
    const readKernel = async (program: Counted["program"]) => countRules(this.#lines(), program);
    const counting = new Counting({ db, clock: this.#clock, kernelQueue: serial(), readKernel, load });
    return {
      db,
      counting,
      own: <T>(value: T): T => (apart ? structuredClone(value) : value),
      known: new Map<number, Counted>(),
    };
  });

  close(): void {
    for (const { db } of this.#all) db.close();
    rmSync(this.#dir, { recursive: true });
  }

  async take(one: Step): Promise<void> {
    this.#clock.pass(1000);
    if (one.do === "edit") {
      if (one.ports === null) this.#config.delete(one.at);
      else this.#config.set(one.at, one.ports);
      this.#apply(this.#made(), true);
    }
    if (one.do === "list") {
      this.#list = one.at;
      this.#apply(this.#made(), true);
    }
    if (one.do === "failed") this.#apply(this.#made(), false);
    if (one.do === "back" && this.#before) this.#apply(this.#before, true);
    const lines = [...this.#kernel.values()].flat();
    const hit = "at" in one ? lines[one.at % Math.max(1, lines.length)] : undefined;
    if (one.do === "traffic" && hit) hit.packets += one.packets;
    if (one.do === "flushed" && hit) hit.packets = 0;
    for (const { counting, own } of this.#all) {
      if (one.do === "look") counting.note(own(this.#lines()));
      if (one.do === "read") await counting.read();
    }
  }

  /** What is on disk, and what is told; the first is the one that shares. */
  async said(): Promise<unknown[]> {
    this.#clock.pass(60_000);
    const all = [];
    for (const { db, counting } of this.#all) {
      const told = await counting.read();
      counting.save();
      const { totals, before, ...rest } = readLedger(db);
      const sorted = (map: ReadonlyMap<string, unknown> | undefined) =>
        [...(map ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
      all.push({
        told,
        rest,
        totals: sorted(totals),
        left: before && [before.revision, sorted(before.totals)],
      });
    }
    return all;
  }

  #made(): Counted {
    const flows = [...this.#config].sort(([a], [b]) => a - b).map(([at, each]) => flowText(at, each));
    const made = parse(`list office 10.0.0.${this.#list}\n${flows.join("")}`).config;
    // As the server has it: an item that says the same is the same value.
    const known = new Map(this.#last?.items.map((item) => [JSON.stringify(item), item]));
    const config = { ...made, items: made.items.map((item) => known.get(JSON.stringify(item)) ?? item) };
    this.#last = config;
    const assigned = assignMarks(config, { directors: {}, tables: {} }, OPTIONS);
    if ("error" in assigned) throw new Error(assigned.error.message);
    const revision = (this.#now?.revision ?? 0) + 1 + this.#batch;
    return { revision, config, program: compile(config, assigned.marks, OPTIONS) };
  }

  #apply(wanted: Counted, taken: boolean): void {
    this.#batch += 1;
    const [before, after] = [this.#lines(), this.#holding(wanted)];
    const gone = before
      .filter(
        ({ family, chain }) => after.get(`${family} ${chain}`) !== this.#kernel.get(`${family} ${chain}`),
      )
      .map((line) => ({ ...line, retired: `b${this.#batch}` }));
    if (taken) this.#kernel = after;
    const last = this.#lines();
    const bookings = this.#all.map(({ counting, own, known }) => {
      const mine = known.get(wanted.revision) ?? own(wanted);
      known.set(wanted.revision, mine);
      const { book, done } = counting.booking(mine, null);
      book(own(before), false);
      if (taken) book(own([...last, ...gone]), true);
      return { done, own };
    });
    if (taken) this.#goOn();
    for (const { done, own } of taken ? bookings : []) done(own(this.#lines()));
    if (!taken) return;
    this.#before = this.#now;
    this.#now = wanted;
  }

  /** Packets come, and others flush, while an apply is swept and read back. */
  #goOn(): void {
    for (const [at, line] of [...this.#kernel.values()].flat().entries()) {
      if ((at + this.#batch) % 3 === 0) line.packets += at;
      if ((at + this.#batch) % 2 === 0) line.packets = 0;
    }
  }

  /** Chains that say the same go on, with what they have counted. */
  #holding({ program }: Counted): Kernel {
    const made: Kernel = new Map();
    for (const family of ["ip", "ip6"] as const) {
      for (const { name, rules } of program[family]?.chains ?? []) {
        if (!isFlowChain(name)) continue;
        const key = `${family} ${name}`;
        const old = this.#kernel.get(key);
        const same = old?.length === rules.length && rules.every(({ words }, at) => words === old[at]?.words);
        const anew = rules.map(({ words }) => ({ family, chain: name, words, packets: 0 }));
        made.set(key, same && old ? old : anew);
      }
    }
    return made;
  }

  #lines(): CountedLine[] {
    return [...this.#kernel.values()]
      .flat()
      .flatMap((line) => (line.packets === 0 ? [] : { ...line, bytes: line.packets * 30, retired: null }));
  }
}

test("whatever is edited, counted, flushed, refused and taken back", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
      const run = new Run();
      try {
        for (const one of steps) await run.take(one);
        const [shared, apart] = await run.said();
        expect(shared).toEqual(apart);
      } finally {
        run.close();
      }
    }),
    { numRuns: 60 },
  );
});
