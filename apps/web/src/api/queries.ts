/** What the page reads, as hooks. Events from the server (events.ts) say when each is stale. */
import type { Check, Plan, Revision, Running, Status } from "@flowmgr/flow-api";
import type { Config } from "@flowmgr/flow-model";
import {
  keepPreviousData,
  QueryClient,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { get, Refused, Unreachable } from "./client.ts";
import { setRunningConfig, useDraft } from "./draft.ts";

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      networkMode: "always",
      retry: (count, error) => error instanceof Unreachable && count < 2,
      refetchOnWindowFocus: true,
    },
  },
});

export const keys = {
  status: ["status"],
  running: ["running"],
  revisions: ["revisions"],
  plan: (etag: string) => ["plan", etag],
  check: (etag: string) => ["check", etag],
} as const;

/** Read again every 15 s too: the state of the machine may change without an event when the stream is down. */
export function useStatus() {
  return useQuery({
    queryKey: keys.status,
    queryFn: () => get<Status>("/status"),
    refetchInterval: (query) => (isSignedOut(query.state.error) ? false : 15_000),
  });
}

export const runningQuery = queryOptions({
  queryKey: keys.running,
  queryFn: async () => {
    const running = await get<Running>("/running");
    return { ...running, config: setRunningConfig(running.config) };
  },
  // It has been done by then, by name and not by position.
  structuralSharing: false,
});

export function useRunning() {
  return useQuery(runningQuery);
}

/** What an apply of the draft would do. Waits until every edit has reached the server. */
export function usePlan() {
  const { etag, settled } = useDraft();
  return useQuery({
    queryKey: keys.plan(etag ?? ""),
    queryFn: () => get<Plan>("/draft/plan"),
    enabled: etag !== null && settled,
    placeholderData: keepPreviousData,
  });
}

/** The server's diagnostics of the draft, what depends on the machine included. */
export function useCheck() {
  const { etag, settled } = useDraft();
  return useQuery({
    queryKey: keys.check(etag ?? ""),
    queryFn: () => get<Check>("/draft/check"),
    enabled: etag !== null && settled,
    placeholderData: keepPreviousData,
  });
}

type RevisionPage = { revisions: Revision[]; next: number | null };

/** Newest first, a page at a time: `fetchNextPage` gives older ones. */
export function useRevisions() {
  return useInfiniteQuery({
    queryKey: keys.revisions,
    queryFn: ({ pageParam }) =>
      get<RevisionPage>(`/revisions?limit=50${pageParam === null ? "" : `&after=${pageParam}`}`),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
  });
}

export type RevisionDetail = Revision & { config: Config; text: string };
export type RevisionDiff = {
  from: number;
  to: number;
  text: string;
  headline: string;
};

export function useRevision(id: number | null) {
  return useQuery({
    queryKey: ["revision", id],
    queryFn: () => get<RevisionDetail>(`/revisions/${id}`),
    enabled: id !== null,
  });
}

export function useRevisionDiff(from: number | null, to: number | null) {
  return useQuery({
    queryKey: ["revision-diff", from, to],
    queryFn: () => get<RevisionDiff>(`/revisions/${from}/diff?to=${to}`),
    enabled: from !== null && to !== null,
  });
}

function isSignedOut(error: unknown): boolean {
  return error instanceof Refused && error.status === 401;
}
