/** The smallest change: what is sent, what is left alone, in which order. */
import { checkText } from "@flowmgr/flow-model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  assignMarks,
  compile,
  delta,
  EMPTY_PROGRAM,
  type FamilyState,
  holds,
  isEmptyDelta,
  type Program,
  renderFamily,
  type State,
} from "../src/index.ts";
import { configs } from "./arbitrary.ts";
import { DEFAULTS } from "./golden.ts";
import { NOTHING, readBack, restoreInto, stateOf } from "./state.ts";

function programOf(text: string): Program {
  const { config } = checkText(text);
  const assigned = assignMarks(config, { directors: {}, tables: {} }, DEFAULTS);
  if ("error" in assigned) throw new Error(assigned.error.message);
  return compile(config, assigned.marks, DEFAULTS);
}

const EMPTY_MACHINE: State = { ip: NOTHING, ip6: NOTHING };
const SSH = "flow ssh permit match proto tcp dst 10.0.0.1 dstport 22\n";
const DNS = "flow dns permit match proto udp dst 10.0.0.1 dstport 53\n";
const MAIL = "flow mail director mail match proto tcp dst 10.0.0.2 dstport 25\n";

describe("chains", () => {
  test("a machine that holds the program already gets nothing", () => {
    const program = programOf(SSH + MAIL);
    const nothing = delta(stateOf(program), program);
    expect(isEmptyDelta(nothing)).toBe(true);
    expect(nothing.ip).toMatchObject({ restore: "", lines: [], added: [], changed: [], removed: [] });
  });

  test("an empty machine gets everything", () => {
    const program = programOf(SSH + MAIL);
    const { ip } = delta(EMPTY_MACHINE, program);
    expect(ip.added).toEqual(["FLOWS", "OUTFLOWS", "DEFRAGMENT", "DIRECTORS", "@ssh", "@mail"]);
    expect(ip.create).toEqual({ routes: program.ip.routes, ipRules: program.ip.ipRules });
    // The same lines as the whole text, in another order: chains as they come, jumps behind what they jump to.
    const sorted = (text: string) =>
      text
        .replaceAll("-I PREROUTING 1", "-A PREROUTING")
        .replaceAll("-I OUTPUT 1", "-A OUTPUT")
        .split("\n")
        .sort();
    expect(sorted(ip.restore)).toEqual(sorted(renderFamily(program, "ip")));
  });

  test("a changed flow is sent alone, and keeps everybody else's counters", () => {
    const after = programOf(SSH.replace("dstport 22", "dstport 2222") + DNS);
    expect(delta(stateOf(programOf(SSH + DNS)), after).ip).toMatchObject({
      restore:
        "*mangle\n:@ssh - [0:0]\n-A @ssh -d 10.0.0.1/32 -p tcp -m tcp --dport 2222 -j ACCEPT\nCOMMIT\n",
      lines: [null, null, { flow: "ssh", rule: 1 }, null],
      added: [],
      changed: ["@ssh"],
      removed: [],
    });
  });

  test("a new order sends the main chain alone", () => {
    expect(delta(stateOf(programOf(SSH + DNS)), programOf(DNS + SSH)).ip).toMatchObject({
      added: [],
      changed: ["FLOWS"],
      removed: [],
    });
  });

  test("a flow that goes is emptied and deleted in the same COMMIT, behind the new main chain", () => {
    expect(delta(stateOf(programOf(SSH + DNS)), programOf(SSH)).ip.restore).toBe(
      [
        "*mangle",
        ":FLOWS - [0:0]",
        "-A FLOWS -i lo -j RETURN",
        "-A FLOWS -d 10.0.0.1/32 -j @ssh",
        "-F @dns",
        "-X @dns",
        "COMMIT",
        "",
      ].join("\n"),
    );
  });

  test("IPv6 that is switched off is cleared; a machine without IPv6 is not asked for it", () => {
    const program = { ...programOf(SSH), ip6: null };
    const cleared = delta(stateOf(programOf(SSH)), program).ip6;
    expect(cleared?.removed).toEqual(["FLOWS", "OUTFLOWS"]);
    expect(cleared?.restore).toContain("-D PREROUTING -m comment --comment flowmgr -j FLOWS\n");
    expect(delta({ ip: NOTHING, ip6: null }, programOf(SSH)).ip6).toBeNull();
  });
});

