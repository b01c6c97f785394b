/**
 * Settings: flags, then environment, then a settings file, then the default. One table says all there is to say of
 * each; `--help`, the reader and the error messages are made from it.
 */
import { BlockList, isIP } from "node:net";
import { isAbsolute } from "node:path";
import { parseArgs } from "node:util";
import type { CompileOptions } from "@flowmgr/flow-compiler";
import { z } from "zod";

/** Why the settings are wrong, every one of them, in the words of the place where it was written. */
export class SettingsError extends Error {
	override name = "SettingsError";
}

const onOff = z
	.enum(["on", "off"], { error: "write on or off" })
	.transform((word) => word === "on");
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
	const good = parts?.[1]
		? isIP(host) === 6
		: isIP(host) === 4 || host === "localhost";
	if (good && port <= 65_535) return { host, port };
	context.addIssue({ code: "custom", message: LISTEN });
	return z.NEVER;
});

const MASK =
	"write 1 to 16 neighbouring bits of the packet mark, for example 0xff00";

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

const ADDRESSES =
	"write addresses or networks, for example 10.0.0.5 or 10.0.0.0/24";

const proxyAddress = z
	.string()
	.refine((text) => isAddressOrNetwork(text), { error: ADDRESSES });

function isAddressOrNetwork(text: string): boolean {
	const [address = "", prefix, ...more] = text.split("/");
	const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
	return (
		more.length === 0 &&
		bits > 0 &&
		(prefix === undefined || (/^\d+$/.test(prefix) && Number(prefix) <= bits))
	);
}

const HOST =
	"write a host name without scheme and port, for example lb1.example.org";
const hostName = z
	.string()
	.regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, { error: HOST })
	.toLowerCase();

const path = z.string().refine(isAbsolute, { error: "write an absolute path" });

/** The settings as they are written: text by flag name. Lists may be given several times or with commas. */
const written = z.object({
	listen,
	data: path,
	target: oneOf("namespace", "host"),
	namespace: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
		error:
			"write 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first",
	}),
	ipv6: onOff,
	"mark-mask": markMask,
	jump: oneOf("first", "last"),
	loopback: oneOf("spare", "judge"),
	neighbours: oneOf("spare", "judge"),
	"confirm-within": whole(0, 86_400, "write seconds, 0 to 86400"),
	backend: oneOf("auto", "nft", "legacy"),
	"tls-cert": path.optional(),
	"tls-key": path.optional(),
	"behind-proxy": z.array(proxyAddress),
	"allow-host": z.array(hostName),
	"insecure-http": onOff,
	yes: onOff,
});

type Name = keyof z.input<typeof written>;

type Entry = {
	/** What stands for the value in `--help`; "" for a switch. */
	value: string;
	default?: string;
	/** What it does, and why the default is what it is. */
	help: string;
	list?: true;
};

const TABLE: Record<Name, Entry> = {
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
	"confirm-within": {
		value: "SECONDS",
		default: "60",
		help: "how long an apply waits to be confirmed: time to open a new ssh session, short enough to sit out. 0: never.",
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
		help: "do not ask before rules go to the host. Off: --target host asks once at the start.",
	},
};

const NAMES = Object.keys(TABLE).filter((name): name is Name => name in TABLE);

export type Settings = {
	listen: { host: string; port: number };
	data: string;
	target: { kind: "namespace"; name: string } | { kind: "host" };
	ipv6: boolean;
	markMask: number;
	jump: "first" | "last";
	loopback: "spare" | "judge";
	neighbours: "spare" | "judge";
	/** Default seconds of the confirm timer; 0 = at once for good. */
	confirmWithin: number;
	backend: "auto" | "nft" | "legacy";
	/** Paths of the PEM files; null = plain HTTP. */
	tls: { cert: string; key: string } | null;
	behindProxy: string[];
	allowHost: string[];
	insecureHttp: boolean;
	yes: boolean;
};

