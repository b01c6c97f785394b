/** Marks over HTTP on a real machine: kept over all that happens to a config, set by hand, refused by name, moved by a mask. */

import {
  appliedSchema,
  directorSchema,
  directorsSchema,
  planSchema,
  problemSchema,
  statusSchema,
} from "@flowmgr/flow-api";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { testClock } from "./clock.ts";
import { type Lab, startLab } from "./lab.ts";

const flow = (name: string, director: string, n: number) =>
  `flow ${name} director ${director}\n  match proto tcp dst 10.1.1.${n} dstport 25\n`;
const MAIL = flow("mail", "maild", 1);
const WEB = flow("web", "webd", 2);
const OTHER = flow("other", "otherd", 3);

const clock = testClock();
let lab: Lab;

async function put(body: string) {
  const answer = await lab.call("PUT", "/config", { body });
  expect(answer.status, answer.text).toBe(200);
  return answer.as(appliedSchema.extend({ changed: z.boolean() }));
}

/** The mark in force by director, as REST tells it. */
async function marks(): Promise<Record<string, string | null>> {
  clock.pass(600);
  const answer = await lab.call("GET", "/directors");
  const { directors } = directorsSchema.strict().parse(answer.json);
  return Object.fromEntries(directors.map(({ name, mark }) => [name, mark]));
}

const setMark = (name: string, mark: string | number | null) =>
  lab.call("PUT", `/directors/${name}`, { body: { mark } });

/** Whether a rule in the kernel sets the mark. */
const isSet = (mark: string) => lab.rules().some((line) => line.includes(`--set-xmark ${mark}/`));

const foreign = (verb: "add" | "delete", mark: string) =>
  lab.inside("ip", "rule", verb, "fwmark", mark, "lookup", "77");

async function look(): Promise<void> {
  await lab.call("GET", "/status?verify=true");
}

describe("kept", () => {
  afterEach(() => lab.remove());

  test("over edits, order, removal and return, a restart, and a whole config put anew", async () => {
    lab = await startLab({ clock });
    await put(MAIL + WEB);
    expect(await marks()).toEqual({ maild: "0x100", webd: "0x200" });
    await put(OTHER + WEB + MAIL);
    expect(await marks()).toEqual({ otherd: "0x300", webd: "0x200", maild: "0x100" });
    await put(OTHER);
    await lab.stop();
    lab = await startLab({ clock, place: lab.place });
    await put(flow("new", "newd", 4) + WEB);
    expect(await marks()).toEqual({ newd: "0x400", webd: "0x200" });
    await put(WEB + MAIL);
    expect(await marks()).toEqual({ webd: "0x200", maild: "0x100" });
    expect(isSet("0x100")).toBe(true);
  });

  test("by another mask, where it holds them: no rule of the kernel is written anew for nothing", async () => {
    lab = await startLab({ clock });
    await put(MAIL + WEB);
    await lab.stop();
    lab = await startLab({ clock, place: lab.place, flags: ["--mark-mask", "0xfff00"] });
    expect(await marks()).toEqual({ maild: "0x100", webd: "0x200" });
    expect((await lab.call("GET", "/status")).json).toMatchObject({ state: "in-sync", warnings: [] });
    expect(lab.inside("ip", "rule")).toContain("fwmark 0x100/0xfff00");
    expect(lab.inside("ip", "rule")).not.toContain("/0xff00");
  });

  test("a mask that does not hold them moves them, takes the old ip rules away, and says what must follow", async () => {
    lab = await startLab({ clock });
    await put(WEB);
    const { revision } = await put(MAIL + WEB);
    await lab.stop();
    const flags = ["--mark-mask", "0xff0000"];
    for (let start = 0; start < 2; start += 1) {
      lab = await startLab({ clock, place: lab.place, flags });
      expect(await marks()).toEqual({ maild: "0x20000", webd: "0x10000" });
      const { state, warnings } = (await lab.call("GET", "/status")).as(statusSchema);
      expect(state).toBe("in-sync");
      expect(warnings.filter((one: string) => one.includes("director webd"))).toEqual([
        "--mark-mask was 0xff00 and is 0xff0000, so director webd has mark 0x10000 now and no longer 0x100; its IPVS service must follow: ipvsadm -A -f 65536, and what waits for 256 can go",
      ]);
      const rules = lab.inside("ip", "-N", "rule").split("\n");
      expect(rules.filter((line) => line.includes("proto 70")).map((line) => line.split(" ")[3])).toEqual([
        "0x10000/0xff0000",
        "0x20000/0xff0000",
      ]);
      const tables = lab.inside("ip", "-N", "route", "show", "table", "all").match(/table 1718\d+/g);
      expect(tables).toEqual([`table ${0x666c_0001}`, `table ${0x666c_0002}`]);
      if (start === 0) await lab.stop();
    }
    // What was applied under the old mask is loaded as ever, and goes back to it when a try is taken back.
    expect((await lab.call("GET", `/revisions/${revision}`)).status).toBe(200);
    const tried = (await lab.call("PUT", "/config?confirmWithin=600", { body: OTHER })).as(appliedSchema);
    expect(tried.state).toBe("unconfirmed");
    const back = await lab.call("POST", "/apply/revert", { body: { revision: tried.revision } });
    expect(back.status, back.text).toBe(200);
    expect(await marks()).toMatchObject({ maild: "0x20000", webd: "0x10000" });
    // A revision of this mask has nothing to move.
    await put(WEB);
    expect((await lab.call("GET", "/status")).as(statusSchema).warnings).toEqual([]);
  });
});

