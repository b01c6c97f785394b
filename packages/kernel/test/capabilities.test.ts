/** What a machine without some of the tools is told, and which back end is taken. */
import { describe, expect, test } from "vitest";
import { openKernel } from "../src/index.ts";
import { BACKENDS, type Lab, makeLab, program, wrappers } from "./lab.ts";

const TEXT = "flow ssh permit match proto tcp dstport 22";

describe.each(BACKENDS)("%s", (backend) => {
  test("without ip6tables flows judge IPv4, and that is said; with it again IPv6 too", async () => {
    const tools = wrappers();
    for (const name of ["ip6tables", `ip6tables-${backend}`]) tools.wrap(name, "exit 127");
    const lab = await makeLab(backend);
    expect(lab.kernel.facts).toMatchObject({ backend, ip6tables: null });
    await lab.kernel.apply(program(TEXT, { ipv6: false }));
    const { state, warnings } = await lab.kernel.read();
    expect(state.ip.chains.map(({ name }) => name)).toContain("@ssh");
    expect(state.ip6).toBe(null);
    expect(warnings).toEqual([
      expect.stringMatching(
        `^this machine has no ip6tables for the ${backend} back end, so IPv6 packets pass`,
      ),
    ]);

    for (const name of ["ip6tables", `ip6tables-${backend}`]) tools.wrap(name, "");
    const again = await lab.reopen();
    await again.apply(program(TEXT));
    expect((await again.read()).state.ip6?.chains.map(({ name }) => name)).toContain("@ssh");
    expect((await again.read()).warnings).toEqual([]);
  });

  test("IPv6 off takes out what stood there; that packets get past flows by it is said", async () => {
    const lab = await makeLab(backend);
    const director = `${TEXT}\nflow mail director d match dst { 10.1.1.1, fd01::1 } proto tcp`;
    await lab.kernel.apply(program(director));
    const ipv6 = async () => [
      await lab.ns.must([`${lab.ip6tables}-save`, "-t", "mangle"]),
      await lab.ns.must(["ip", "-6", "rule"]),
      await lab.ns.must(["ip", "-6", "route", "show", "table", "all"]),
    ];
    expect((await ipv6()).map((text) => /FLOWS|proto 70|local fd01::1/.test(text))).toEqual([
      true,
      true,
      true,
    ]);
    const open = (on: boolean) =>
      openKernel({
        target: { kind: "namespace", name: lab.ns.name },
        backend,
        ipv6: on,
        dataDir: lab.dataDir,
      });
    const off = await open(false);
    await off.apply(program(director, { ipv6: false }));
    expect((await ipv6()).map((text) => /FLOWS|proto 70|local fd01::1/.test(text))).toEqual([
      false,
      false,
      false,
    ]);
    expect((await off.read()).warnings).toEqual([]);

    await lab.ns.wire("eth0", ["192.168.0.1/24", "fd00::1/64"]);
    expect((await off.read()).warnings).toEqual([
      expect.stringMatching("^IPv6 is not judged \\(--ipv6 off\\), but this machine has the IPv6 address"),
    ]);
    const on = await open(true);
    await on.apply(program(director));
    expect((await ipv6()).map((text) => /FLOWS|proto 70|local fd01::1/.test(text))).toEqual([
      true,
      true,
      true,
    ]);
    expect((await on.read()).warnings).toEqual([]);
  });
});

test("tables of legacy that no tool here can look into are told", async () => {
  const tools = wrappers();
  for (const name of ["iptables-legacy", "ip6tables-legacy"]) tools.wrap(name, "exit 127");
  const lab = await makeLab("nft");
  expect((await lab.kernel.read()).warnings).toEqual([]);
  await lab.ns.must(["iptables-legacy-save", "-t", "filter"]);
  expect((await lab.kernel.read()).warnings).toEqual([
    expect.stringMatching("^the kernel has tables of the legacy back end of iptables \\(filter\\)"),
  ]);
});

