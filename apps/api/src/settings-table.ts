/**
 * One table says all there is to say of each setting: `--help`, the reader and the error messages are made from it.
 */
import { isIP } from "node:net";
import { isAbsolute } from "node:path";
import { z } from "zod";

const onOff = z.enum(["on", "off"], { error: "write on or off" }).transform((word) => word === "on");
const oneOf = <const T extends [string, ...string[]]>(...words: T) =>
  z.enum(words, { error: `write ${words.join(" or ")}` });
const whole = (low: number, high: number, error: string) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { error })
    .transform(Number)
    .refine((value) => value >= low && value <= high, { error });

const LISTEN = "write ADDRESS:PORT, for example 127.0.0.1:8080 or [::1]:8080";

const listen = z.string().transform((text, context) => {
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2] ?? "";
  const port = Number(parts?.[3]);
  const good = parts?.[1] ? isIP(host) === 6 : isIP(host) === 4 || host === "localhost";
  if (good && port <= 65_535) return { host, port };
  context.addIssue({ code: "custom", message: LISTEN });
  return z.NEVER;
});

const MASK = "write 1 to 16 neighbouring bits of the packet mark, for example 0xff00";

const markMask = z
  .string()
  .regex(/^(0x[0-9a-f]{1,8}|\d{1,10})$/i, { error: MASK })
  .transform(Number)
  .refine(isContiguous, { error: MASK });

function isContiguous(mask: number): boolean {
  if (mask < 1 || mask > 0xffff_ffff) return false;
  const bits = mask.toString(2).replace(/0+$/, "");
  return !bits.includes("0") && bits.length <= 16;
}

const ADDRESSES = "write addresses or networks, for example 10.0.0.5 or 10.0.0.0/24";

const proxyAddress = z.string().refine((text) => isAddressOrNetwork(text), { error: ADDRESSES });

function isAddressOrNetwork(text: string): boolean {
  const [address = "", prefix, ...more] = text.split("/");
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return (
    more.length === 0 &&
    bits > 0 &&
    (prefix === undefined || (/^\d+$/.test(prefix) && Number(prefix) <= bits))
  );
}

const HOST = "write a host name without scheme and port, for example lb1.example.org";
const hostName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, { error: HOST })
  .toLowerCase();

const path = z.string().refine(isAbsolute, { error: "write an absolute path" });

/** The settings as they are written: text by flag name. Lists may be given several times or with commas. */
export const written = z.object({
  listen,
  data: path,
  target: oneOf("namespace", "host"),
  namespace: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
    error: "write 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first",
  }),
  ipv6: onOff,
  "mark-mask": markMask,
  jump: oneOf("first", "last"),
  loopback: oneOf("spare", "judge"),
  neighbours: oneOf("spare", "judge"),
  defragment: oneOf("on", "off"),
  "confirm-within": whole(0, 86_400, "write seconds, 0 to 86400"),
  "drift-every": whole(1, 3600, "write seconds, 1 to 3600"),
  "drift-repair": onOff,
  backend: oneOf("auto", "nft", "legacy"),
  "tls-cert": path.optional(),
  "tls-key": path.optional(),
  "behind-proxy": z.array(proxyAddress),
  "allow-host": z.array(hostName),
  "insecure-http": onOff,
  yes: onOff,
});

export type Name = keyof z.input<typeof written>;

type Entry = {
  /** What stands for the value in `--help`; "" for a switch. */
  value: string;
  default?: string;
  /** What it does, and why the default is what it is. */
  help: string;
  list?: true;
};

export const TABLE: Record<Name, Entry> = {
  listen: {
    value: "ADDRESS:PORT",
    default: "127.0.0.1:8080",
    help: "where to listen. Loopback: who may change packet rules reaches it by ssh -L or a proxy.",
  },
  data: {
    value: "DIR",
    default: "/var/lib/flowmgr",
    help: "draft, history, sessions and the admin token. Never the checkout: an update must not touch it.",
  },
  target: {
    value: "namespace|host",
    default: "namespace",
    help: "where rules go. A private network namespace: nobody cuts himself off by trying it out.",
  },
  namespace: {
    value: "NAME",
    default: "flowmgr",
    help: "the network namespace; made with a small world around it when it is missing.",
  },
  ipv6: {
    value: "on|off",
    default: "on",
    help: "IPv6 rules too. On: a deny that IPv6 walks around is none.",
  },
  "mark-mask": {
    value: "MASK",
    default: "0xff00",
    help: "bits of the packet mark that are ours: 255 directors and tables; the low byte stays free for others.",
  },
  jump: {
    value: "first|last",
    default: "first",
    help: "place of our jump in PREROUTING. First: no foreign rule decides before the flows do.",
  },
  loopback: {
    value: "spare|judge",
    default: "spare",
    help: "what goes by lo. Spared unless a rule names lo, so that a deny of everything keeps the machine alive.",
  },
  neighbours: {
    value: "spare|judge",
    default: "spare",
    help: "IPv6 neighbour discovery. Spared unless a rule names icmp6: without it there is no IPv6 at all.",
  },
  defragment: {
    value: "on|off",
    default: "on",
    help: "put datagrams together before flows judge ports and ICMP types. On: the tail of a denied one would pass.",
  },
  "confirm-within": {
    value: "SECONDS",
    default: "60",
    help: "how long an apply waits to be confirmed: time to open a new ssh session, short enough to sit out. 0: never.",
  },
  "drift-every": {
    value: "SECONDS",
    default: "5",
    help: "how often the kernel is compared with what it should hold; less often where that would cost over 5 % of a core.",
  },
  "drift-repair": {
    value: "on|off",
    default: "off",
    help: "put drift right without being asked. Off: who changes rules by hand in an emergency keeps them.",
  },
  backend: {
    value: "auto|nft|legacy",
    default: "auto",
    help: "which iptables. Auto takes the one in use, so that all rules stand in one place.",
  },
  "tls-cert": {
    value: "FILE",
    help: "certificate chain (PEM). None: plain HTTP, which loopback does not need more than.",
  },
  "tls-key": { value: "FILE", help: "private key (PEM) of --tls-cert." },
  "behind-proxy": {
    value: "ADDRESSES",
    list: true,
    help: "proxies whose X-Forwarded-* headers count. None: anybody can write such a header.",
  },
  "allow-host": {
    value: "NAMES",
    list: true,
    help: "more names that a Host header may carry. None: a foreign name that leads here is an attack on a browser.",
  },
  "insecure-http": {
    value: "",
    help: "plain HTTP beyond loopback. Off: whoever listens on the wire reads the session.",
  },
  yes: {
    value: "",
    help: "do not ask before rules go to the host. Off: the first start with --target host asks, once.",
  },
};

export const NAMES = Object.keys(TABLE).filter((name): name is Name => name in TABLE);

/** The text of `--help` for the settings, one by one, with defaults. */
export function settingsHelp(): string {
  const lines = NAMES.map((name) => {
    const entry = TABLE[name];
    const flag = `--${name}${entry.value === "" ? "" : ` ${entry.value}`}`;
    const fallback = entry.default ? ` [default: ${entry.default}]` : "";
    return `  ${flag}\n      ${entry.help}${fallback}`;
  });
  return [
    ...lines,
    "  --config FILE",
    '      a JSON file of settings by these names: {"listen": "127.0.0.1:9090", "allow-host": ["lb1"]}.',
    "",
    "Each can be set as an environment variable too: --mark-mask is FLOWMGR_MARK_MASK (switches: on or off).",
    "A flag goes before the environment, the environment before the file.",
  ].join("\n");
}