describe("set by hand", () => {
  beforeEach(async () => {
    lab = await startLab({ clock });
    await put(MAIL + WEB);
  });
  afterEach(() => lab.remove());

  test("it waits for the next apply, which the plan shows, and stays over a restart", async () => {
    const answer = await setMark("maild", "0x700");
    expect(answer.status, answer.text).toBe(200);
    const director = directorSchema.strict().parse(answer.json);
    expect(director).toMatchObject({ name: "maild", mark: "0x100", nextMark: "0x700", byHand: true });
    expect(lab.logged.at(-1)).toBe("the mark of director maild was set to 0x700 by admin (token, 127.0.0.1)");
    expect(isSet("0x100")).toBe(true);
    const plan = (await lab.call("GET", "/draft/plan")).as(planSchema);
    expect(plan).toMatchObject({ applicable: true, diagnostics: [] });
    expect(plan.headline).toBe("director maild gets mark 0x700, was 0x100");
    expect(plan.kernel.ip.changed).toContain("@mail");
    expect(plan.kernel.ip.ipRules.add).toEqual([expect.stringContaining("fwmark 0x700/0xff00")]);

    expect(await put(MAIL + WEB)).toMatchObject({ changed: true });
    expect(await marks()).toEqual({ maild: "0x700", webd: "0x200" });
    expect([isSet("0x100"), isSet("0x700")]).toEqual([false, true]);
    expect(lab.inside("ip", "rule")).not.toContain("fwmark 0x100/");
    expect(await put(MAIL + WEB)).toMatchObject({ changed: false });
    await put(WEB);
    await lab.stop();
    lab = await startLab({ clock, place: lab.place });
    expect(await marks()).toEqual({ webd: "0x200", maild: null });
    await put(OTHER + MAIL);
    expect(await marks()).toMatchObject({ maild: "0x700" });
    // A revision goes back with the marks that it had.
    const { json } = await lab.call("PUT", "/directors/maild", { body: { mark: null } });
    expect(json).toMatchObject({ byHand: false, nextMark: "0x700" });
  });

  test("a director that no flow names yet: an IPVS service may be there first", async () => {
    expect((await setMark("soon", 0x500)).json).toMatchObject({ mark: null, nextMark: null, usedBy: [] });
    await put(flow("s", "soon", 9));
    expect(await marks()).toMatchObject({ soon: "0x500" });
    await lab.call("PUT", "/directors/soon", { body: { mark: null } });
    expect((await setMark("never", null)).status).toBe(404);
  });

  test("what is wrong is refused by name, with what would be right, and nothing changes", async () => {
    await setMark("otherd", "0x600");
    foreign("add", "0x800/0xff00");
    lab.inside("iptables", ..."-w 5 -t mangle -A FORWARD -j MARK --set-mark 0x900".split(" "));
    const refusals: [string, string | number, number, string, RegExp][] = [
      ["webd", "0x100", 409, "mark-in-use", /^Mark 0x100 belongs to director maild\. 0x300 is free\.$/],
      ["webd", "0x600", 409, "mark-in-use", /belongs to director otherd/],
      ["webd", "0x800", 409, "mark-in-use", /belongs to ip rule to table 77/],
      ["webd", "0x900", 409, "mark-in-use", /belongs to iptables -t mangle, chain FORWARD/],
      ["webd", "0x1", 422, "bad-mark", /under the mask 0xff00: write a multiple of 0x100 up to 0xff00/],
      ["webd", 0, 422, "bad-mark", /^0x0 is not under the mask/],
      ["b@d", "0x700", 422, "bad-director", /letters, digits/],
      ["webd", "seven", 422, "invalid-body", /./],
    ];
    for (const [name, mark, status, code, detail] of refusals) {
      const answer = await setMark(name, mark);
      expect(answer.json, `${name} ${mark}`).toMatchObject({ status, type: `urn:flowmgr:problem:${code}` });
      expect(answer.as(problemSchema).detail).toMatch(detail);
    }
    await put(OTHER + WEB + MAIL);
    expect(await marks()).toEqual({ otherd: "0x600", webd: "0x200", maild: "0x100" });
  });

  test("a mark that others took since the last look is not given by an apply, nor planned", async () => {
    foreign("add", "0x300/0xff00");
    const refused = await lab.call("PUT", "/config", { body: MAIL + WEB + OTHER });
    expect(refused.json).toMatchObject({
      status: 422,
      diagnostics: [{ code: "mark-in-use", flow: "other" }],
    });
    foreign("delete", "0x300/0xff00");
    clock.pass(600);
    const plan = await lab.call("PUT", "/config?dryRun=true", { body: MAIL + WEB + OTHER });
    expect(plan.json).toMatchObject({ applicable: true, diagnostics: [] });
  });
});