describe("with a batch", () => {
  test("the new rules stand before the old ones, which no packet meets and which are swept by their numbers", () => {
    const after = programOf(
      SSH.replace("dstport 22", "dstport 2222 match proto tcp dst 10.0.0.1 dstport 23"),
    );
    const state = stateOf(programOf(SSH));
    const { ip } = delta(state, after, "b1");
    expect(ip.restore).toBe(
      [
        "*mangle",
        "-I @ssh 1 -m comment --comment flowmgr-retired-b1 -j RETURN",
        "-I @ssh 1 -d 10.0.0.1/32 -p tcp -m tcp --dport 23 -j ACCEPT",
        "-I @ssh 1 -d 10.0.0.1/32 -p tcp -m tcp --dport 2222 -j ACCEPT",
        "COMMIT",
        "",
      ].join("\n"),
    );
    expect(ip).toMatchObject({
      lines: [null, null, { flow: "ssh", rule: 2 }, { flow: "ssh", rule: 1 }, null],
      sweep: "",
      changed: ["@ssh"],
    });
    const switched = { ...state.ip, chains: readBack(restoreInto(state.ip, ip.restore).chains) };
    expect(delta({ ...state, ip: switched }, after, "b2").ip).toMatchObject({
      restore: "",
      sweep: "*mangle\n-D @ssh 4\n-D @ssh 3\nCOMMIT\n",
    });
    expect(holds({ ...state, ip: switched }, after)).toBe(true);
    expect(isEmptyDelta(delta({ ...state, ip: switched }, after))).toBe(false);
  });

  test("a chain that goes stays, with an end before its rules, and what led to it leads elsewhere", () => {
    const state = stateOf(programOf(SSH + DNS));
    const { restore, removed } = delta(state, programOf(SSH), "b1").ip;
    expect(restore).toContain("-I @dns 1 -m comment --comment flowmgr-retired-b1 -j RETURN\n");
    expect(restore).not.toContain("-X");
    expect(removed).toEqual(["@dns"]);
    const chains = readBack(restoreInto(state.ip, restore).chains);
    const rest = delta({ ...state, ip: { ...state.ip, chains } }, programOf(SSH), "b2").ip;
    expect(rest).toMatchObject({ restore: "", sweep: "*mangle\n-F @dns\n-X @dns\nCOMMIT\n" });
  });

  test("more old rules than can be taken away one by one are not kept", () => {
    const state = stateOf(programOf(SSH));
    const chains = [{ name: "@ssh", rules: Array.from({ length: 5001 }, () => "-j ACCEPT") }];
    const { restore } = delta({ ...state, ip: { ...state.ip, chains } }, programOf(SSH), "b1").ip;
    expect(restore).toContain(":@ssh - [0:0]\n");
  });
});

