/** Files of the machine that say how its network is set, as the namespace of the target sees them. Only read. */
import { Refusal } from "./errors.ts";
import { complaint } from "./run.ts";
import type { Written } from "./source-check.ts";
import type { Target } from "./target.ts";

export type Settings = {
  /** Names of routing tables. */
  tables: { [name: string]: number };
  /** The checks of sources, by interface; empty where the kernel does not tell. */
  checks: Written;
};

/** Where iproute2 looks for the names of routing tables; later ones win. */
const TABLES = ["/usr/share/iproute2", "/usr/lib/iproute2", "/etc/iproute2"].flatMap((directory) => [
  `${directory}/rt_tables`,
  `${directory}/rt_tables.d`,
]);

const CHECKS = "/proc/sys/net/ipv4/conf";

/** One process reads them all. A file that is not there is no error; throws Refusal when the process does not end. */
export async function settingsOf(target: Target, interfaces: readonly string[]): Promise<Settings> {
  const checks = ["all", ...interfaces].flatMap((name) => [
    `${CHECKS}/${name}/rp_filter`,
    `${CHECKS}/${name}/src_valid_mark`,
  ]);
  const ran = await target.run(["grep", "-rsH", "", ...TABLES, ...checks]);
  if (ran.failure !== null) throw new Refusal(complaint(ran), null, null, complaint(ran));
  const lines = ran.stdout.split("\n").flatMap((line) => {
    const [, path, text] = /^(\/[^:]*):(.*)$/.exec(line) ?? [];
    return path === undefined || text === undefined ? [] : [{ path, text }];
  });
  return { tables: tableNames(lines), checks: checksOf(lines) };
}

type Line = { path: string; text: string };

/** iproute2 takes only files called `.conf` from the directories. */
function tableNames(lines: readonly Line[]): Settings["tables"] {
  const names: Settings["tables"] = {};
  for (const { path, text } of lines) {
    if (!/\/rt_tables(\.d\/[^/]+\.conf)?$/.test(path)) continue;
    const [, number, name] = /^\s*(0x[0-9a-f]+|\d+)\s+([^\s#]+)/i.exec(text) ?? [];
    if (number !== undefined && name !== undefined) names[name] = Number(number);
  }
  return names;
}

function checksOf(lines: readonly Line[]): Written {
  const checks = new Map<string, { rp_filter: number; src_valid_mark: number }>();
  for (const { path, text } of lines) {
    if (!path.startsWith(CHECKS)) continue;
    const [iface = "", setting = ""] = path.slice(CHECKS.length + 1).split("/");
    const found = checks.get(iface) ?? { rp_filter: 0, src_valid_mark: 0 };
    checks.set(iface, { ...found, [setting]: Number(text) });
  }
  return checks;
}