/** The settings that the compiler needs to know. */
export function compileOptions(settings: Settings): CompileOptions {
	const { ipv6, markMask, loopback, neighbours, jump } = settings;
	return { ipv6, markMask, loopback, neighbours, jump };
}

type Source = { where: string; value: string | string[] };

export type SettingsInput = {
	argv: string[];
	env: Record<string, string | undefined>;
	readFile: (path: string) => string;
};

/**
 * Reads the settings of the three sources. Throws SettingsError with every setting that is wrong, by the name it
 * was written with, and what would be right. `warnings` are sentences about what was not understood but may belong
 * to others (an unknown FLOWMGR_ variable).
 */
export function readSettings(input: SettingsInput): {
	settings: Settings;
	warnings: string[];
} {
	const flags = readFlags(input.argv);
	const file = flags.config ?? input.env.FLOWMGR_CONFIG;
	const sources = [
		flags.found,
		readEnvironment(input.env),
		file ? readSettingsFile(file, input.readFile) : new Map(),
	];
	const found = new Map<Name, Source>();
	for (const source of sources) {
		for (const [name, value] of source)
			if (!found.has(name)) found.set(name, value);
	}
	return { settings: settle(found), warnings: unknownVariables(input.env) };
}

function readFlags(argv: string[]): {
	config: string | undefined;
	found: Map<Name, Source>;
} {
	const options = Object.fromEntries(
		NAMES.map((name) => [
			name,
			{
				type:
					TABLE[name].value === "" ? ("boolean" as const) : ("string" as const),
				multiple: TABLE[name].list ?? false,
			},
		]),
	);
	let values: Record<
		string,
		string | boolean | (string | boolean)[] | undefined
	>;
	try {
		({ values } = parseArgs({
			args: argv,
			options: { ...options, config: { type: "string" } },
			strict: true,
		}));
	} catch (error) {
		const text = error instanceof Error ? error.message : String(error);
		const flag = /'(--?[^' ]+)/.exec(text)?.[1];
		const unknown = /^Unknown option/.test(text) && flag;
		throw new SettingsError(
			unknown
				? `${flag} is not a setting; ${suggestion(flag.replace(/^-+/, ""), "--")}`
				: text,
		);
	}
	const found = new Map<Name, Source>();
	for (const name of NAMES) {
		const value = values[name];
		if (value !== undefined)
			found.set(name, { where: `--${name}`, value: asWritten(value) });
	}
	return {
		config: typeof values.config === "string" ? values.config : undefined,
		found,
	};
}

const variable = (name: string) =>
	`FLOWMGR_${name.toUpperCase().replaceAll("-", "_")}`;

function readEnvironment(env: SettingsInput["env"]): Map<Name, Source> {
	const found = new Map<Name, Source>();
	for (const name of NAMES) {
		const value = env[variable(name)];
		if (value !== undefined) found.set(name, { where: variable(name), value });
	}
	return found;
}

/** Unknown variables only warn: Docker and Kubernetes set FLOWMGR_PORT and the like for a service of that name. */
function unknownVariables(env: SettingsInput["env"]): string[] {
	const known = new Set(["FLOWMGR_CONFIG", ...NAMES.map(variable)]);
	return Object.keys(env)
		.filter((name) => name.startsWith("FLOWMGR_") && !known.has(name))
		.map((name) => `${name} is not a setting and is ignored`);
}

function readSettingsFile(
	file: string,
	readFile: SettingsInput["readFile"],
): Map<Name, Source> {
	let content: unknown;
	try {
		content = JSON.parse(readFile(file));
	} catch (error) {
		throw new SettingsError(
			`--config ${file}: ${error instanceof Error ? error.message : String(error)}`,
		);
	}
	const scalar = z.union([z.string(), z.number(), z.boolean()]);
	const read = z
		.record(z.string(), z.union([scalar, z.array(scalar)]))
		.safeParse(content);
	if (!read.success) {
		throw new SettingsError(
			`${file}: write one JSON object of settings, for example {"listen": "127.0.0.1:9090"}`,
		);
	}
	const found = new Map<Name, Source>();
	for (const [key, value] of Object.entries(read.data)) {
		const name = NAMES.find((known) => known === key);
		if (!name)
			throw new SettingsError(
				`${file}: "${key}" is not a setting; ${suggestion(key, "")}`,
			);
		found.set(name, { where: `"${key}" in ${file}`, value: asWritten(value) });
	}
	return found;
}

