/** What `GET /directors` says of IPVS, against the real one: each state is made, told, and its advice followed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { statusSchema } from "../../packages/flow-api/src/index.ts";
import { ask, documented, FOREIGN, health, LOCAL, rest, shell } from "./lab.ts";

/** The lines of health about service and servers as they are now. */
async function told(): Promise<string[]> {
  return (await health()).filter((line) => /^\w+ (service|servers): /.test(line));
}

/** The command that a line ends with. */
const advice = (text = "") => /: (ipvsadm .*)$/.exec(text)?.[1] ?? assert.fail(`no advice in: ${text}`);

test("the back end is one that this kernel has: legacy, since it cannot do nft", async () => {
  const { backend } = statusSchema.parse(await rest("GET", "/status"));
  assert.equal(backend, "legacy");
});

test("without IPVS its services are not known, with reason", async () => {
  shell("modprobe -r ip_vs_rr ip_vs_wlc ip_vs");
  assert.deepEqual(await told(), [
    "unknown service: this kernel has no IPVS now: there is no /proc/net/ip_vs, so its services are not known",
  ]);
});

test("from no service to servers that get connections, by what each line advises", async () => {
  shell("ipvsadm -A -f 512 -s rr; ipvsadm -A -t 192.168.0.2:25 -s rr");
  shell("ipvsadm -a -t 192.168.0.2:25 -r 192.168.1.11 -m");
  const none = await told();
  assert.deepEqual(none, [
    "error service: IPVS has no service for mark 256 (0x100): ipvsadm -A -f 256 -s wlc",
  ]);
  shell(advice(none[0]));
  const empty = await told();
  assert.deepEqual(empty, [
    "warning service: IPVS has 1 service for mark 256 (0x100), scheduler wlc; IPv4 and IPv6 need one each: ipvsadm -A -f 256 -6 -s wlc",
    "error servers: the service has no servers: ipvsadm -a -f 256 -r ADDRESS -m",
  ]);
  shell(advice(empty[1]).replace("ADDRESS", "192.168.1.10 -w 0"));
  const resting = await told();
  assert.deepEqual(resting, [
    "warning service: IPVS has 1 service for mark 256 (0x100), scheduler wlc, for IPv4; IPv6 needs one of its own: ipvsadm -A -f 256 -6 -s wlc",
    "error servers: all servers have weight 0, so none gets new connections: 192.168.1.10 (Masq, weight 0)",
  ]);
  shell(
    `${advice(resting[0])}; ipvsadm -a -f 256 -6 -r fd00:0:0:1::10 -m; ipvsadm -a -f 256 -r 192.168.0.22 -g`,
  );
  assert.deepEqual(await told(), [
    "ok service: IPVS has 2 services for mark 256 (0x100), scheduler wlc",
    "warning servers: 1 of 3 servers get no new connections, weight 0: 192.168.1.10 (Masq, weight 0)",
  ]);
  // The mark goes before address and port.
  assert.equal(await ask(LOCAL[0], 25), `real2 ${LOCAL[0]} 25`);
  assert.equal(await ask(LOCAL[1], 25), "real1 fd00:0:0:1::10 25");
  shell("ipvsadm -e -f 256 -r 192.168.1.10 -m -w 1; ipvsadm -d -f 256 -r 192.168.0.22");
  const [, servers = ""] = await told();
  assert.match(servers, /^ok servers: 2 servers: /);
  for (const each of ["192.168.1.10", "fd00:0:0:1::10"])
    assert.ok(servers.includes(`${each} (Masq, weight 1)`));
});

test("a service for IPv6 alone is none for IPv4", async () => {
  shell("ipvsadm -C; ipvsadm -A -f 256 -6 -s rr; ipvsadm -a -f 256 -6 -r fd00::21 -g");
  const [service] = await told();
  assert.equal(
    service,
    "warning service: IPVS has 1 service for mark 256 (0x100), scheduler rr, for IPv6; IPv4 needs one of its own: ipvsadm -A -f 256 -s wlc",
  );
  assert.equal(await ask(LOCAL[0], 25), `balancer ${LOCAL[0]} 25`);
});

test("without its local route IPVS sees nothing of a foreign address, and repair puts it back", async () => {
  shell(`ipvsadm -C\n${documented("NAT")[0]}`);
  const [foreign] = FOREIGN;
  const table = /local in table (\d+)/.exec((await health()).join("\n"))?.[1];
  shell(`ip route del local ${foreign} table ${table}`);
  const missing = `error local route: IPv4: ${foreign} is not local in table ${table}, so IPVS never sees the packets; repair puts it back`;
  assert.ok((await health()).includes(missing));
  const forwarded = `FORWARD -d ${foreign} -p tcp -j REJECT --reject-with tcp-reset`;
  shell(`iptables -I ${forwarded}`);
  await assert.rejects(ask(foreign, 25), /ECONNREFUSED/);
  shell(`iptables -D ${forwarded}`);
  await rest("POST", "/kernel/repair");
  assert.match(await ask(foreign, 25), /^real[12] 192\.168\.1\.1[01] 25$/);
});
