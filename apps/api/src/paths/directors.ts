/** Directors, and whether a packet of theirs gets to a server: mark, ip rule, local route, IPVS service, servers. */
import type { Director, HealthLine } from "@flowmgr/flow-api";
import {
  delta,
  directorTable,
  type FamilyName,
  type Marks,
  markOf,
  type Program,
} from "@flowmgr/flow-compiler";
import { type Config, type Flow, flowsOf } from "@flowmgr/flow-model";
import type { IpvsService } from "@flowmgr/kernel";
import { sourceCheckLines } from "./source-check.ts";
import { count, FAMILIES, familiesOf, hex, ipRuleLines, isOn, PROTOCOL, some, type World } from "./world.ts";

/** Those of the draft in its order, then those that only the config in force names or somebody gave a mark. */
export function directors(world: World): Director[] {
  const { draft, running, program, next, markedByHand, markMask } = world;
  // Once for all: a director asks for its flows alone, of ten thousand.
  const drafted = flowsByDirector(draft);
  const inForce = flowsByDirector(running);
  const names = new Set([...drafted.keys(), ...inForce.keys(), ...markedByHand.keys()]);
  const broken = brokenChains(world);
  const indexIn = (marks: Marks | undefined | null, name: string) =>
    new Map(Object.entries(marks?.directors ?? {})).get(name) ?? null;
  const hexOf = (index: number | null) => (index === null ? null : hex(markOf(index, markMask)));
  return [...names].map((name): Director => {
    const index = indexIn(program?.marks, name);
    const nextMark = hexOf(indexIn(next, name));
    return {
      name,
      mark: hexOf(index),
      nextMark,
      byHand: markedByHand.has(name),
      usedBy: (drafted.get(name) ?? []).map((flow) => ({ flow: flow.name, on: isOn(flow) })),
      inForce: inForce.has(name),
      health:
        index === null
          ? [
              {
                what: "mark",
                state: "off",
                text: markToCome(markedByHand.get(name), drafted.has(name), nextMark),
              },
            ]
          : health(world, inForce.get(name) ?? [], { index, mark: markOf(index, markMask) }, broken),
    };
  });
}

/** The one of this name; undefined when neither draft nor running config name it and nobody gave it a mark. */
export function director(world: World, name: string): Director | undefined {
  return directors(world).find((one) => one.name === name);
}

/** In the order in which a config names them. */
function flowsByDirector(config: Config): ReadonlyMap<string, Flow[]> {
  const found = new Map<string, Flow[]>();
  for (const flow of flowsOf(config)) {
    if (flow.policy?.action !== "director") continue;
    const { director } = flow.policy;
    const known = found.get(director);
    if (known) known.push(flow);
    else found.set(director, [flow]);
  }
  return found;
}

/** Of a director that is not in force. `kept`: the mark that somebody has set; `drafted`: a flow of the draft names it. */
function markToCome(kept: number | undefined, drafted: boolean, nextMark: string | null): string {
  if (kept !== undefined && !drafted) {
    return `mark ${hex(kept)} is kept for it; no flow of the draft names it`;
  }
  return `gets ${nextMark ? `mark ${nextMark}` : "its mark"} at the next apply`;
}

type Marked = { index: number; mark: number };

/** `flows`: those in force that lead to it. */
function health(world: World, flows: Flow[], marked: Marked, broken: ReadonlySet<string>): HealthLine[] {
  const { mark } = marked;
  const families = familiesOf(world, mark);
  if (families.length === 0) {
    const text = `keeps mark ${hex(mark)}; no flow that is applied and on sends packets to it`;
    return [{ what: "mark", state: "off", text }];
  }
  return [
    markLine(flows.filter(isOn), mark, broken),
    ...ipRuleLines(world, mark),
    ...localRouteLines(world, directorTable(marked.index)),
    ...sourceCheckLines(world.reading.eaten.filter(({ table }) => table === directorTable(marked.index))),
    ...serviceLines(world, mark, families),
  ];
}

/** Chains that are missing or are not as they should be, and chains of the kernel that lack our jump to them. */
function brokenChains({ reading, program }: World): ReadonlySet<string> {
  if (program === null) return new Set();
  const change = delta(reading.state, program);
  return new Set(
    FAMILIES.flatMap((family) => {
      const hooks = new Set(reading.state[family]?.hooks.map(({ chain }) => chain));
      const unhooked = (program[family]?.hooks ?? []).flatMap(({ chain }) =>
        hooks.has(chain) ? [] : [chain],
      );
      const { added = [], changed = [] } = change[family] ?? {};
      return [...added, ...changed, ...unhooked];
    }),
  );
}

function markLine(flows: Flow[], mark: number, broken: ReadonlySet<string>): HealthLine {
  const what = "mark";
  const chains = ["PREROUTING", "FLOWS", ...flows.map((flow) => `@${flow.name}`)];
  const missed = wrong(chains, broken);
  if (missed) {
    return {
      what,
      state: "error",
      text: `${missed}, so packets miss mark ${hex(mark)}; repair puts it right`,
    };
  }
  const mixed = wrong(["INPUT", "DIRECTORS"], broken);
  if (mixed) {
    const text = `${mixed}, so IPVS, which compares the whole mark, misses packets in which others have set bits; repair puts it right`;
    return { what, state: "warning", text };
  }
  return { what, state: "ok", text: `packets of its flows get mark ${hex(mark)}` };
}