type Scalar = string | number | boolean;

function asWritten(value: Scalar | Scalar[]): string | string[] {
	if (Array.isArray(value)) return value.map((one) => String(one));
	if (typeof value === "boolean") return value ? "on" : "off";
	return String(value);
}

function settle(found: Map<Name, Source>): Settings {
	const problems: string[] = [];
	const texts = Object.fromEntries(
		NAMES.map((name) => [name, textOf(name, found.get(name)?.value)]),
	);
	const parsed = written.safeParse(texts);
	for (const issue of parsed.error?.issues ?? []) {
		const name = NAMES.find((known) => known === issue.path[0]);
		if (!name) continue;
		const { where, value } = found.get(name) ?? {
			where: `--${name}`,
			value: "",
		};
		const wrong = Array.isArray(value) ? value.join(",") : value;
		problems.push(`${where}: '${wrong}' is not right; ${issue.message}`);
	}
	if (!parsed.success) throw new SettingsError(problems.join("\n"));
	const settings = shape(parsed.data);
	return settings;
}

function textOf(
	name: Name,
	value: string | string[] | undefined,
): string | string[] | undefined {
	const entry = TABLE[name];
	if (!entry.list)
		return value ?? entry.default ?? (entry.value === "" ? "off" : undefined);
	const list =
		value === undefined ? [] : Array.isArray(value) ? value : [value];
	return list.flatMap((part) =>
		part
			.split(",")
			.map((one) => one.trim())
			.filter((one) => one !== ""),
	);
}

function shape(values: z.output<typeof written>): Settings {
	const cert = values["tls-cert"];
	const key = values["tls-key"];
	if ((cert === undefined) !== (key === undefined)) {
		throw new SettingsError(
			`--tls-${cert ? "key" : "cert"} is missing: give --tls-cert and --tls-key together`,
		);
	}
	const settings: Settings = {
		listen: values.listen,
		data: values.data,
		target:
			values.target === "host"
				? { kind: "host" }
				: { kind: "namespace", name: values.namespace },
		ipv6: values.ipv6,
		markMask: values["mark-mask"],
		jump: values.jump,
		loopback: values.loopback,
		neighbours: values.neighbours,
		confirmWithin: values["confirm-within"],
		backend: values.backend,
		tls: cert && key ? { cert, key } : null,
		behindProxy: values["behind-proxy"],
		allowHost: values["allow-host"],
		insecureHttp: values["insecure-http"],
		yes: values.yes,
	};
	const open = !isLoopback(settings.listen.host);
	if (
		open &&
		!settings.tls &&
		settings.behindProxy.length === 0 &&
		!settings.insecureHttp
	) {
		throw new SettingsError(
			`--listen: ${settings.listen.host} is not loopback, so passwords would cross the network in clear; ` +
				"give --tls-cert and --tls-key, or --behind-proxy ADDRESSES, or, knowing that, --insecure-http",
		);
	}
	return settings;
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** `localhost` or an address that never leaves the machine. */
export function isLoopback(host: string): boolean {
	if (host === "localhost") return true;
	const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host)?.[1] ?? host;
	const family = isIP(mapped);
	return family !== 0 && loopback.check(mapped, family === 4 ? "ipv4" : "ipv6");
}

/** The settings that lie nearest to a misspelt one. */
function suggestion(wrong: string, dashes: string): string {
	const near =
		NAMES.find((name) => distance(wrong, name) <= 2) ??
		NAMES.find((name) => name.startsWith(wrong));
	return near ? `did you mean ${dashes}${near}?` : "--help lists them all";
}

/** Levenshtein's, over one row. */
function distance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
		}
		row = next;
	}
	return row[b.length] ?? 0;
}

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
