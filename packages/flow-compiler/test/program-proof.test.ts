/** The compiler judged: what it makes is proven to do what the flows say, over all packets; one wrong word is found. */
import { PROVEN, proveProgram } from "@flowmgr/flow-analysis/program";
import { arbitraryConfig, manyFlows } from "@flowmgr/flow-model/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderFamily } from "../src/index.ts";
import { configs, options } from "./arbitrary.ts";
import { checkedGolden, compileGolden, DEFAULTS, loadGoldens } from "./golden.ts";
import { compiled, prove, proveText } from "./proving.ts";

describe("what the compiler makes is proven equal to the flows", () => {
  test.each(loadGoldens().map((golden) => [golden.name, golden] as const))("golden %s", (_name, golden) => {
    expect(prove(checkedGolden(golden), compileGolden(golden), golden.options)).toEqual(PROVEN);
  });

  test("random configs", { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(configs, options, (config, settings) => {
        expect(prove(config, compiled(config, settings), settings)).toEqual(PROVEN);
      }),
      { numRuns: Number(process.env.FLOWMGR_RUNS ?? 300) },
    );
  });

  test("configs of the whole language", { timeout: 300_000 }, () => {
    const settings = { ...DEFAULTS, markMask: 0xffff, tables: { office: 100 } };
    fc.assert(
      fc.property(arbitraryConfig(), (config) => {
        expect(prove(config, compiled(config, settings), settings)).toEqual(PROVEN);
      }),
      { numRuns: Number(process.env.FLOWMGR_RUNS ?? 100) },
    );
  });

  test("two thousand flows", () => {
    const settings = { ...DEFAULTS, markMask: 0xffff_0000 };
    const config = manyFlows(2000);
    expect(prove(config, compiled(config, settings), settings)).toEqual(PROVEN);
  });
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
