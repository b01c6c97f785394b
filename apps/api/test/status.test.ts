/** The status, drift and marks, read by REST while others change the kernel. */
import { problemSchema, statusSchema } from "@flowmgr/flow-api";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { testClock } from "./clock.ts";
import { type Lab, startLab } from "./lab.ts";

const SSH = "flow ssh permit\n  match proto tcp dst 192.168.0.1 dstport 22\n";

const clock = testClock();
let lab: Lab;

const status = async () => (await lab.call("GET", "/status")).as(statusSchema);

beforeAll(async () => {
  lab = await startLab({ clock });
});
afterAll(() => lab.remove());
beforeEach(async () => {
  const put = await lab.call("PUT", "/config", { body: SSH });
  expect(put.status, put.text).toBe(200);
});

test("what others change is named; our own apply is no drift", async () => {
  expect((await lab.call("GET", "/status?verify=true")).json).toMatchObject({
    state: "in-sync",
    detail: null,
  });
  lab.inside("iptables", "-t", "mangle", "-F", "@ssh");
  const told = lab.event("drift", ({ drift }) => drift === true);
  const drifted = (await lab.call("GET", "/status?verify=true")).as(statusSchema);
  await told;
  expect(drifted.state).toBe("drift");
  expect(drifted.detail).toBe("The kernel differs from the running revision: IPv4: chain @ssh changed.");

  const settled = lab.event("drift", ({ drift }) => drift === false);
  await lab.call("PUT", "/config", { body: SSH });
  await settled;
  expect(await status()).toMatchObject({ state: "in-sync", detail: null });
});

test("a jump that is missing is named beside all else", async () => {
  lab.inside("iptables", "-t", "mangle", "-F", "@ssh");
  lab.inside("iptables", "-t", "mangle", "-F", "PREROUTING");
  expect((await lab.call("GET", "/status?verify=true")).as(statusSchema).detail).toBe(
    "The kernel differs from the running revision: IPv4: chain @ssh changed, a jump into our chains is missing or out of place.",
  );
});

test("rules of others are none of our business", async () => {
  lab.inside(
    "iptables",
    "-t",
    "mangle",
    "-A",
    "POSTROUTING",
    "-d",
    "10.9.9.9",
    "-j",
    "MARK",
    "--set-mark",
    "7",
  );
  expect((await lab.call("GET", "/status?verify=true")).as(statusSchema).state).toBe("in-sync");
  lab.inside("iptables", "-t", "mangle", "-F", "POSTROUTING");
});

test("it is looked for without anybody asking", async () => {
  lab.inside("iptables", "-t", "mangle", "-F", "FLOWS");
  const told = lab.event("drift", ({ drift }) => drift === true);
  clock.pass(60_000);
  await told;
  expect((await status()).detail).toContain("chain FLOWS changed");
});

test("the status has its shape, and knows the machine", async () => {
  await lab.call("PUT", "/config", {
    body: "flow mail director pool\n  match proto tcp dst 192.168.0.2 dstport 25\n",
  });
  const got = statusSchema.strict().parse((await lab.call("GET", "/status?verify=true")).json);
  expect(got).toMatchObject({
    state: "in-sync",
    target: { kind: "namespace", namespace: lab.place.namespace },
    directors: [{ name: "pool", mark: "0x100" }],
    you: { name: "admin", via: "token", indirect: true, address: "127.0.0.1" },
  });
  expect(got.interfaces).toEqual(expect.arrayContaining(["lo", "eth0", "eth1"]));
  expect(lab.inside("ip", "rule")).toContain("fwmark 0x100/0xff00");
});

test("a director keeps its mark when others come before it", async () => {
  const mail = "flow mail director pool\n  match proto tcp dst 192.168.0.2 dstport 25\n";
  const web = "flow web director farm\n  match proto tcp dst 192.168.0.2 dstport 80\n";
  await lab.call("PUT", "/config", { body: mail });
  await lab.call("PUT", "/config", { body: web + mail });
  expect((await status()).directors).toEqual([
    { name: "pool", mark: "0x100" },
    { name: "farm", mark: "0x200" },
  ]);
});

test("a mark that others use is refused by name, and those in force stay", async () => {
  const mail = "flow mail director pool\n  match proto tcp dst 192.168.0.2 dstport 25\n";
  const web = "flow web director farm\n  match proto tcp dst 192.168.0.2 dstport 80\n";
  await lab.call("PUT", "/config", { body: mail });
  lab.inside("ip", "rule", "add", "fwmark", "0x100/0xff00", "lookup", "77");
  lab.inside("ip", "rule", "add", "fwmark", "0x200/0xff00", "lookup", "77");
  await lab.call("GET", "/status?verify=true");
  expect((await lab.call("PUT", "/config", { body: `# again\n${mail}` })).status).toBe(200);
  const refused = await lab.call("PUT", "/config", { body: mail + web });
  expect(refused.status).toBe(422);
  expect(refused.as(problemSchema).diagnostics).toMatchObject([
    { code: "mark-in-use", flow: "web", path: "/items/1/policy" },
  ]);
  expect(refused.as(problemSchema).diagnostics[0]?.message).toBe(
    "mark 0x200, meant for director farm, is used by others: ip rule to table 77",
  );
  lab.inside("ip", "rule", "delete", "fwmark", "0x100/0xff00", "lookup", "77");
  lab.inside("ip", "rule", "delete", "fwmark", "0x200/0xff00", "lookup", "77");
});