/** `chain @ssh is not as it should be`; null when all are. */
function wrong(chains: string[], broken: ReadonlySet<string>): string | null {
  const names = chains.filter((chain) => broken.has(chain));
  if (names.length === 0) return null;
  const [is, it] = names.length === 1 ? ["is", "it"] : ["are", "they"];
  return `chain ${some(names)} ${is} not as ${it} should be`;
}

/**
 * Packets are handed to IPVS only where they are routed as this machine's own. For an address of the machine they are
 * so anyway; for any other the director's table says it.
 */
function localRouteLines({ program, reading }: World, table: number): HealthLine[] {
  const own = new Set(reading.links.flatMap(({ addresses }) => addresses));
  return FAMILIES.flatMap((family): HealthLine[] => {
    const wanted = destinationsIn(program?.[family]?.routes ?? [], table);
    if (wanted.length === 0) return [];
    const found = new Set(destinationsIn(reading.state[family]?.routes ?? [], table));
    const missing = wanted.filter((destination) => !found.has(destination));
    const needed = missing.filter((destination) => !own.has(destination.replace(/\/(32|128)$/, "")));
    const what = "local route";
    const where = `in table ${table}`;
    const words = (names: string[], verb: [string, string]) =>
      `${PROTOCOL[family]}: ${some(names)} ${names.length === 1 ? verb[0] : verb[1]}`;
    if (missing.length === 0)
      return [{ what, state: "ok", text: `${words(wanted, ["is", "are"])} local ${where}` }];
    if (needed.length === 0) {
      const text = `${words(missing, ["is", "are"])} missing ${where}; packets arrive all the same, since this machine has the address`;
      return [{ what, state: "warning", text }];
    }
    const text = `${words(needed, ["is", "are"])} not local ${where}, so IPVS never sees the packets; repair puts it back`;
    return [{ what, state: "error", text }];
  });
}

function destinationsIn(routes: NonNullable<Program["ip6"]>["routes"], table: number): string[] {
  return routes.flatMap((route) => (route.table === table ? [route.destination] : []));
}

function serviceLines({ reading: { ipvs } }: World, mark: number, families: FamilyName[]): HealthLine[] {
  const what = "service";
  if ("absent" in ipvs)
    return [{ what, state: "unknown", text: `${ipvs.absent}, so its services are not known` }];
  const services = ipvs.services.filter((service) => service.mark === mark);
  const [first] = services;
  if (!first) {
    const text = `IPVS has no service for mark ${mark} (${hex(mark)}): ipvsadm -A -f ${mark} -s wlc`;
    return [{ what, state: "error", text }];
  }
  const found = `IPVS has ${count(services.length, "service")} for mark ${mark} (${hex(mark)}), scheduler ${first.scheduler}`;
  const lack = lackOf(services, families);
  const line: HealthLine =
    lack === null
      ? { what, state: "ok", text: found }
      : { what, state: "warning", text: `${found}${lack.why}: ${lack.how} -s wlc` };
  return [line, serversLine(services, mark)];
}

/** What of the two families has no service. The family of one without servers is not known. */
function lackOf(services: IpvsService[], families: FamilyName[]): { why: string; how: string } | null {
  const missing = families.filter((family) => !services.some((service) => service.family === family));
  const unknown = services.filter(({ family }) => family === null).length;
  const [family] = missing;
  if (family === undefined || missing.length <= unknown) return null;
  const [first] = services;
  const add = `ipvsadm -A -f ${first?.mark}`;
  if (missing.length > 1) return { why: "; IPv4 and IPv6 need one each", how: `${add} -6` };
  const has = families.filter((each) => each !== family).map((each) => `, for ${PROTOCOL[each]}`);
  const why = `${has.join("")}; ${PROTOCOL[family]} needs one of its own`;
  return { why, how: family === "ip6" ? `${add} -6` : add };
}

function serversLine(services: IpvsService[], mark: number): HealthLine {
  const what = "servers";
  const servers = services.flatMap((service) => service.servers);
  if (servers.length === 0) {
    const text = `the service has no servers: ipvsadm -a -f ${mark} -r ADDRESS -m`;
    return { what, state: "error", text };
  }
  const resting = servers.filter(({ weight }) => weight === 0);
  if (resting.length === servers.length) {
    return {
      what,
      state: "error",
      text: `all servers have weight 0, so none gets new connections: ${named(servers)}`,
    };
  }
  if (resting.length > 0) {
    const text = `${resting.length} of ${count(servers.length, "server")} get no new connections, weight 0: ${named(resting)}`;
    return { what, state: "warning", text };
  }
  return { what, state: "ok", text: `${count(servers.length, "server")}: ${named(servers)}` };
}

const named = (servers: IpvsService["servers"]): string =>
  some(
    servers.map(
      (server) => `${server.address} (${server.forward}${rewriting(server)}, weight ${server.weight})`,
    ),
  );

/** NAT to a server with a port: IPVS sends every port of the mark to this one. */
function rewriting({ address, forward }: IpvsService["servers"][number]): string {
  const port = /^(?:[\d.]+|\[.*\]):(\d+)$/.exec(address)?.[1];
  return forward === "Masq" && port !== undefined ? `, every port becomes ${port}` : "";
}
