/** Puts the running revision back into the kernel, and keeps what came of it. */
import { useState } from "react";
import { get, keys, queryClient, useOnline, useStatus } from "../api/index.ts";
import { repairBlocked } from "./repair.ts";

export type Repaired =
  | { kind: "done"; changed: boolean; revision: number | null }
  | { kind: "refused"; message: string };

export function useRepair() {
  const status = useStatus().data;
  const online = useOnline();
  const [running, setRunning] = useState(false);
  const [repaired, setRepaired] = useState<Repaired | null>(null);
  async function repair(): Promise<void> {
    setRunning(true);
    setRepaired(null);
    try {
      const answer = await get<{ changed: boolean; revision: number | null }>("/kernel/repair", {
        method: "POST",
      });
      setRepaired({ kind: "done", ...answer });
    } catch (error) {
      setRepaired({ kind: "refused", message: error instanceof Error ? error.message : "No answer." });
    }
    await Promise.all(
      [keys.kernel, keys.status].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
    );
    setRunning(false);
  }
  return {
    repair,
    repaired,
    close: () => setRepaired(null),
    blocked: repairBlocked(status, online, running),
  };
}
