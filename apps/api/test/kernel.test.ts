/** The kernel as REST shows it, while somebody changes it by hand, and putting it right. */
import {
  appliedSchema,
  kernelSchema,
  problemSchema,
  repairedSchema,
  runningSchema,
  writtenDraftSchema,
} from "@flowmgr/flow-api";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { testClock } from "./clock.ts";
import { type Lab, sendUdp, startLab } from "./lab.ts";

const CONFIG = `flow ssh permit
  match proto tcp dst 192.168.0.1 dstport 22
  match proto udp dst 192.168.0.1 dstport 22
flow mail director pool
  match proto tcp dst 10.1.1.1 dstport 25
`;

const clock = testClock();
let lab: Lab;

const mangle = (...words: string[]) => lab.inside("iptables", "-w", "5", "-t", "mangle", ...words);

/** The kernel as it is now: a reading is given again as long as it is young. */
async function kernel(query = "") {
  clock.pass(600);
  const answer = await lab.call("GET", `/kernel${query}`);
  expect(answer.status, answer.text).toBe(200);
  return kernelSchema.strict().parse(answer.json);
}

async function repair() {
  const answer = await lab.call("POST", "/kernel/repair");
  expect(answer.status, answer.text).toBe(200);
  return repairedSchema.strict().parse(answer.json);
}

beforeAll(async () => {
  lab = await startLab({ clock });
});
afterAll(() => lab.remove());
beforeEach(async () => {
  const put = await lab.call("PUT", "/config", { body: CONFIG });
  expect(put.status, put.text).toBe(200);
});

describe("the listing", () => {
  test("every rule says where it comes from and what it has counted", async () => {
    sendUdp(lab.place, "192.168.0.1", 22, 3);
    const { ip, ip6, command, drift } = await kernel();
    expect(drift).toEqual({ drifted: false, detail: null, text: "" });
    const words = command.split(" ");
    expect(lab.inside(...words.slice(4))).toContain("Chain @ssh (1 references)");
    const chain = (name: string) => ip.chains.find((one) => one.name === name);
    expect(chain("@ssh")).toEqual({
      name: "@ssh",
      kind: "flow",
      flow: "ssh",
      rules: [
        expect.objectContaining({
          text: expect.stringContaining("-p tcp"),
          packets: 0,
          flow: "ssh",
          rule: 1,
        }),
        expect.objectContaining({
          text: expect.stringContaining("-p udp"),
          packets: 3,
          flow: "ssh",
          rule: 2,
        }),
      ],
    });
    expect(chain("FLOWS")).toMatchObject({ kind: "main", flow: null });
    expect(chain("PREROUTING")).toMatchObject({ kind: "hook", foreign: { before: 0, behind: 0 } });
    expect(chain("PREROUTING")?.rules).toMatchObject([
      { text: "-m comment --comment flowmgr -j FLOWS", flow: null, rule: null },
    ]);
    // Hooks, plumbing, then the flows in the order of the config.
    const kinds = ip.chains.map(({ kind }) => kind);
    expect(kinds).toEqual([...kinds].sort((a, b) => "hmf".indexOf(a.charAt(0)) - "hmf".indexOf(b.charAt(0))));
    expect(ip.chains.slice(-2).map(({ name }) => name)).toEqual(["@ssh", "@mail"]);
    expect(ip.ipRules).toMatchObject([expect.stringMatching(/^fwmark 0x100\/0xff00 lookup \d+ /)]);
    expect(ip.routes).toMatchObject([expect.stringMatching(/^local 10\.1\.1\.1(\/32)? dev lo table /)]);
    expect(ip6?.chains.some(({ name }) => name === "FLOWS")).toBe(true);
  });

  test("page by page each chain comes once; one alone by its name", async () => {
    const whole = await kernel("?family=ip");
    expect(whole.ip6).toBeNull();
    const names: string[] = [];
    let after: string | null = "";
    while (after !== null) {
      const { ip } = await kernel(`?family=ip&limit=2${after && `&after=${encodeURIComponent(after)}`}`);
      names.push(...ip.chains.map(({ name }) => name));
      after = ip.next;
    }
    expect(names).toEqual(whole.ip.chains.map(({ name }) => name));
    const one = await kernel(`?chain=${encodeURIComponent("@mail")}`);
    expect([...one.ip.chains, ...(one.ip6?.chains ?? [])].map(({ name }) => name)).toEqual(["@mail"]);
    expect((await lab.call("GET", "/kernel?after=FLOWS")).status).toBe(400);
    expect((await lab.call("GET", "/kernel?family=ip&after=nobody")).status).toBe(404);
  });

  test("a rule that somebody put in is linked to nothing, and those behind it keep their links", async () => {
    mangle("-I", "@ssh", "1", "-p", "tcp", "-j", "DROP");
    const { ip } = await kernel();
    const rules = ip.chains.find(({ name }) => name === "@ssh")?.rules;
    expect(rules?.map(({ rule }) => rule)).toEqual([null, 1, 2]);
  });
});

