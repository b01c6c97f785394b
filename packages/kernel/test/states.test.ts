/** `state` by real exchanges: what begins, what answers, and what tells of an error. */
import { describe, expect, test } from "vitest";
import { succeeded } from "../src/run.ts";
import { makeGateway, send } from "./gateways.ts";
import { BACKENDS, type Lab, makeLab, program } from "./lab.ts";

/** Seconds until a ping is taken for lost, where it should come and where it should not. */
const [PATIENT, DROPPED] = ["10", "1"];

const ping = (seconds: string | undefined, host: string) => [
  "ping",
  "-n",
  "-c",
  "1",
  "-W",
  seconds ?? "",
  host,
];

async function counts({ kernel }: Lab, text: string) {
  const all = await kernel.counters(program(text));
  return Object.fromEntries(all.map(({ source, packets }) => [`${source.flow} ${source.rule}`, packets]));
}

describe.each(BACKENDS)("%s", (backend) => {
  test("only answers may come in", async () => {
    const lab = await makeLab(backend);
    const gateway = await makeGateway(lab, "eth0", 1);
    const text = `flow answers permit
  match state established
  match state related
flow others deny
  match iface eth0 not state { established, related }`;
    await lab.kernel.apply(program(text));
    for (const host of [gateway.ipv4, gateway.ipv6]) {
      await lab.ns.must(ping(PATIENT, host));
    }
    for (const host of ["10.0.1.1", "fd01::1"]) {
      expect(succeeded(await gateway.run(ping(DROPPED, host)))).toBe(false);
    }
    expect(await counts(lab, text)).toEqual({ "answers 1": 2, "answers 2": 0, "others 1": 2 });
    // Nobody listens there, and the error that says so belongs to what was sent.
    for (const host of [gateway.ipv4, gateway.ipv6]) expect(await send(lab.ns, host, [81])).toEqual(["sent"]);
    await expect.poll(() => counts(lab, text)).toEqual({ "answers 1": 2, "answers 2": 2, "others 1": 2 });
  });

  test("only answers may go out", async () => {
    const lab = await makeLab(backend);
    const gateway = await makeGateway(lab, "eth0", 1);
    const text = "outflow all deny match not state { established, related, untracked }";
    await lab.kernel.apply(program(text));
    for (const host of ["10.0.1.1", "fd01::1"]) {
      expect(succeeded(await gateway.run(ping(PATIENT, host)))).toBe(true);
    }
    for (const host of [gateway.ipv4, gateway.ipv6])
      expect(await send(lab.ns, host, [81])).toEqual(["EPERM"]);
    expect(await counts(lab, text)).toEqual({ "all 1": 2 });
  });
});
