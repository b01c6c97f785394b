/** Counters of real packets: they grow, say since when, and outlive what does not concern them. */
import { countersSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { testClock } from "./clock.ts";
import { type Lab, sendUdp, startLab } from "./lab.ts";

const DNS =
  "flow dns permit\n  match proto udp dst 192.168.0.1 dstport 53\n  match proto udp dst 192.168.0.1 dstport 54\n";
const WEB = "flow web deny\n  match proto tcp dst 192.168.0.2 dstport 80\n";

const clock = testClock();
let lab: Lab;

beforeAll(async () => {
  lab = await startLab({ clock });
});
afterAll(() => lab.remove());
beforeEach(async () => {
  await lab.call("PUT", "/config", { body: "" });
  await lab.call("PUT", "/config", { body: DNS });
});

type Total = { packets: number; bytes: number; since: string; lastHit: string | null };
type FlowTotal = Total & { name: string; rules: (Total & { rule: number })[] };

async function flow(name: string): Promise<FlowTotal> {
  // Younger than this a reading is given again.
  clock.pass(5_000);
  const { flows } = (await lab.call("GET", "/running/counters")).as(countersSchema);
  const found = flows.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name} in ${JSON.stringify(flows)}`);
  return found;
}

test("each rule counts its own packets, and the flow all of them", async () => {
  const before = await flow("dns");
  expect(before).toMatchObject({ packets: 0, bytes: 0, lastHit: null });
  sendUdp(lab.place, "192.168.0.1", 53, 3);
  sendUdp(lab.place, "192.168.0.1", 54, 2);
  const after = await flow("dns");
  // 20 bytes of IPv4, 8 of UDP, 2 of "x\n".
  expect(after).toMatchObject({ packets: 5, bytes: 150, since: before.since });
  expect(after.rules.map(({ rule, packets }) => [rule, packets])).toEqual([
    [1, 3],
    [2, 2],
  ]);
  const hit = clock.now();
  expect(after.lastHit).toBe(new Date(hit).toISOString());
  expect((await flow("dns")).lastHit).toBe(after.lastHit);
});

test("a rule that stays as it is goes on, whatever happens beside it; one that changes begins anew", async () => {
  sendUdp(lab.place, "192.168.0.1", 53, 4);
  const before = await flow("dns");
  expect(before.packets).toBe(4);
  await lab.call("PUT", "/config", { body: DNS + WEB });
  expect(await flow("dns")).toEqual(before);
  expect((await flow("web")).since > before.since).toBe(true);

  await lab.call("PUT", "/config", { body: DNS.replace("dstport 54", "dstport 55") });
  const changed = await flow("dns");
  expect(changed.rules[0]).toEqual(before.rules[0]);
  expect(changed.rules[1]).toMatchObject({ packets: 0, lastHit: null });
  expect(Date.parse(changed.rules[1]?.since ?? "")).toBeGreaterThan(Date.parse(before.since));
});

test("a rule whose number changes keeps its past", async () => {
  const off = "  off match proto tcp dstport 99\n";
  await lab.call("PUT", "/config", { body: DNS.replace("permit\n", `permit\n${off}`) });
  sendUdp(lab.place, "192.168.0.1", 53, 4);
  const { rules, ...before } = await flow("dns");
  expect(rules.map(({ rule, packets }) => [rule, packets])).toEqual([
    [2, 4],
    [3, 0],
  ]);
  clock.pass(60_000);
  await lab.call("PUT", "/config", { body: DNS });
  expect(await flow("dns")).toEqual({
    ...before,
    rules: rules.map((rule) => ({ ...rule, rule: rule.rule - 1 })),
  });
});

test("a count that somebody set back goes on from what was seen", async () => {
  sendUdp(lab.place, "192.168.0.1", 53, 4);
  const before = await flow("dns");
  lab.inside("iptables", "-t", "mangle", "-Z", "@dns");
  expect(await flow("dns")).toEqual(before);
  sendUdp(lab.place, "192.168.0.1", 53, 1);
  expect((await flow("dns")).rules[0]).toMatchObject({ packets: 5, bytes: 150, since: before.since });
});

test("a restart forgets nothing", async () => {
  sendUdp(lab.place, "192.168.0.1", 53, 4);
  const before = await flow("dns");
  await lab.stop();
  lab = await startLab({ place: lab.place, clock });
  expect(await flow("dns")).toEqual(before);
});

test("many who ask at once cost one reading", async () => {
  const at = async () => (await lab.call("GET", "/running/counters")).as(countersSchema).at;
  clock.pass(5_000);
  const answers = await Promise.all([at(), at(), at(), at()]);
  expect(new Set(answers).size).toBe(1);
});
