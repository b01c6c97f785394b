/** A compiler with a defect: its program does not go in, and the answer holds a packet that shows why. */
import { PROVEN } from "@flowmgr/flow-analysis/program";
import { planSchema, problemSchema, revisionListSchema, statusSchema } from "@flowmgr/flow-api";
import type { Program } from "@flowmgr/flow-compiler";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type Lab, startLab } from "./lab.ts";

/** What the defect does to the words of a rule; null: the compiler is right. */
const defect = vi.hoisted((): { reword: ((words: string) => string) | null } => ({ reword: null }));

vi.mock("@flowmgr/flow-compiler", async (original) => {
  const real = await original<typeof import("@flowmgr/flow-compiler")>();
  const family = (one: Program["ip"]): Program["ip"] => ({
    ...one,
    chains: one.chains.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => ({ ...rule, words: defect.reword?.(rule.words) ?? rule.words })),
    })),
  });
  const compile: typeof real.compile = (...asked) => {
    const program = real.compile(...asked);
    if (defect.reword === null) return program;
    return { ...program, ip: family(program.ip), ip6: program.ip6 && family(program.ip6) };
  };
  return { ...real, compile };
});

const SSH = "flow ssh permit\n  match proto tcp dst 192.168.0.1 dstport 22\n";
const BOTH = `${SSH}\nflow rest deny\n  match proto tcp dst 192.168.0.0/24\n`;

let lab: Lab;
beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.remove());
beforeEach(async () => {
  defect.reword = null;
  await lab.call("PUT", "/config", { body: SSH });
  expect(lab.rules()).toEqual(["-A @ssh -d 192.168.0.1/32 -p tcp -m tcp --dport 22 -j ACCEPT"]);
});

const saved = () => lab.inside("iptables-save", "-t", "mangle").replace(/^#.*$|\[\d+:\d+\]/gm, "");

test("nothing goes in: the packet, the flow and the rule are said, and the old rules are in force", async () => {
  const before = saved();
  defect.reword = (words) => words.replace("--dport 22 ", "--dport 23 ");
  const answer = await lab.call("PUT", "/config", { body: BOTH });
  expect(answer.status, answer.text).toBe(500);
  expect(answer.as(problemSchema).type).toBe("urn:flowmgr:problem:compiler-differs");
  const [diagnostic] = answer.as(problemSchema).diagnostics;
  expect(diagnostic).toMatchObject({
    code: "compiler-differs",
    severity: "error",
    line: 5,
    flow: "rest",
    rule: 1,
  });
  expect(diagnostic?.packet).toMatch(/^tcp \S+ -> 192\.168\.0\.1:23 in /);
  expect(answer.as(problemSchema).detail).toContain(`${diagnostic?.packet}: flow rest, rule 1 says deny`);
  expect(answer.as(problemSchema).detail).toContain("the chains would have it accepted");
  expect(saved()).toBe(before);
  expect((await lab.call("GET", "/status")).json).toMatchObject({ state: "in-sync", unconfirmed: null });
  const { revisions } = (await lab.call("GET", "/revisions?limit=1")).as(revisionListSchema);
  expect(revisions).toMatchObject([{ outcome: "failed", running: false }]);
  const report = lab.logged.map(String).find((line) => line.includes("the compiler differs"));
  expect(report).toContain("-A @ssh -d 192.168.0.1/32 -p tcp -m tcp --dport 23 -j ACCEPT");
});

test("the plan says so before anybody applies", async () => {
  defect.reword = (words) => words.replace("-j DROP", "-j ACCEPT");
  const plan = (await lab.call("PUT", "/config?dryRun=true", { body: BOTH })).as(planSchema);
  expect(plan).toMatchObject({
    applicable: false,
    diagnostics: [{ code: "compiler-differs", flow: "rest", rule: 1 }],
  });
});

test("a word that nobody has given a meaning does not go in either", async () => {
  defect.reword = (words) => words.replace("-m tcp --dport", "-m tcp --tcp-flags SYN SYN --dport");
  const answer = await lab.call("PUT", "/config", { body: BOTH });
  expect(answer.status, answer.text).toBe(500);
  expect(answer.as(problemSchema).detail).toContain("the word --tcp-flags is not known");
});

test("mended, the same config goes in", async () => {
  defect.reword = (words) => words.replace("--dport 22 ", "--dport 23 ");
  expect((await lab.call("PUT", "/config", { body: BOTH })).status).toBe(500);
  defect.reword = null;
  const answer = await lab.call("PUT", "/config", { body: BOTH });
  expect(answer.status, answer.text).toBe(200);
  expect(lab.rules()).toContain("-A @rest -d 192.168.0.0/24 -p tcp -j DROP");
});

test("a proof that comes to no end stops nobody, and is said", async () => {
  const { analyst } = lab.running.parts;
  const real = analyst.proveProgram;
  analyst.proveProgram = async () => ({ ...PROVEN, status: "open", said: "the proof was given up" });
  try {
    const plan = (await lab.call("PUT", "/config?dryRun=true", { body: BOTH })).as(planSchema);
    expect(plan).toMatchObject({
      applicable: true,
      diagnostics: [{ code: "compiler-unproven", severity: "warning" }],
    });
    expect((await lab.call("PUT", "/config", { body: BOTH })).status).toBe(200);
    const { warnings } = (await lab.call("GET", "/status")).as(statusSchema);
    expect(warnings.join()).toContain(
      "It was not proven that the rules for the kernel do what the flows say",
    );
  } finally {
    analyst.proveProgram = real;
  }
});

test("what stayed open is proven once there is time", async () => {
  const { analyst } = lab.running.parts;
  const real = analyst.proveProgram;
  analyst.proveProgram = async () => ({ ...PROVEN, status: "open", said: "the proof was given up" });
  const dryRun = async () => (await lab.call("PUT", "/config?dryRun=true", { body: BOTH })).as(planSchema);
  try {
    expect((await dryRun()).diagnostics).toMatchObject([{ code: "compiler-unproven" }]);
  } finally {
    analyst.proveProgram = real;
  }
  expect((await dryRun()).diagnostics).toEqual([]);
});
