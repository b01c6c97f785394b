/** The server puts right by itself what somebody does to its rules by hand, and does not fight with other programs. */
import { execFileSync } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { appliedSchema, kernelSchema, runningSchema, statusSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testClock } from "./clock.ts";
import { type Lab, makePlace, startLab } from "./lab.ts";

const CONFIG = `flow ssh permit
  match proto tcp dst 192.168.0.1 dstport 22
  match proto tcp dst fd00::1 dstport 22
flow mail director pool
  match proto tcp dst 10.1.1.1 dstport 25
`;
const JUMP = "-m comment --comment flowmgr -j FLOWS".split(" ");

const clock = testClock();
let lab: Lab;

/** Lets rounds of the watch go by until something has happened. */
async function until(happened: Promise<unknown>): Promise<void> {
  let waiting = true;
  const over = happened.finally(() => {
    waiting = false;
  });
  while (waiting) {
    clock.pass(2_000);
    await delay(10);
  }
  await over;
}

/** Whatever was repaired before is long over, and was found to be right since. */
async function calm(): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    clock.pass(3_600_000);
    expect(await lab.running.parts.engine.verify()).toBe(true);
  }
}

const SSH_RULE = "-A @ssh -d 192.168.0.1/32 -p tcp -m tcp --dport 22 -j ACCEPT";

const repaired = () => lab.event("repair", ({ by }) => by === "the server");
const status = async () => statusSchema.strict().parse((await lab.call("GET", "/status")).json);

