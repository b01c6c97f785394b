/**
 * The compiler judged: what it makes is proven to do what the flows say, over all packets; and where something is wrong
 * with a program, the proof finds a packet that shows it.
 */
import { PROVEN, type Proof, proveProgram } from "@flowmgr/flow-analysis/program";
import { type Config, type Packet, printPacket } from "@flowmgr/flow-model";
import { arbitraryConfig, manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assignMarks, type CompileOptions, compile, type Program, renderFamily } from "../src/index.ts";
import { configs, options, packets } from "./arbitrary.ts";
import { DAMAGES } from "./damages.ts";
import { checkedGolden, compileGolden, DEFAULTS, loadGoldens } from "./golden.ts";
import { pass } from "./packets.ts";

const NO_MARKS = { directors: {}, tables: {} };

function compiled(config: Config, settings: CompileOptions): Program {
  const assigned = assignMarks(config, NO_MARKS, settings);
  if ("error" in assigned) throw new Error(assigned.error.message);
  return compile(config, assigned.marks, settings);
}

function proveText(config: Config, family: 4 | 6, text: string, program: Program, settings: CompileOptions) {
  const { loopback, neighbours, markMask } = settings;
  const tables = new Map(Object.entries({ main: 254, default: 253, ...settings.tables }));
  const { marks } = program;
  return proveProgram(config, { family, text, marks, markMask }, { loopback, neighbours, tables });
}

/** The proof of each family that the program has; the first that is not equal. */
function prove(config: Config, program: Program, settings: CompileOptions): Proof {
  const ip = proveText(config, 4, renderFamily(program, "ip"), program, settings);
  if (ip.status !== "equal" || program.ip6 === null) return ip;
  return proveText(config, 6, renderFamily(program, "ip6"), program, settings);
}

describe("what the compiler makes is proven equal to the flows", () => {
  test.each(loadGoldens().map((golden) => [golden.name, golden] as const))("golden %s", (_name, golden) => {
    expect(prove(checkedGolden(golden), compileGolden(golden), golden.options)).toEqual(PROVEN);
  });

  test("random configs", { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(configs, options, (config, settings) => {
        expect(prove(config, compiled(config, settings), settings)).toEqual(PROVEN);
      }),
      { numRuns: Number(process.env.FLOWMGR_RUNS ?? 600) },
    );
  });

  test("configs of the whole language", { timeout: 300_000 }, () => {
    const settings = { ...DEFAULTS, markMask: 0xffff, tables: { office: 100 } };
    fc.assert(
      fc.property(arbitraryConfig(), (config) => {
        expect(prove(config, compiled(config, settings), settings)).toEqual(PROVEN);
      }),
      { numRuns: Number(process.env.FLOWMGR_RUNS ?? 200) },
    );
  });

  test("two thousand flows", () => {
    const settings = { ...DEFAULTS, markMask: 0xffff_0000 };
    const config = manyFlows(2000);
    expect(prove(config, compiled(config, settings), settings)).toEqual(PROVEN);
  });
});

/** What becomes of a packet with all foreign bits set, and of its mark; not who is counted. */
function fate(program: Program, packet: Packet, { markMask }: CompileOptions): string {
  const family = packet.family === 4 ? program.ip : program.ip6;
  if (family === null) return "no such family";
  const { verdict, mark } = pass(
    family,
    packet.direction === "in" ? "PREROUTING" : "OUTPUT",
    packet,
    ~markMask >>> 0,
  );
  return verdict === "DROP" ? verdict : `${verdict} ${mark}`;
}

/** Of these no packet's verdict depends: routes and `ip rule`s are no part of the text. */
const UNSEEN = ["routes are missing", "ip rules are missing"];