test("a tool of the other back end that is killed each time: what stands there is told as not known", async () => {
  const lab = await makeLab("nft");
  await lab.kernel.apply(program(TEXT));
  await lab.ns.must(["iptables-legacy", "-w", "5", "-A", "INPUT", "-j", "ACCEPT"]);
  wrappers().wrap("iptables-legacy-save", "kill -9 $$");
  const { warnings, state } = await lab.kernel.read();
  expect(state.ip.hooks).not.toEqual([]);
  expect(warnings).toEqual([
    expect.stringMatching("^what stands in the legacy back end of iptables is not known: .* was killed$"),
  ]);
});

/** For a wrapper: its first call fails. */
const FAILS_ONCE = '[ -e "$0.failed" ] || { touch "$0.failed"; exit 1; }';

describe("the back end that auto takes", () => {
  const auto = ({ ns, dataDir }: Lab) =>
    openKernel({ target: { kind: "namespace", name: ns.name }, backend: "auto", ipv6: true, dataDir });
  const chosen = async (lab: Lab) => (await auto(lab)).facts.backend;
  const add = ({ ns }: Lab, backend: string) =>
    ns.must([`iptables-${backend}`, "-w", "5", "-A", "INPUT", "-p", "tcp", "-j", "ACCEPT"]);

  test("is that of the command iptables where no rules tell, and where rules of others stand in both", async () => {
    const lab = await makeLab("nft");
    const tools = wrappers();
    for (const backend of BACKENDS) {
      tools.wrap("iptables", `exec iptables-${backend} "$@"`);
      expect(await chosen(lab)).toBe(backend);
    }
    for (const backend of BACKENDS) await add(lab, backend);
    for (const backend of BACKENDS) {
      tools.wrap("iptables", `exec iptables-${backend} "$@"`);
      const kernel = await auto(lab);
      expect(kernel.facts.backend).toBe(backend);
      expect((await kernel.read()).warnings).toEqual([
        expect.stringMatching(`flows use ${backend}, as the command iptables does`),
      ]);
    }
  });

  test.each(BACKENDS)("is %s where rules stand there only", async (backend) => {
    const lab = await makeLab(backend);
    await add(lab, backend);
    expect(await chosen(lab)).toBe(backend);
  });

  test.each(BACKENDS)(
    "stays %s where flows stand there, whatever others have in the other one",
    async (backend) => {
      const lab = await makeLab(backend);
      await lab.kernel.apply(program(TEXT));
      await add(lab, backend === "nft" ? "legacy" : "nft");
      const kernel = await auto(lab);
      expect(kernel.facts.backend).toBe(backend);
      expect(await kernel.apply(program(TEXT))).toMatchObject({ changed: false });
      expect((await kernel.read()).warnings).toEqual([
        expect.stringMatching(
          `^others have 1 rule or chain in .*; flows use ${backend}, where theirs stood already`,
        ),
      ]);
    },
  );

  test("is not decided by a tool that fails for a moment", async () => {
    const lab = await makeLab("nft");
    const tools = wrappers();
    tools.wrap("iptables", 'exec iptables-nft "$@"');
    tools.wrap("iptables-nft-restore", FAILS_ONCE);
    expect((await auto(lab)).facts).toMatchObject({ backend: "nft", defragment: true });
    await lab.kernel.apply(program(TEXT));
    for (const name of ["iptables-nft", "iptables-nft-save", "ip6tables-nft"]) {
      tools.wrap(name, FAILS_ONCE);
      expect((await auto(lab)).facts).toMatchObject({ backend: "nft", ip6tables: expect.any(String) });
    }
  });

  test("is not decided at all by a tool that is killed each time", async () => {
    const lab = await makeLab("nft");
    const tools = wrappers();
    tools.wrap("iptables-nft-restore", "kill -9 $$");
    await expect(auto(lab)).rejects.toThrow(/iptables-nft-restore .*: was killed$/);
  });
});
