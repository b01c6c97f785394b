/** A server that starts with the other back end of iptables: its rules, counters and answers move along. */
import { countersSchema, kernelSchema, statusSchema } from "@flowmgr/flow-api";
import { expect, onTestFinished, test } from "vitest";
import { type Lab, makePlace, sendUdp, startLab } from "./lab.ts";

const CONFIG = `flow dns permit
  match proto udp dstport 5353
flow web table 77
  match proto tcp dst { 10.0.0.1, fd01::1 } dstport 80
`;

const chainsIn = (lab: Lab, backend: string) =>
  ["iptables", "ip6tables"].map(
    (tool) =>
      lab.inside(`${tool}-${backend}-save`, "-t", "mangle").match(/^:(@|FLOWS|OUTFLOWS)/gm)?.length ?? 0,
  );

test("nft, then legacy, then what auto finds: the rules stand in one of them, and its counts go on", async () => {
  const place = makePlace();
  onTestFinished(() => place.remove());
  const startWith = (backend: string) => startLab({ place, flags: ["--backend", backend] });
  const packets = async (lab: Lab) => {
    const { json } = await lab.call("GET", "/running/counters");
    return countersSchema.parse(json).flows.find(({ name }) => name === "dns")?.packets;
  };

  let lab = await startWith("nft");
  expect((await lab.call("PUT", "/config", { body: CONFIG })).status).toBe(200);
  sendUdp(place, "192.168.0.2", 5353, 3);
  const all = chainsIn(lab, "nft");
  expect(all.every((count) => count >= 3)).toBe(true);
  expect(await packets(lab)).toBe(3);
  await lab.stop();

  for (const [flag, backend, other] of [
    ["legacy", "legacy", "nft"],
    ["auto", "legacy", "nft"],
    ["nft", "nft", "legacy"],
  ] as const) {
    lab = await startWith(flag);
    expect(chainsIn(lab, backend)).toEqual(all);
    expect(chainsIn(lab, other)).toEqual([0, 0]);
    const status = (await lab.call("GET", "/status?verify=true")).as(statusSchema);
    expect(status).toMatchObject({ backend, state: "in-sync" });
    expect(status.warnings).not.toEqual(expect.arrayContaining([expect.stringContaining("back end")]));
    expect(await packets(lab)).toBe(3);
    await lab.stop();
  }
});

test("rules that a file brought back in the other back end: the repair takes them out and says so", async () => {
  const lab = await startLab({ flags: ["--backend", "nft"] });
  onTestFinished(() => lab.remove());
  expect((await lab.call("PUT", "/config", { body: CONFIG })).status).toBe(200);
  lab.inside("sh", "-c", "iptables-nft-save -t mangle | iptables-legacy-restore -w 5");
  expect((await lab.call("POST", "/kernel/repair")).json).toMatchObject({ changed: true });
  expect(chainsIn(lab, "legacy")).toEqual([0, 0]);
  const { repairs } = (await lab.call("GET", "/kernel")).as(kernelSchema);
  expect(repairs[0]).toMatchObject({ by: "admin", detail: "rules of flows stood in the other back end" });
});