describe.each(["nft", "legacy"])("%s", (backend) => {
  const tables = (...words: string[]) =>
    lab.inside(`iptables-${backend}`, "-w", "5", "-t", "mangle", ...words);
  const everything = () =>
    [
      ...["iptables", "ip6tables"].map((tool) => lab.inside(`${tool}-${backend}-save`, "-t", "mangle")),
      ...["-4", "-6"].map((family) => lab.inside("ip", family, "rule")),
      lab.inside("ip", "route", "show", "table", "all"),
    ].map((text) => text.split("\n").filter((line) => !/^[#:]/.test(line)));
  const moveIpRule = () => {
    const table = /fwmark 0x100\S* lookup (\d+)/.exec(lab.inside("ip", "-N", "rule"))?.[1] ?? "";
    const rule = ["fwmark", "0x100/0xff00", "lookup", table, "protocol", "70"];
    lab.inside("ip", "rule", "add", ...rule, "priority", "100");
    lab.inside("ip", "rule", "delete", ...rule, "priority", "20000");
  };

  beforeAll(async () => {
    const flags = ["--drift-repair", "on", "--drift-every", "2", "--backend", backend];
    lab = await startLab({ clock, flags });
    const put = await lab.call("PUT", "/config", { body: CONFIG });
    expect(put.status, put.text).toBe(200);
    tables("-A", "PREROUTING", "-p", "sctp", "-j", "RETURN");
  });
  afterAll(() => lab.remove());

  const byHand: [string, () => unknown, RegExp][] = [
    ["a chain is emptied", () => tables("-F", "@ssh"), /IPv4: chain @ssh changed/],
    [
      "a chain of IPv6 is emptied",
      () => lab.inside(`ip6tables-${backend}`, "-t", "mangle", "-F", "@ssh"),
      /IPv6: chain @ssh changed/,
    ],
    ["the jump is deleted", () => tables("-D", "PREROUTING", ...JUMP), /a jump into our chains is missing/],
    ["an ip rule is moved", moveIpRule, /IPv4: 2 ip rules differ/],
    [
      "all rules are gone",
      () => {
        tables("-F");
        tables("-X");
        lab.inside("ip", "rule", "flush");
        lab.inside("ip", "rule", "add", "lookup", "main", "priority", "32766");
        lab.inside("ip", "rule", "add", "lookup", "default", "priority", "32767");
        tables("-A", "PREROUTING", "-p", "sctp", "-j", "RETURN");
      },
      /missing/,
    ],
  ];
  test.each(byHand)("%s: put right, told, and logged", async (_what, change, detail) => {
    await calm();
    const before = everything();
    const seen = lab.event("drift", ({ drift }) => drift === true);
    const told = repaired();
    change();
    expect(everything()).not.toEqual(before);
    await until(Promise.all([seen, told]));
    expect(everything()).toEqual(before);
    const { revision } = (await lab.call("GET", "/running")).as(runningSchema);
    const { state, repair } = await status();
    expect(state).toBe("in-sync");
    const last = { by: "the server", revision, detail: expect.stringMatching(detail) };
    expect(repair).toMatchObject({ byItself: true, held: null, last });
    expect((await lab.call("GET", "/kernel")).as(kernelSchema).repairs[0]).toEqual(repair.last);
    expect(lab.logged.at(-1)).toMatch(`the server put revision ${revision} back into the kernel: `);
  });

  test("a rule that others put before our jump stays, and ours goes before it again", async () => {
    await calm();
    const told = repaired();
    tables("-I", "PREROUTING", "1", "-p", "udp", "-j", "ACCEPT");
    await until(told);
    expect(tables("-S", "PREROUTING").trim().split("\n").slice(1)).toEqual([
      `-A PREROUTING ${JUMP.join(" ")}`,
      "-A PREROUTING -p udp -j ACCEPT",
      "-A PREROUTING -p sctp -j RETURN",
    ]);
    tables("-D", "PREROUTING", "-p", "udp", "-j", "ACCEPT");
  });
});

describe("the namespace", () => {
  const flags = ["--drift-repair", "on", "--drift-every", "2"];
  const netns = (verb: "add" | "delete", name = lab.place.namespace) =>
    execFileSync("ip", ["netns", verb, name]);

  test("that the server made is deleted: it is made anew, with its world and its rules", async () => {
    lab = await startLab({ clock, flags });
    try {
      await lab.call("PUT", "/config", { body: CONFIG });
      const told = repaired();
      netns("delete");
      await until(told);
      expect(lab.rules()).toContain(SSH_RULE);
      expect(lab.inside("ip", "-brief", "address", "show", "eth0")).toContain("192.168.0.1/24");
      expect(await status()).toMatchObject({ state: "in-sync", detail: null });
      const { namespace } = lab.place;
      // The wires of the new world, not ends of the old one.
      execFileSync("ip", ["netns", "exec", `${namespace}-client`, "ping", "-c1", "-W5", "192.168.0.1"]);
    } finally {
      await lab.remove();
    }
  });

  test("that others made is deleted: the rules are there as soon as it is", async () => {
    const place = makePlace();
    netns("add", place.namespace);
    lab = await startLab({ clock, flags, place });
    try {
      await lab.call("PUT", "/config", { body: CONFIG });
      netns("delete");
      await until(lab.event("drift", ({ detail }) => String(detail).includes("cannot be read")));
      expect(await status()).toMatchObject({ state: "error" });
      const told = repaired();
      netns("add");
      await until(told);
      expect(lab.rules()).toContain(SSH_RULE);
      expect(await status()).toMatchObject({ state: "in-sync" });
    } finally {
      netns("delete");
      await lab.remove();
    }
  });
});

describe("with restraint", () => {
  beforeAll(async () => {
    lab = await startLab({ clock, flags: ["--drift-repair", "on", "--drift-every", "2"] });
    await lab.call("PUT", "/config", { body: CONFIG });
  });
  afterAll(() => lab.remove());
  const flush = () => lab.inside("iptables", "-w", "5", "-t", "mangle", "-F", "@ssh");

  test("what is being tried is left alone until it is confirmed", async () => {
    await calm();
    const put = await lab.call("PUT", "/config?confirmWithin=86400", { body: `${CONFIG}flow x permit\n` });
    const tried = put.as(appliedSchema);
    expect(tried.state).toBe("unconfirmed");
    let repairs = 0;
    const end = lab.running.parts.events.subscribe((name) => {
      if (name === "repair") repairs += 1;
    });
    const seen = lab.event("drift", ({ drift }) => drift === true);
    flush();
    await until(seen);
    for (let round = 0; round < 5; round += 1) await until(lab.running.parts.engine.verify());
    expect(repairs).toBe(0);
    expect(lab.rules().filter((line) => line.startsWith("-A @ssh"))).toEqual([]);
    const told = repaired();
    await lab.call("POST", "/apply/confirm", { body: { revision: tried.revision } });
    await until(told);
    end();
    expect(lab.rules()).toContain(SSH_RULE);
  });

  test("a program that changes the same at once is not fought with for long, and that is said", async () => {
    await calm();
    const at: number[] = [];
    const end = lab.running.parts.events.subscribe((name) => {
      if (name !== "repair") return;
      at.push(clock.monotonic());
      flush();
    });
    flush();
    while (at.length < 6) {
      clock.pass(10_000);
      // No time passes while the kernel is looked at and put right: that takes as long as the machine lets it.
      for (let turn = 0; turn < 4; turn += 1) {
        await delay(1);
        await lab.running.parts.engine.inTurn(async () => {});
      }
    }
    const gaps = at.slice(1).map((time, i) => time - (at[i] ?? 0));
    for (const [i, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual(10_000 * 2 ** i);
    // Drift is still seen, and the status says why nothing is done about it right now.
    await until(lab.running.parts.engine.verify());
    await until(
      (async () => {
        while ((await status()).repair.held === null) await delay(10);
      })(),
    );
    const { state, repair } = await status();
    expect(state).toBe("drift");
    expect(repair.held).toMatch(
      /^The kernel was put right \d+ times in a row and was changed again each time; another program seems/,
    );
    end();
    // Who asks is not made to wait.
    expect((await lab.call("POST", "/kernel/repair")).json).toMatchObject({ changed: true });
  });
});

test("without the setting nothing is put back, and fifty applies beside a watch without pause are no drift", async () => {
  lab = await startLab({ flags: ["--drift-every", "1"] });
  try {
    const told: string[] = [];
    lab.running.parts.events.subscribe((name, payload) => {
      if (name === "repair" || (name === "drift" && "drift" in payload && payload.drift)) told.push(name);
    });
    let applying = true;
    let looks = 0;
    const looking = (async () => {
      while (applying) {
        expect(await lab.running.parts.engine.verify()).toBe(true);
        looks += 1;
      }
    })();
    for (let i = 0; i < 50; i += 1) {
      const body = i % 2 === 0 ? CONFIG : `flow n${i} table 100 match dst 10.0.0.${i}\n`;
      expect((await lab.call("PUT", "/config", { body })).json).toMatchObject({ changed: true });
    }
    applying = false;
    await looking;
    expect(told).toEqual([]);
    expect(looks).toBeGreaterThan(20);
    const seen = lab.event("drift", ({ drift }) => drift === true);
    lab.inside("iptables", "-w", "5", "-t", "mangle", "-F", "FLOWS");
    await seen;
    expect(await status()).toMatchObject({ state: "drift", repair: { byItself: false, last: null } });
  } finally {
    await lab.remove();
  }
}, 120_000);