describe("hooks", () => {
  const program = EMPTY_PROGRAM(DEFAULTS);
  const words = "-m comment --comment flowmgr -j FLOWS";
  const withHooks = (...hooks: FamilyState["hooks"]): State => {
    const state = stateOf(program);
    const others = state.ip.hooks.filter(({ chain }) => chain !== "PREROUTING");
    return { ...state, ip: { ...state.ip, hooks: [...hooks, ...others] } };
  };
  const hookLines = (state: State, wanted = program) =>
    delta(state, wanted)
      .ip.restore.split("\n")
      .filter((line) => line !== "" && line !== "*mangle" && line !== "COMMIT");
  const at = (place: FamilyState["hooks"][number]["place"], found = words) =>
    ({ chain: "PREROUTING", words: found, place }) as const;

  test.each(["only", "first"] as const)("one that stands %s is left alone", (place) => {
    expect(hookLines(withHooks(at(place)))).toEqual([]);
  });

  test.each(["middle", "last"] as const)("one that stands %s is taken to the front", (place) => {
    expect(hookLines(withHooks(at(place)))).toEqual([`-D PREROUTING ${words}`, `-I PREROUTING 1 ${words}`]);
  });

  test("one that is missing is put in", () => {
    expect(hookLines(withHooks())).toEqual([`-I PREROUTING 1 ${words}`]);
  });

  test("of two, both go and one comes: -D takes the first of equals, which may be the right one", () => {
    expect(hookLines(withHooks(at("first"), at("last")))).toEqual([
      `-D PREROUTING ${words}`,
      `-D PREROUTING ${words}`,
      `-I PREROUTING 1 ${words}`,
    ]);
  });

  test("one with other words is replaced", () => {
    const old = "-i eth0 -m comment --comment flowmgr -j FLOWS";
    expect(hookLines(withHooks(at("only", old)))).toEqual([
      `-D PREROUTING ${old}`,
      `-I PREROUTING 1 ${words}`,
    ]);
  });

  test("with jump last it goes to the end, and stays there", () => {
    const last = EMPTY_PROGRAM({ ...DEFAULTS, jump: "last" });
    expect(hookLines(withHooks(at("first")), last)).toEqual([
      `-D PREROUTING ${words}`,
      `-A PREROUTING ${words}`,
    ]);
    expect(hookLines(withHooks(at("last")), last)).toEqual([]);
  });

  test("the one in INPUT comes with the first director and goes with the last", () => {
    const [without, withMail] = [programOf(SSH), programOf(SSH + MAIL)];
    const directors = "INPUT -m comment --comment flowmgr -j DIRECTORS";
    expect(delta(stateOf(without), withMail).ip.restore).toContain(`\n-A ${directors}\n`);
    const gone = delta(stateOf(withMail), without).ip.restore;
    expect(gone.indexOf(`-D ${directors}`)).toBeGreaterThan(0);
    expect(gone.indexOf("-X DIRECTORS")).toBeGreaterThan(gone.indexOf(`-D ${directors}`));
  });
});

describe("datagrams", () => {
  test("the chain that puts them together comes with the first flow that looks at ports, and goes with the last", () => {
    const [without, withPorts] = [programOf("flow all permit match src 10.0.0.1"), programOf(SSH)];
    const there = delta(stateOf(without), withPorts).ip;
    expect(there.added).toContain("DEFRAGMENT");
    expect(there.restore).toContain("\n-A DEFRAGMENT -m socket -m comment --comment flowmgr\n");
    const gone = delta(stateOf(withPorts), without);
    expect(gone.ip.removed).toContain("DEFRAGMENT");
    // A port condition without addresses counts in both families, one with an address in its own only.
    expect(gone.ip6?.removed).toEqual([]);
  });
});

describe("ip rules and routes", () => {
  test("a table that only an outflow uses comes and goes with it", () => {
    const [without, withIt] = [programOf(SSH), programOf(`${SSH}outflow o table 100 match dst 10.9.0.0/16`)];
    expect(delta(stateOf(without), withIt).ip.create.ipRules).toEqual([
      { mark: 0x100, mask: 0xff00, table: 100 },
    ]);
    expect(delta(stateOf(withIt), without).ip.remove.ipRules).toHaveLength(1);
  });

  test("what is missing is created before, what nothing needs any more removed after", () => {
    const [before, after] = [programOf(MAIL), programOf(MAIL.replace("10.0.0.2", "10.0.0.3"))];
    const { ip } = delta(stateOf(before), after);
    expect(ip.create).toEqual({ ipRules: [], routes: after.ip.routes });
    expect(ip.remove).toEqual({ ipRules: [], routes: before.ip.routes });
  });

  test("an ip rule that stands twice loses one", () => {
    const program = programOf(MAIL);
    const state = stateOf(program);
    const twice = { ...state, ip: { ...state.ip, ipRules: [...state.ip.ipRules, ...state.ip.ipRules] } };
    expect(delta(twice, program).ip.remove.ipRules).toEqual(program.ip.ipRules);
    expect(isEmptyDelta(delta(twice, program))).toBe(false);
  });

  test("a route that someone took away makes the delta not empty", () => {
    const program = programOf(MAIL);
    const state = stateOf(program);
    expect(isEmptyDelta(delta({ ...state, ip: { ...state.ip, routes: [] } }, program))).toBe(false);
  });
});

