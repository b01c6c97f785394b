import type { SearchAnswer, SearchBody } from "@flowmgr/flow-api";
import type { Conditions } from "@flowmgr/flow-model";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get, useDraft, useStatus } from "../api/index.ts";
import type { Asked } from "./asked.ts";

/** What the server finds; asked again when the config that is searched in becomes another one. */
export function useAnswer(
  { direction, config }: Asked,
  conditions: Conditions,
  verdict: SearchBody["verdict"] | null,
  enabled: boolean,
) {
  const { etag, settled } = useDraft();
  const revision = useStatus().data?.running?.revision ?? null;
  const body = { direction, conditions, config, ...(verdict ? { verdict } : {}) };
  return useQuery({
    queryKey: ["search", config === "draft" ? etag : revision, body],
    queryFn: ({ signal }) => get<SearchAnswer>("/search", { method: "POST", body, signal }),
    enabled: enabled && (config === "running" || settled),
    placeholderData: keepPreviousData,
    retry: false,
  });
}
