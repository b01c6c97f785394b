/**
 * What one question of iptables costs a packet that it does not hold for: `node bench/packets-units.ts`
 *
 * The costs by which the compiler chooses what to ask (packages/flow-compiler/src/dispatch-cost.ts) are such. Many
 * rules in a row are measured beside the same chain without any; told are nanoseconds for one of them, the middle of the
 * rounds, and between what their half lies.
 */
import { machine } from "./machine.ts";
import { type Family, makeLine } from "./packet-line.ts";
import { type Backend, restoring } from "./packet-shapes.ts";
import { against, type Turns } from "./packet-turns.ts";

const turns: Turns = { seconds: 0.04, rounds: 9 };
const MANY = 64;

type Question = (at: number) => string;

const IPV4: Record<string, Question> = {
  "-d /32": (at) => `-d 10.1.${at}.7/32`,
  "-d /28": (at) => `-d 10.1.${at}.16/28`,
  "-d /24": (at) => `-d 10.1.${at}.0/24`,
  "-d /20": (at) => `-d 10.${at}.16.0/20`,
  "-d /16": (at) => `-d 10.${at}.0.0/16`,
  "-d /12": (at) => `-d ${10 + at}.16.0.0/12`,
  "-d /8": (at) => `-d ${10 + at}.0.0.0/8`,
  "-d /4": (at) => `-d ${16 * (at % 12)}.0.0.0/4`,
  "-d /32 -p udp, of another address": (at) => `-d 10.1.${at}.7/32 -p udp`,
  "-i": (at) => `-i eth${at}`,
  "-p": () => "-p tcp",
  "-p that holds, --dport": (at) => `-p udp -m udp --dport ${6000 + at}`,
  "-p that holds, multiport of three": (at) => `-p udp -m multiport --dports ${6000 + at},7000,8000`,
  "-m mark": (at) => `-m mark --mark ${1 + at}`,
  "nothing, an empty chain": () => "",
  "nothing, a goto to an empty chain": () => "-j GOTO",
};

const IPV6: Record<string, Question> = {
  "-d /128": (at) => `-d 2001:db8::1:${at + 1}/128`,
  "-d /64": (at) => `-d 2001:db8:1:${at + 1}::/64`,
  "-d /36": (at) => `-d 2001:db9:${((at % 16) * 0x1000).toString(16)}::/36`,
  "-d /32": (at) => `-d 2001:${at + 1}::/32`,
  "-p, with a type of ICMP": (at) => `-p ipv6-icmp -m icmp6 --icmpv6-type ${at}`,
};

async function measure(backend: Backend, family: Family, questions: Record<string, Question>): Promise<void> {
  const bare = await makeLine();
  const names = Object.keys(questions);
  const chains = [
    [],
    ...Object.values(questions).map((one) => Array.from({ length: MANY }, (_, at) => one(at))),
  ];
  const lines = [];
  for (const asked of chains) {
    const rules = asked
      .map((words) => `-A ASKED ${/-j /.test(words) ? words : `${words} -j EMPTY`}\n`)
      .join("");
    const text = `*mangle\n:ASKED - [0:0]\n:EMPTY - [0:0]\n:GOTO - [0:0]\n-A GOTO -g EMPTY\n-A PREROUTING -j ASKED\n${rules}COMMIT\n`;
    const line = await makeLine();
    lines.push(line);
    const { argv, stdin } = restoring(text, backend, family);
    await line.router(argv, stdin);
  }
  const to = family === 4 ? "203.0.113.1" : "2001:db8::9999";
  const [without, ...found] = await against(bare, lines, family, [to], turns);
  for (const [at, { added }] of found.entries()) {
    const each = (ns: number) => ((ns - (without?.added.middle ?? 0)) / MANY).toFixed(1);
    const { low, middle, high } = added;
    console.log(
      `| ${backend}, IPv${family} | ${names[at]} | ${each(middle)} | ${each(low)} .. ${each(high)} |`,
    );
  }
  for (const line of [bare, ...lines]) await line.remove();
}

console.log(machine("iptables", "perl"));
console.log("| | asked | ns | half of the rounds |\n| --- | --- | --- | --- |");
for (const backend of ["nft", "legacy"] as const) {
  await measure(backend, 4, IPV4);
  await measure(backend, 6, IPV6);
}