describe("what somebody does by hand is seen, and put right", () => {
  const SSH_RULES = "-A @ssh -d 192.168.0.1/32 -p tcp -m tcp --dport 22 -j ACCEPT";
  const JUMP = "-m comment --comment flowmgr -j FLOWS".split(" ");
  const removeIpRule = () => lab.inside("ip", "rule", "delete", "fwmark", "0x100/0xff00");

  const cases: { by: string; change: () => void; diff: RegExp[] }[] = [
    {
      by: "a chain is emptied",
      change: () => mangle("-F", "@ssh"),
      diff: [/^-iptables -t mangle -A @ssh -d 192\.168\.0\.1\/32 -p tcp .*-j ACCEPT$/m],
    },
    {
      by: "the jump is deleted",
      change: () => mangle("-D", "PREROUTING", ...JUMP),
      diff: [/^-iptables -t mangle -A PREROUTING -m comment --comment flowmgr -j FLOWS$/m],
    },
    {
      by: "a rule of others stands before ours",
      change: () => mangle("-I", "PREROUTING", "1", "-p", "sctp", "-j", "RETURN"),
      diff: [/^\+# out of place in PREROUTING: 1 rule of others stands before it$/m],
    },
    {
      by: "the ip rule is removed",
      change: removeIpRule,
      diff: [/^-ip rule add fwmark 0x100\/0xff00 lookup \d+ protocol 70 priority 20000$/m],
    },
    {
      by: "the ip rule is moved before others",
      change: () => {
        const table = tableOfPool();
        removeIpRule();
        const moved = ["fwmark", "0x100/0xff00", "lookup", table, "protocol", "70", "priority", "19000"];
        lab.inside("ip", "rule", "add", ...moved);
      },
      diff: [
        /^-ip rule add fwmark 0x100\/0xff00 lookup \d+ protocol 70 priority 20000$/m,
        /^\+ip rule add fwmark 0x100\/0xff00 lookup \d+ protocol 70 priority 19000$/m,
      ],
    },
    {
      by: "the ip rule leads to another table",
      change: () => {
        removeIpRule();
        lab.inside(..."ip rule add fwmark 0x100/0xff00 lookup 99 protocol 70 priority 20000".split(" "));
      },
      diff: [/^\+ip rule add fwmark 0x100\/0xff00 lookup 99 protocol 70 priority 20000$/m],
    },
    {
      by: "the route is removed",
      change: () => lab.inside("ip", "route", "flush", "table", tableOfPool()),
      diff: [/^-ip route add local 10\.1\.1\.1\S* dev lo table \d+$/m],
    },
    {
      by: "a chain is added that we lead to",
      change: () => {
        mangle("-N", "@extra");
        mangle("-A", "FLOWS", "-j", "@extra");
      },
      diff: [/^\+iptables -t mangle -N @extra$/m, /^\+iptables -t mangle -A FLOWS -j @extra$/m],
    },
    {
      by: "all of it at once",
      change: () => {
        mangle("-F");
        removeIpRule();
      },
      diff: [/^-iptables -t mangle -A FLOWS /m, /^-ip rule add /m],
    },
  ];
  const tableOfPool = () =>
    /lookup (\d+)/.exec(lab.inside("ip", "-N", "rule", "list", "fwmark", "0x100/0xff00"))?.[1] ?? "";

  test.each(cases)("$by", async ({ change, diff }) => {
    mangle("-A", "PREROUTING", "-p", "tcp", "--dport", "9", "-j", "RETURN");
    const before = lab.inside("iptables-save", "-t", "mangle");
    const routing = lab.inside("ip", "rule") + lab.inside("ip", "route", "show", "table", "all");
    const told = lab.event("drift", ({ drift }) => drift === true);
    change();
    const { drift } = await kernel();
    await told;
    expect(drift).toMatchObject({ drifted: true, detail: expect.stringContaining("The kernel differs") });
    expect(drift.text).toMatch(/^--- wanted\n\+\+\+ found\n@@ /);
    for (const line of diff) expect(drift.text).toMatch(line);

    const settled = lab.event("drift", ({ drift }) => drift === false);
    const { revision } = (await lab.call("GET", "/running")).as(runningSchema);
    expect(await repair()).toEqual({ changed: true, revision });
    await settled;
    expect(lab.logged.at(-1)).toBe(`admin (token, 127.0.0.1) put revision ${revision} back into the kernel`);
    expect((await kernel()).drift).toEqual({ drifted: false, detail: null, text: "" });
    expect(lab.rules()).toContain(SSH_RULES);
    expect((await lab.call("GET", "/status")).json).toMatchObject({ state: "in-sync", detail: null });
    expect(lab.inside("ip", "rule") + lab.inside("ip", "route", "show", "table", "all")).toBe(routing);
    const ours = (text: string) =>
      text.split("\n").filter((line) => /FLOWS|@/.test(line) && line.startsWith("-A"));
    expect(ours(lab.inside("iptables-save", "-t", "mangle"))).toEqual(ours(before));
    expect(await repair()).toEqual({ changed: false, revision });
    lab.inside("iptables", "-w", "5", "-t", "mangle", "-F", "PREROUTING");
    await repair();
  });

  test("the foreign rule stays where it was put, ours goes back before it", async () => {
    mangle("-I", "PREROUTING", "1", "-p", "sctp", "-j", "RETURN");
    await repair();
    expect(mangle("-S", "PREROUTING").trim().split("\n").slice(1)).toEqual([
      "-A PREROUTING -m comment --comment flowmgr -j FLOWS",
      "-A PREROUTING -p sctp -j RETURN",
    ]);
    expect((await kernel()).ip.chains[0]).toMatchObject({ foreign: { before: 0, behind: 1 } });
    mangle("-D", "PREROUTING", "-p", "sctp", "-j", "RETURN");
  });
});

describe("when it must not be", () => {
  test("nothing is put back while an apply waits to be confirmed", async () => {
    const { etag } = (await lab.call("PUT", "/draft", { headers: { "if-match": "*" }, body: "" })).as(
      writtenDraftSchema,
    );
    const applied = await lab.call("POST", "/apply", { body: { etag, confirmWithin: 60 } });
    const refused = await lab.call("POST", "/kernel/repair");
    expect(refused).toMatchObject({ status: 409, json: { type: "urn:flowmgr:problem:busy" } });
    expect(refused.as(problemSchema).detail).toContain(
      `Revision ${applied.as(appliedSchema).revision} waits to be confirmed`,
    );
    await lab.call("POST", "/apply/revert", { body: { revision: applied.as(appliedSchema).revision } });
    expect(await repair()).toMatchObject({ changed: false });
  });

  test("a reading is shared by all who ask within half a second", async () => {
    await kernel();
    mangle("-F", "@ssh");
    expect((await lab.call("GET", "/kernel")).as(kernelSchema).drift.drifted).toBe(false);
    clock.pass(600);
    expect((await lab.call("GET", "/kernel")).as(kernelSchema).drift.drifted).toBe(true);
  });
});
