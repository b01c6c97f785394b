/** What is proven after an edit is what a proof of everything says: of right programs, and of damaged ones. */
import { type Piece, PROVEN, type ProgramText, Proofs } from "@flowmgr/flow-analysis/program";
import { type Config, check, type Flow, flowsOf } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CompileOptions, type Program, renderFamily, renderPieces, renderSets } from "../src/index.ts";
import { configs, options } from "./arbitrary.ts";
import { DAMAGES, type Damage } from "./damages.ts";
import { DEFAULTS } from "./golden.ts";
import { compiled, proofOptions } from "./proving.ts";

const textOf = (program: Program, family: 4 | 6, { markMask }: CompileOptions) => ({
  family,
  text: renderFamily(program, family === 4 ? "ip" : "ip6"),
  sets: renderSets(program, family === 4 ? "ip" : "ip6"),
  marks: program.marks,
  markMask,
});

/** The same in pieces, as an apply has it. */
const inPieces = (program: Program, family: 4 | 6, settings: CompileOptions): ProgramText => ({
  ...textOf(program, family, settings),
  text: renderPieces(program, family === 4 ? "ip" : "ip6"),
});

/** A flow of the one config takes its counterpart's place, or lists do, or a flow moves. */
type Edit = { what: "exchange" | "lists" | "move" | "off"; at: number; to: number };

const edit: fc.Arbitrary<Edit> = fc.record({
  what: fc.constantFrom("exchange", "exchange", "exchange", "lists", "move", "off"),
  at: fc.nat(4),
  to: fc.nat(4),
});

function edited({ items, comment }: Config, other: Config, { what, at, to }: Edit): Config {
  const flows = items.filter((item): item is Flow => item.kind === "flow" || item.kind === "outflow");
  const lists = (what === "lists" ? other : { items }).items.filter(({ kind }) => kind === "list");
  const [flow] = flows.slice(at % Math.max(flows.length, 1));
  if (what === "off" && flow)
    flows[flows.indexOf(flow)] = { ...flow, skipped: !flow.skipped || !flow.policy };
  if (what === "move" && flow) {
    flows.splice(flows.indexOf(flow), 1);
    flows.splice(to, 0, flow);
  }
  const theirs = flowsOf(other).find(({ name }) => name === flow?.name);
  if (what === "exchange" && flow && theirs) flows[flows.indexOf(flow)] = theirs;
  return { items: [...flows, ...lists], comment };
}

/** Some rule of a text is gone, stands elsewhere or again, leads elsewhere, or asks for something else. */
type Slip = { how: number; at: number; other: number };

const slip: fc.Arbitrary<Slip> = fc.record({ how: fc.nat(4), at: fc.nat(), other: fc.nat() });

function slipped(text: string, { how, at, other }: Slip): string {
  const lines = text.split("\n");
  const first = lines.findIndex((line) => line.startsWith("-A"));
  const rules = lines.length - 2 - first;
  if (first < 0 || rules <= 0) return text;
  const [here, there] = [first + (at % rules), first + (other % rules)];
  const [line = "", theirs = ""] = [lines[here], lines[there]];
  const target = / -[jg] .*$/;
  const chain = /^-A \S+/.exec(line)?.[0] ?? "";
  if (how === 0) lines.splice(here, 1);
  if (how === 1) [lines[here], lines[there]] = [theirs, line];
  if (how === 2) lines.splice(here, 0, theirs.replace(/^-A \S+/, chain));
  if (how === 3) lines[here] = line.replace(target, target.exec(theirs)?.[0] ?? "");
  if (how === 4) lines[here] = theirs.replace(/^-A \S+/, chain).replace(target, target.exec(line)?.[0] ?? "");
  return lines.join("\n");
}

/** As in the kernel's chains rules stand side by side, whatever moved. */
function sorted(text: string): string {
  const lines = text.split("\n");
  const of = (line: string) => (line.startsWith("-A") ? (line.split(" ")[1] ?? "") : "");
  const head = lines.filter((line) => !line.startsWith("-A") && line !== "COMMIT" && line !== "");
  const rules = lines.filter((line) => line.startsWith("-A"));
  const names = [...new Set(rules.map(of))];
  return [...head, ...names.flatMap((name) => rules.filter((line) => of(line) === name)), "COMMIT", ""].join(
    "\n",
  );
}

/** A text in pieces, as chains are: what was cut before is the same object. */
function cutter(): (text: string) => Piece[] {
  const known = new Map<string, Piece>();
  return (text) => {
    const parts: { of: string; text: string }[] = [];
    for (const line of text.split(/(?<=\n)/)) {
      const of = /^-A (@|FLOWS|OUTFLOWS)\S*/.exec(line)?.[0] ?? (line === "COMMIT\n" ? line : "head");
      const last = parts.at(-1);
      if (last?.of === of) last.text += line;
      else parts.push({ of, text: line });
    }
    return parts.map(({ text }) => {
      const piece = known.get(text) ?? { text };
      known.set(text, piece);
      return piece;
    });
  };
}

