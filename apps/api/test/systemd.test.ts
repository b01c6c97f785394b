/** The unit files, by systemd itself: a machine of its own in namespaces, started twice. */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

const REPOSITORY = join(import.meta.dirname, "../../..");
const UNITS = "/lib/systemd/system";
const PID_1 = "/lib/systemd/systemd";
/** Where a cgroup of systemd's own kind can be made. */
const CGROUPS = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].find((dir) =>
  existsSync(join(dir, "cgroup.procs")),
);

/** Of a whole system only what our units hang on, so that nothing else of this machine starts. */
const TARGETS = [
  "sysinit",
  "basic",
  "local-fs",
  "network-pre",
  "network",
  "multi-user",
  "shutdown",
  "umount",
  "final",
  "exit",
];

const CONFIG = `flow ssh permit
  match iface eth7 proto tcp dstport 22
flow mail director lvs
  match proto tcp dst 192.0.2.1 dstport 25
flow blocked deny
  match src { ${Array.from({ length: 50 }, (_, at) => `198.51.${2 * at}.0/24`).join(" ")} }
outflow nosmtp deny
  match proto tcp dstport 25
`;

/** Stands where ifupdown or NetworkManager do. */
const NETWORK = `[Unit]
DefaultDependencies=no
Wants=network-pre.target
After=network-pre.target
Before=network.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c "(ip -br link show up; iptables-save; iptables-legacy-save; ip rule) > /lab/at-network"
ExecStart=/bin/ip link set lo up
`;

/** Asks the server, and ends the machine. */
const CLIENT = `
import { readFileSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
const text = (...argv) => execFileSync(argv[0], argv.slice(1), { encoding: "utf8" });
const lines = [];
const ask = async (method, path, body) => {
  const token = readFileSync("/var/lib/flowmgr/admin-token", "utf8").trim();
  const headers = { Authorization: "Bearer " + token, "Content-Type": "text/plain" };
  return (await fetch("http://127.0.0.1:8080/api/v1" + path, { method, headers, body })).json();
};
try {
  let status;
  for (let left = 100; !status && left > 0; left--) {
    status = await ask("GET", "/status").catch(() => new Promise((go) => setTimeout(go, 100)));
  }
  const put = await ask("PUT", "/config", readFileSync("/lab/config", "utf8"));
  const pid = text("systemctl", "show", "--value", "-p", "MainPID", "flowmgr.service").trim();
  const process = readFileSync("/proc/" + pid + "/status", "utf8");
  const verify = text("sh", "-c", "systemd-analyze verify flowmgr.service flowmgr-boot.service 2>&1");
  const boot = text("systemctl", "show", "--value", "-p", "Result", "flowmgr-boot.service").trim();
  writeFileSync("/lab/told", JSON.stringify({ status, put, process, verify, boot }));
} catch (error) {
  console.error(error, text("sh", "-c", "systemctl --no-pager status 'flowmgr*' || true"));
} finally {
  execFileSync("systemctl", ["exit", "0"]);
}
`;

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "flowmgr-systemd-"));
  for (const part of ["lab", "lab/units", "lab/units/service.d", "data"])
    mkdirSync(join(dir, part), { mode: 0o700 });
});
afterAll(() => rmSync(dir, { recursive: true }));

const lab = (name: string) => readFileSync(join(dir, "lab", name), "utf8");

function writeMachine(): void {
  const write = (name: string, text: string) => writeFileSync(join(dir, "lab", name), text);
  const files = [...TARGETS.map((name) => `${name}.target`), "systemd-exit.service", "modprobe@.service"];
  for (const name of files) copyFileSync(join(UNITS, name), join(dir, "lab/units", name));
  const node = "/opt/flowmgr/node_modules/.bin/node";
  const client = `ExecStart=${node} /lab/client.mjs`;
  write("units/network.service", NETWORK);
  write("units/client.service", `[Unit]\nAfter=flowmgr.service\n[Service]\nType=oneshot\n${client}\n`);
  write("units/lab.target", "[Unit]\nRequires=multi-user.target\nWants=network.service client.service\n");
  write(
    "units/service.d/said.conf",
    "[Service]\nStandardOutput=append:/lab/said\nStandardError=append:/lab/said\n",
  );
  write("client.mjs", CLIENT);
  write("config", CONFIG);
}

/** The commands of docs/operations.md that install the units, word for word. */
function installing(): string {
  const text = readFileSync(join(REPOSITORY, "docs/operations.md"), "utf8");
  const commands = /^ *cp \/opt\/flowmgr\/docker.*\n *systemctl enable .*$/m.exec(text)?.[0];
  if (!commands) throw new Error("docs/operations.md does not say how to install the units");
  return commands;
}

