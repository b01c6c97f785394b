/** Tools that fail at a step: real wrappers in PATH. Whatever happens, the old rules are back, and that is read back. */
import { describe, expect, test } from "vitest";
import { KernelError } from "../src/index.ts";
import { BACKENDS, everything, type Lab, makeLab, program, wrappers } from "./lab.ts";

const OLD = `flow ssh permit match proto tcp dstport 22
flow mail director d match proto tcp dst 10.1.1.1 match proto tcp dst fd01::1`;
const NEW = `flow dns permit match proto udp dstport 53
flow mail director d match proto tcp dst 10.1.1.2 match proto tcp dst fd01::2
flow web table 77 match proto tcp dstport 80`;

/** The shell condition of a wrapper of `ip` that picks the batch with such a line, and keeps it for the real one. */
const batchWith = (family: string, line: string, then: string) => `
if [ "$1 $3" = "${family} -" ] && [ "$2" = "-batch" ]; then
  input=$(cat)
  case "$input" in *"${line}"*) ${then};; esac
  printf '%s\\n' "$input" | /usr/bin/env PATH=/usr/sbin:/sbin:/usr/bin:/bin ip "$@"
  exit $?
fi`;

const SAY = 'echo "out of luck" >&2; exit 1';

type Fault = [string, (lab: Lab) => [command: string, body: string]];

const FAULTS: Fault[] = [
  ["a route of the first family", () => ["ip", batchWith("-4", "route add", SAY)]],
  ["an ip rule of the first family", () => ["ip", batchWith("-4", "rule add", SAY)]],
  ["a route of the second family", () => ["ip", batchWith("-6", "route add", SAY)]],
  ["the restore of the first family", (lab) => [`${lab.iptables}-restore`, SAY]],
  ["the restore of the second family", (lab) => [`${lab.ip6tables}-restore`, SAY]],
  [
    "a restore that says yes and does nothing",
    (lab) => [`${lab.ip6tables}-restore`, "cat > /dev/null; exit 0"],
  ],
  ["a restore that is killed", (lab) => [`${lab.ip6tables}-restore`, "kill -9 $$"]],
];

describe.each(BACKENDS)("%s", (backend) => {
  test.each(FAULTS)("%s fails", async (_, fault) => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(OLD));
    const before = await everything(lab);
    const tools = wrappers();
    tools.wrap(...fault(lab));
    const error = await lab.kernel.apply(program(NEW)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(KernelError);
    expect(error).toMatchObject({ oldRulesInForce: true, source: null });
    expect(String(error)).toContain("the old rules are in force");
    expect(await everything(lab)).toBe(before);
  });

  test("deleting what is left over fails, once: the old rules are back", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(OLD));
    const before = await everything(lab);
    const tools = wrappers();
    const once = `${lab.dataDir}/failed`;
    tools.wrap("ip", batchWith("-4", "route delete", `if [ ! -e ${once} ]; then touch ${once}; ${SAY}; fi`));
    const error = await lab.kernel.apply(program(NEW)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ oldRulesInForce: true, said: expect.stringContaining("out of luck") });
    expect(await everything(lab)).toBe(before);
  });

  test("when there is no way back either, that is said, and the next apply puts it right", async () => {
    const lab = await makeLab(backend);
    await lab.kernel.apply(program(OLD));
    const tools = wrappers();
    const once = `${lab.dataDir}/worked`;
    // The first restore of IPv4 works, its way back does not; the one of IPv6 never does.
    tools.wrap(`${lab.iptables}-restore`, `if [ -e ${once} ]; then ${SAY}; fi; touch ${once}`);
    tools.wrap(`${lab.ip6tables}-restore`, SAY);
    const error = await lab.kernel.apply(program(NEW)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ oldRulesInForce: false });
    expect(String(error)).toContain("going back failed too");
    tools.wrap(`${lab.iptables}-restore`, "");
    tools.wrap(`${lab.ip6tables}-restore`, "");
    const fresh = await makeLab(backend);
    await fresh.kernel.apply(program(OLD));
    await (await lab.reopen()).apply(program(OLD));
    expect(await everything(lab)).toBe(await everything(fresh));
  });
});