const programs = configs.map((config): Program => {
  const assigned = assignMarks(config, { directors: {}, tables: {} }, DEFAULTS);
  if ("error" in assigned) throw new Error(assigned.error.message);
  return compile(config, assigned.marks, DEFAULTS);
});

const byName = (state: Pick<FamilyState, "chains" | "hooks">) => ({
  chains: [...state.chains].sort((a, b) => (a.name < b.name ? -1 : 1)),
  hooks: state.hooks,
});

test("with batches too, also when the last one was not swept: first what is in force, then nothing else is there", () => {
  fc.assert(
    fc.property(programs, programs, programs, (before, between, after) => {
      const restored = (machine: FamilyState, text: string): FamilyState => ({
        ...machine,
        ...restoreInto(machine, text),
      });
      const read = (machine: FamilyState) => ({ ...machine, chains: readBack(machine.chains) });
      const change = (machine: FamilyState, program: Program, batch: string) =>
        delta({ ip: read(machine), ip6: null }, { ...program, ip6: null }, batch).ip;
      let machine = stateOf(before).ip;
      machine = restored(machine, change(machine, between, "b1").restore);
      const { restore } = change(machine, after, "b2");
      machine = restored(machine, restore);
      const wanted = byName(stateOf(after).ip).chains;
      const met = byName(read(machine)).chains.flatMap(({ name, rules }) =>
        wanted.some((one) => one.name === name) ? { name, rules } : [],
      );
      expect(met).toEqual(wanted);
      const { restore: again, sweep } = change(machine, after, "b3");
      expect(again).toBe("");
      expect(byName(restored(machine, sweep)).chains).toEqual(wanted);
    }),
    { numRuns: 100 },
  );
});

test("from any program to any other: the text gives exactly the other one, in an order that the kernel takes", () => {
  fc.assert(
    fc.property(programs, programs, (before, after) => {
      const state = stateOf(before);
      const change = delta(state, after);
      const wanted = stateOf(after);
      for (const family of ["ip", "ip6"] as const) {
        const [from, to, done] = [state[family], wanted[family], change[family]];
        if (!from || !to || !done) throw new Error("a family is missing");
        const { chains, hooks } = byName(restoreInto(from, done.restore));
        const order = (one: { chain: string }) => ["PREROUTING", "OUTPUT", "INPUT"].indexOf(one.chain);
        const sortedHooks = [...to.hooks].sort((a, b) => order(a) - order(b));
        expect({ chains, hooks }).toEqual({ chains: byName(to).chains, hooks: sortedHooks });
        // Every line of a rule knows where it comes from; what only tells packets apart comes from several rules.
        const sent = new Set([...done.added, ...done.changed]);
        const rules = after[family]?.chains.filter(({ name }) => sent.has(name)).flatMap((one) => one.rules);
        const sources = rules?.flatMap(({ source }) => source ?? []);
        expect(done.lines.filter((source) => source !== null)).toEqual(sources);
        const plain = /^-A @\S+ (?!.*(-g @@\S+|-j RETURN)$)/;
        const unknown = done.restore.split("\n").filter((line, at) => plain.test(line) && !done.lines[at]);
        expect(unknown).toEqual([]);
        expect(done.lines).toHaveLength(done.restore.split("\n").length - 1);
      }
    }),
    { numRuns: 300 },
  );
});