describe("in force and used by others too", () => {
  afterAll(() => lab.remove());

  test("is a warning, also at the start; a new one is refused", async () => {
    lab = await startLab({ clock });
    await put(MAIL);
    // As the firewall lets in what goes to the director.
    lab.inside("iptables", ..."-w 5 -A INPUT -m mark --mark 0x100/0xff00 -j ACCEPT".split(" "));
    await put(WEB);
    await put(MAIL);
    foreign("add", "0x100/0xff00");
    foreign("add", "0x200/0xff00");
    await lab.stop();
    lab = await startLab({ clock, place: lab.place });
    const warned = async () => {
      await look();
      return (await lab.call("GET", "/status")).as(statusSchema).warnings;
    };
    expect(await warned()).toEqual([
      expect.stringMatching(
        /^0x100, the mark of director maild that is in force, is used by others: ip rule to table 77\. /,
      ),
    ]);
    const refused = await lab.call("PUT", "/config", { body: MAIL + WEB });
    expect(refused.as(problemSchema).diagnostics).toMatchObject([{ code: "mark-in-use", flow: "web" }]);
    expect(refused.as(problemSchema).diagnostics[0]?.message).toBe(
      "mark 0x200, meant for director webd, is used by others: ip rule to table 77",
    );
    expect((await setMark("webd", "0x300")).status).toBe(200);
    await put(MAIL + WEB);
    expect(await marks()).toEqual({ maild: "0x100", webd: "0x300" });
    foreign("delete", "0x100/0xff00");
    // The firewall's rule is still there.
    expect(await warned()).toEqual([]);
  });
});
