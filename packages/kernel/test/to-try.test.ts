/** What is not tried again would have passed again, and what would not is found in the small trial too. */
import type { ChainRule, Program } from "@flowmgr/flow-compiler";
import { print } from "@flowmgr/flow-model";
import { manyFlows } from "@flowmgr/flow-model/testing";
import { describe, expect, test } from "vitest";
import { KernelError } from "../src/index.ts";
import { toTry } from "../src/to-try.ts";
import { BACKENDS, makeLab, program } from "./lab.ts";

/** A row of chains that jump one to the next, and one more by itself; `rules` go behind what is in a chain. */
function row(rules: { [chain: string]: string[] } = {}): Program {
  const names = Array.from({ length: 15 }, (_, at) => `@c${at}`);
  const base = program("");
  const more = (name: string): ChainRule[] =>
    (rules[name] ?? []).map((words) => ({ words, source: { flow: name.slice(1), rule: 1 } }));
  const chains = [
    ...base.ip.chains.map((chain) =>
      chain.name === "FLOWS" ? { ...chain, rules: [{ words: "-j @c0" }, ...more("FLOWS")] } : chain,
    ),
    ...names.map((name, at) => ({
      name,
      rules: [...(at < 9 ? [{ words: `-j ${names[at + 1]}` }] : []), ...more(name)],
    })),
  ];
  return { ...base, ip: { ...base.ip, chains } };
}

test("an edit of one flow among many leaves its chain and the ways to it", () => {
  const text = print(manyFlows(2000));
  const [before, after] = [
    program(text),
    program(text.replace("dst 172.16.3.232", "dst 172.16.3.232 srcport 9")),
  ];
  const tried = toTry(after.ip, before.ip);
  const whole = new Map(after.ip.chains.map(({ name, rules }) => [name, rules]));
  expect(tried.chains).toContainEqual({ name: "@service-1000", rules: whole.get("@service-1000") });
  expect(tried.chains.length).toBeLessThan(100);
  expect(tried.chains.flatMap(({ rules }) => rules).length).toBeLessThan(200);
  // The same as of programs that share nothing with any before.
  expect(tried).toEqual(toTry(structuredClone(after.ip), structuredClone(before.ip)));
  expect(toTry(after.ip, null)).toBe(after.ip);
  expect(toTry(after.ip, after.ip)).toMatchObject({ chains: [], hooks: [] });
});

describe.each(BACKENDS)("%s", (backend) => {
  const outcome = async (wanted: Program, passed: Program | null) => {
    const { kernel } = await makeLab(backend);
    if (passed) await kernel.check(passed);
    return kernel.check(wanted).then(
      () => "taken",
      (error: unknown) => (error instanceof KernelError ? error.source : String(error)),
    );
  };

  test.each<[string, Program]>([
    ["a circle through chains that are as before", row({ "@c9": ["-j @c2"] })],
    [
      "jumps that only together with old ones go too deep",
      row({
        "@c10": ["-j @c0"],
        FLOWS: ["-j @c11"],
        "@c11": ["-j @c12"],
        "@c12": ["-j @c13"],
        "@c13": ["-j @c14"],
        "@c14": ["-j @c10"],
      }),
    ],
    ["a rule that only the jump to an old chain makes wrong", row({ OUTFLOWS: [], "@c5": ["-j REJECT"] })],
    ["one more good rule", row({ "@c5": ["-p tcp -j ACCEPT"] })],
  ])("%s: the same as without anything tried before", async (_, wanted) => {
    const alone = await outcome(wanted, null);
    expect(await outcome(wanted, row())).toEqual(alone);
    expect(alone).toMatchSnapshot();
  });

  test("what was refused is tried whole again, and what is in force is not", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(row());
    const broken = row({ "@c5": ["-j NOSUCH"] });
    for (let times = 0; times < 2; times += 1) {
      await expect(lab.kernel.check(broken)).rejects.toMatchObject({ source: { flow: "c5", rule: 1 } });
    }
    await lab.kernel.check(row());
  });

  test("a chain that another built-in chain leads to is tried again", async () => {
    const lab = await makeLab(backend);
    const socket = (chain: string): Program => {
      const made = row({ "@c14": ["-m socket -j ACCEPT"] });
      const led = { words: "-j @c14" };
      const chains = made.ip.chains.map((one) =>
        one.name === chain ? { ...one, rules: [...one.rules, led] } : one,
      );
      return { ...made, ip: { ...made.ip, chains } };
    };
    await lab.kernel.check(socket("FLOWS"));
    await expect(lab.kernel.check(socket("OUTFLOWS"))).rejects.toThrow("did not take it");
  });
});