describe("is proven wrong, with a packet that the damaged chains treat otherwise", () => {
  test.each(DAMAGES.filter(([what]) => !UNSEEN.includes(what)))(
    "%s",
    { timeout: 300_000 },
    (_what, damage) => {
      let found = 0;
      const property = fc.property(
        configs,
        options,
        fc.array(packets, { minLength: 10, maxLength: 10 }),
        (config, settings, some) => {
          const right = compiled(config, settings);
          const wrong = damage(right);
          const { status, packet } = prove(config, wrong, settings);
          expect(status).not.toBe("open");
          if (status === "equal") {
            // Damage that changes nothing: then it changes nothing for any packet.
            for (const one of some.filter(({ family }) => family === 4 || wrong.ip6 !== null)) {
              expect(fate(wrong, one, settings), printPacket(one)).toBe(fate(right, one, settings));
            }
            return;
          }
          if (packet) expect(fate(wrong, packet, settings)).not.toBe(fate(right, packet, settings));
          found += 1;
        },
      );
      for (let seed = 1; seed < 400 && found === 0; seed += 1) fc.assert(property, { numRuns: 20, seed });
      expect(found).toBeGreaterThan(0);
    },
  );
});

describe("among thousands of flows, one wrong word", () => {
  const settings = { ...DEFAULTS, markMask: 0xffff_0000 };
  const config = manyFlows(3000);
  const program = compiled(config, settings);
  const text = renderFamily(program, "ip");
  const cases: [string, (text: string) => string, RegExp][] = [
    [
      "a port is one off",
      replaced("172.16.3.232/32 -p tcp -m tcp --dport 25", "172.16.3.232/32 -p tcp -m tcp --dport 26"),
      /service-1000/,
    ],
    [
      "a guard is too narrow",
      replaced(
        /(-A FLOWS\S* [^\n]*)-d 172.16.3.232\/32(?=[^\n]* -j @service-1000\n)/,
        "$1-d 172.16.3.233/32",
      ),
      /service-1000/,
    ],
    ["a network is too wide", replaced(/10\.7\.210\.0\/24/g, "10.7.210.0/23"), /10\.7\.211\.0 -> .* dropped/],
    ["a rule that leaves is missing", replaced(/\n-A @ssh-1005 [^\n]* -j RETURN/, ""), /ssh-1005|says/],
    ["the last flow is first", (all) => moved(all), /alltherest|says/],
    ["lo is not spared", replaced("\n-A FLOWS -i lo -j RETURN", ""), / in lo/],
    [
      "a mark is another director's",
      replaced(/(-A @service-1000 .*--set-xmark )0x[0-9a-f]+/, "$10x20000"),
      /service-1000/,
    ],
    [
      "a mark takes bits of others",
      replaced(/(-A @service-1000 .*--set-xmark 0x[0-9a-f]+)\/0xffff0000/, "$1/0xffffffff"),
      /without the bits of others/,
    ],
    ["a director's mark keeps foreign bits at IPVS", replaced(/\n-A DIRECTORS [^\n]*/, ""), /behind INPUT/],
    ["a mark without its accept", replaced(/\n-A @service-1000 [^\n]* -j ACCEPT/, ""), /service-1000/],
  ];

  test.each(cases)("%s", (_what, damage, said) => {
    const wrong = damage(text);
    expect(wrong).not.toBe(text);
    const proof = proveText(config, 4, wrong, program, settings);
    expect(proof.said).toMatch(said);
    expect(proof.status).toBe("differs");
    expect(proof.got?.verdict ?? null).not.toEqual(proof.expected?.verdict);
  });
});

function replaced(from: string | RegExp, to: string): (text: string) => string {
  return (text) => text.replace(from, to);
}

function moved(text: string): string {
  const last = "-A FLOWS -j @alltherest\n";
  return text.replace(last, "").replace("-A FLOWS -i lo -j RETURN\n", `$&${last}`);
}

test("a proof that is given up, or would become too large, is open", () => {
  const settings = { ...DEFAULTS, markMask: 0xffff_0000 };
  const config = manyFlows(200);
  const program = compiled(config, settings);
  const asked = {
    family: 4,
    text: renderFamily(program, "ip"),
    marks: program.marks,
    markMask: settings.markMask,
  } as const;
  expect(proveProgram(config, asked, { stop: () => true })).toMatchObject({
    status: "open",
    said: "the proof was given up",
  });
  expect(proveProgram(config, asked, { mostEdges: 100 })).toMatchObject({
    status: "open",
    said: "the proof became too large",
  });
});