/** Rows so short that a few flows become a tree. */
const SMALL = { longestRow: 2, dearRow: Number.POSITIVE_INFINITY, cheapRow: 1 };

const step = fc.record({
  edit,
  damage: fc.option(fc.constantFrom(...DAMAGES.map(([, damage]) => damage)), { nil: null, freq: 2 }),
  slip: fc.option(slip, { nil: null, freq: 2 }),
  /** The program is still that of the config before. */
  isStale: fc.nat(9).map((drawn) => drawn === 0),
});

describe("a proof after an edit says what a proof of everything says", () => {
  test("random configs, edits and damages", { timeout: 300_000 }, () => {
    const random = fc.tuple(configs, configs, options, fc.array(step, { minLength: 1, maxLength: 8 }));
    const seen = { equal: 0, differs: 0 };
    fc.assert(
      fc.property(random, fc.boolean(), ([config, other, drawn, steps], isTree) => {
        const settings = { ...drawn, ...(isTree && { dispatch: SMALL }) };
        const asked = proofOptions(settings);
        const proofs = { 4: new Proofs(), 6: new Proofs() };
        const cut = cutter();
        let now = config;
        let program = compiled(now, settings);
        for (const { edit, damage, slip, isStale } of [null, ...steps].map((one) => one ?? UNCHANGED)) {
          const next = edit ? edited(now, other, edit) : now;
          if (check(next).some(({ severity }) => severity === "error")) continue;
          now = next;
          if (!isStale) program = compiled(now, settings);
          const wrong = damage ? damage(program) : program;
          for (const family of [4, 6] as const) {
            if (family === 6 && wrong.ip6 === null) continue;
            const text = textOf(wrong, family, settings);
            const wrongText = slip && sorted(slipped(text.text, slip));
            const whole = new Proofs().prove(now, { ...text, text: wrongText ?? text.text }, asked);
            const given =
              wrongText === null ? inPieces(wrong, family, settings) : { ...text, text: cut(wrongText) };
            expect(proofs[family].prove(now, given, asked)).toEqual(whole);
            if (whole.status !== "open") seen[whole.status] += 1;
          }
        }
      }),
      { numRuns: Number(process.env.FLOWMGR_RUNS ?? 100) },
    );
    expect(Math.min(seen.equal, seen.differs)).toBeGreaterThan(0);
  });
});

const UNCHANGED: { edit: Edit | null; damage: Damage | null; slip: Slip | null; isStale: boolean } = {
  edit: null,
  damage: null,
  slip: null,
  isStale: false,
};

describe("among thousands of flows", () => {
  const settings = { ...DEFAULTS, markMask: 0xffff_0000 };
  const asked = proofOptions(settings);
  const config = manyFlows(1000);
  /** Too little for all of them. */
  const mostEdges = 30_000;
  const proofs = () => {
    const known = new Proofs();
    expect(known.prove(config, inPieces(compiled(config, settings), 4, settings), asked)).toEqual(PROVEN);
    return known;
  };
  /** Another port. */
  const next: Config = {
    ...config,
    items: config.items.map((item, at) => {
      if (at !== 600 || item.kind !== "flow") return item;
      const dstport = { not: false, values: ["8443"] };
      return {
        ...item,
        rules: item.rules.map((one) => ({ ...one, conditions: { ...one.conditions, dstport } })),
      };
    }),
  };
  const program = (next: Config) => textOf(compiled(next, settings), 4, settings);

  test("only what an edit may change is looked at", () => {
    const short = { ...asked, mostEdges };
    expect(new Proofs().prove(next, program(next), short).status).toBe("open");
    expect(proofs().prove(next, program(next), short)).toEqual(PROVEN);
  });

  test.each([
    [
      "beside the edit",
      "-A @service-600 -d 172.16.2.88/32 -p tcp -m tcp --dport 8443",
      "--dport 8443",
      "--dport 8444",
    ],
    [
      "in a chain that it leaves alone",
      "-A @service-250 -d 172.16.0.250/32",
      "-d 172.16.0.250/32",
      "-d 172.16.0.251/32",
    ],
  ])("one wrong word %s is found", (_where, start, from, to) => {
    const right = program(next);
    const wrong = right.text.replaceAll(start, (words) => words.replace(from, to));
    expect(wrong).not.toBe(right.text);
    const known = proofs();
    expect(known.prove(next, { ...right, text: wrong }, asked).status).toBe("differs");
    expect(known.prove(next, right, { ...asked, mostEdges })).toEqual(PROVEN);
  });

  test("other marks, or another meaning, are proven anew", () => {
    const right = program(config);
    const { lb0 = 0, lb1 = 0 } = right.marks.directors;
    const swapped = { ...right.marks, directors: { ...right.marks.directors, lb0: lb1, lb1: lb0 } };
    const known = proofs();
    expect(known.prove(config, { ...right, marks: swapped }, asked).status).toBe("differs");
    expect(known.prove(config, right, { ...asked, loopback: "judge" }).status).toBe("differs");
    expect(known.prove(config, right, asked)).toEqual(PROVEN);
  });
});