/** What the client saw. */
const toldSchema = z.object({
  status: z.object({ backend: z.string(), warnings: z.array(z.string()) }),
  put: z.object({ changed: z.boolean(), state: z.string() }),
  process: z.string(),
  verify: z.string(),
  boot: z.string(),
});

type Boot = z.output<typeof toldSchema> & {
  /** Links that were up, rules and ip rules, when the network was about to be set up. */
  atNetwork: string;
};

/** Starts the machine with this in /etc/default/flowmgr, and waits until it has ended. */
function boot(settings: string): Boot {
  const cgroup = join(CGROUPS ?? "", `flowmgr-test-${process.pid}`);
  mkdirSync(cgroup);
  const namespaces = "unshare --cgroup --pid --fork --kill-child --mount --net --uts --ipc";
  // It gets no more than systemd needs to be the first process of a container.
  const rights =
    "setpriv --bounding-set -sys_module,-sys_time,-sys_boot,-sys_rawio,-syslog,-mac_admin,-mac_override";
  const machine = `sh ${join(import.meta.dirname, "machine.sh")} ${dir}/lab ${dir}/data ${REPOSITORY}`;
  const outside = `echo $$ > ${cgroup}/cgroup.procs; exec ${rights} ${namespaces} ${machine} sh -ec "$0"`;
  const inside = [
    "mount -t tmpfs tmpfs /etc/systemd/system",
    `echo '${settings}' > /etc/default/flowmgr`,
    installing(),
    `exec env -i container=lab SYSTEMD_UNIT_PATH=/lab/units:/etc/systemd/system ${PID_1} --unit=lab.target --log-target=null`,
  ];
  const options = {
    env: { ...process.env, PIVOT: "yes" },
    timeout: 50_000,
    killSignal: "SIGKILL",
    stdio: "pipe",
  } as const;
  try {
    execFileSync("sh", ["-c", outside, inside.join("\n")], options);
    return { ...toldSchema.parse(JSON.parse(lab("told"))), atNetwork: lab("at-network") };
  } catch (error) {
    throw new Error(`the machine did not do its work: ${lab("said")}`, { cause: error });
  } finally {
    removeGroup(cgroup);
    for (const name of ["told", "at-network"]) rmSync(join(dir, "lab", name), { force: true });
  }
}

/** A control group is removed from its leaves. */
function removeGroup(cgroup: string): void {
  for (const entry of readdirSync(cgroup, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(join(cgroup, entry.name));
  }
  rmdirSync(cgroup);
}

/** Systemd is there, and a place for the groups of its processes. */
function canBoot(): boolean {
  const trial = join(CGROUPS ?? "/proc", `flowmgr-test-trial-${process.pid}`);
  try {
    mkdirSync(trial);
    rmdirSync(trial);
  } catch {
    return false;
  }
  return existsSync(PID_1);
}

describe.runIf(canBoot())("a machine with the units", () => {
  it("has a server that may change packet rules and nothing else", () => {
    writeMachine();
    const { status, put, process, verify, boot: result } = boot("FLOWMGR_YES=on");
    expect(verify).toBe("");
    // There was nothing to put in yet.
    expect(result).toBe("success");
    // Bits 12 and 13: CAP_NET_ADMIN, CAP_NET_RAW.
    expect(process).toMatch(/^CapEff:\t0000000000003000$/m);
    expect(process).toMatch(/^CapBnd:\t0000000000003000$/m);
    expect(process).toMatch(/^NoNewPrivs:\t1$/m);
    expect(process).toMatch(/^Seccomp:\t2$/m);
    // Configs are tried before they are applied, also so.
    expect(status.warnings).toEqual([]);
    expect(put).toMatchObject({ changed: true, state: "confirmed" });
  });

  it.each(["nft", "legacy"])("has its rules before the network is set up, %s", (backend) => {
    // Whoever agreed at the first start is not asked again.
    const { status, put, boot: result, atNetwork } = boot(`FLOWMGR_BACKEND=${backend}`);
    expect(result).toBe("success");
    expect(atNetwork).toMatch(/^lo .*\n(?!.*UP)/);
    expect(atNetwork.match(/^-A @ssh -i eth7 .*$/gm)).toHaveLength(1);
    // A long list is a set, which was there before.
    expect(atNetwork.match(/^-A @blocked -s 198.51.0.0\/17 -m set --match-set .*$/gm)).toHaveLength(1);
    expect(atNetwork).toContain("-A OUTPUT -m comment --comment flowmgr -j OUTFLOWS");
    expect(atNetwork).toMatch(/from all fwmark 0x100\/0xff00 lookup/);
    expect(status).toMatchObject({ backend });
    expect(put).toMatchObject({ changed: false });
  });
});
