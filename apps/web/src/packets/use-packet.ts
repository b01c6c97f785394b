import { type Packet, printPacket } from "@flowmgr/flow-model";
import { useEffect, useMemo, useRef } from "react";
import { useLocation, useSearch } from "wouter";
import { useStatus, useStore } from "../api/index.ts";
import { testAddress } from "../ui/packet-link.ts";
import { createStore } from "../ui/store.ts";
import { tested } from "./recent.ts";
import { noPacket, type ReadPacket, readPacket, type TypedPacket, typedLine } from "./typed-packet.ts";

/** What is being typed; it stays while one looks at another place. */
const typing = createStore<TypedPacket | null>(null);

/** Milliseconds for which a packet has to stand before the address says it, and before it is remembered. */
const STANDS_MS = 300;
const REMEMBERED_MS = 1_500;

/** The packet at work: named by the address (`?packet=LINE`), typed, or none yet. */
export function usePacket(): {
  typed: TypedPacket;
  read: ReadPacket;
  set: (next: TypedPacket) => void;
  /** What stands on the line now; nothing there begins anew. */
  type: (line: string) => void;
} {
  const interfaces = useStatus().data?.interfaces;
  const first = interfaces?.find((name) => name !== "lo") ?? "";
  const typed = useStore(typing) ?? noPacket(first);
  const read = useMemo(() => readPacket(typed.form), [typed.form]);
  useAddress(typed.stray === null ? read.packet : null);
  return {
    typed,
    read,
    set: typing.set,
    type: (line) => typing.set(line.trim() === "" ? null : typedLine(line)),
  };
}

/** The address follows the packet, and the packet an address that somebody opened. */
function useAddress(packet: Packet | null): void {
  const [, go] = useLocation();
  const named = new URLSearchParams(useSearch()).get("packet");
  const said = useRef<string | null>(null);
  useEffect(() => {
    if (named === null || named === said.current) return;
    said.current = named;
    typing.set(typedLine(named));
  }, [named]);
  const line = packet && printPacket(packet);
  useEffect(() => {
    if (line === null) return;
    const say = setTimeout(() => {
      if (line === said.current) return;
      said.current = line;
      go(testAddress(line), { replace: true });
    }, STANDS_MS);
    const remember = setTimeout(() => tested(line), REMEMBERED_MS);
    return () => {
      clearTimeout(say);
      clearTimeout(remember);
    };
  }, [line, go]);
}
