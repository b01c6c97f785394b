/** What the page reads, as hooks. Events from the server (events.ts) say when each is stale. */
import type {
  Check,
  Director,
  Interface,
  KernelFamily,
  KernelListing,
  Plan,
  Revision,
  RevisionDiff,
  RoutingTable,
  Running,
  RunningAgainst,
  Status,
} from "@flowmgr/flow-api";
import { type Config, withDelta } from "@flowmgr/flow-model";
import {
  keepPreviousData,
  QueryClient,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { get, Refused, Unreachable } from "./client.ts";
import { savedDraft, setRunningConfig, useDraft } from "./draft.ts";

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
  /** Of the draft and of what is in force: when the old rules come back, the plan is another one. */
  plan: (etag: string, running: number | null) => ["plan", etag, running],
  check: (etag: string) => ["check", etag],
  kernel: ["kernel"],
  paths: ["paths"],
} as const;

/** Read again every 15 s too: the state of the machine may change without an event when the stream is down. */
export function useStatus() {
  return useQuery({
    queryKey: keys.status,
    queryFn: () => get<Status>("/status"),
    refetchInterval: (query) => (isSignedOut(query.state.error) ? false : 15_000),
  });
}

export type InForce = Pick<Running, "revision" | "config">;

/** By what it shares with the draft, which is read anyway: of ten thousand flows in force mostly nothing is left to tell. */
async function readRunning(): Promise<InForce> {
  const { revision, draft, ...delta } = await get<RunningAgainst>("/running?against=draft");
  const known = await savedDraft();
  if (known?.etag === draft) return { revision, config: setRunningConfig(withDelta(delta, known.config)) };
  // The draft that is here is another one, or there is none.
  const running = await get<Running>("/running");
  return { revision: running.revision, config: setRunningConfig(running.config) };
}

export const runningQuery = queryOptions({
  queryKey: keys.running,
  queryFn: readRunning,
  // It has been done by then, by name and not by position.
  structuralSharing: false,
});

export function useRunning() {
  return useQuery(runningQuery);
}

/**
 * What an apply of the draft would do. Waits until every edit has reached the server. `isPlaceholderData` says that
 * it is the plan of another draft, or against other rules, and that the new one is being worked out.
 */
export function usePlan() {
  const { etag, settled } = useDraft();
  const status = useStatus().data;
  return useQuery({
    queryKey: keys.plan(etag ?? "", status?.running?.revision ?? null),
    queryFn: () => get<Plan>("/draft/plan"),
    enabled: etag !== null && settled && status !== undefined,
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
export function useRevision(id: number | null) {
  return useQuery({
    queryKey: ["revision", id],
    queryFn: () => get<RevisionDetail>(`/revisions/${id}`),
    enabled: id !== null,
  });
}

/** The one that was in force when this one was applied: the last that was kept. Null before the first. */
export function useRevisionBefore(id: number) {
  return useQuery({
    queryKey: [...keys.revisions, "before", id],
    queryFn: async () => {
      const { revisions } = await get<RevisionPage>(`/revisions?limit=200&after=${id}`);
      return revisions.find(({ outcome }) => outcome === "confirmed")?.id ?? null;
    },
  });
}

/** What changed from one to another; `draftEtag` when that is the draft, which changes. */
export function useRevisionDiff(from: number, to: number | "draft", draftEtag: string | null) {
  return useQuery({
    queryKey: ["revision-diff", from, to, draftEtag],
    queryFn: () => get<RevisionDiff>(`/revisions/${from}/diff?to=${to}`),
  });
}

/** Milliseconds between two readings of the kernel for a person who looks at it. */
const KERNEL_MS = 3_000;
/** Where an answer takes long, as with ten thousand chains, the rest is this many times as long. */
const KERNEL_REST = 4;
let kernelTook = 0;

export type KernelFamilyName = "ip" | "ip6";

/** A family's chains with their counters, read again and again while a place shows them and the tab is seen. */
export function useKernel(family: KernelFamilyName) {
  return useQuery({
    queryKey: [...keys.kernel, family],
    queryFn: async () => {
      const began = performance.now();
      const listing = await readKernel(family);
      kernelTook = performance.now() - began;
      return listing;
    },
    staleTime: 0,
    refetchInterval: (query) =>
      isSignedOut(query.state.error) ? false : Math.max(KERNEL_MS, kernelTook * KERNEL_REST),
  });
}

/** All pages; null for a family that is switched off. */
async function readKernel(family: KernelFamilyName): Promise<KernelFamily | null> {
  const { [family]: first } = await get<KernelListing>(`/kernel?family=${family}`);
  if (first === null) return null;
  const chains = [...first.chains];
  let next = first.next;
  while (next !== null) {
    const after = encodeURIComponent(next);
    const { [family]: page } = await get<KernelListing>(`/kernel?family=${family}&after=${after}`);
    chains.push(...(page?.chains ?? []));
    next = page?.next ?? null;
  }
  return { ...first, chains, next };
}

/** What is said of the kernel as a whole: drift, ip rules and routes, the command that shows the same. */
export function useKernelState() {
  return useQuery({
    queryKey: [...keys.kernel, "state"],
    queryFn: () => get<KernelListing>("/kernel?limit=1"),
    staleTime: 0,
    refetchInterval: (query) => (isSignedOut(query.state.error) ? false : KERNEL_MS),
  });
}

export type Paths = { directors: Director[]; tables: RoutingTable[]; interfaces: Interface[] };

const PATHS_MS = 10_000;

/** All pages of a list. */
async function allOf<Name extends string, One>(name: Name): Promise<One[]> {
  const found: One[] = [];
  let next: string | null = null;
  do {
    const after: string = next === null ? "" : `?after=${encodeURIComponent(next)}`;
    const page: Record<Name, One[]> & { next: string | null } = await get(`/${name}${after}`);
    found.push(...page[name]);
    next = page.next;
  } while (next !== null);
  return found;
}

/** Where packets go and how each way stands; the machine may change it at any time. */
export function usePaths() {
  return useQuery({
    queryKey: keys.paths,
    queryFn: async (): Promise<Paths> => {
      const [directors, tables, interfaces] = await Promise.all([
        allOf<"directors", Director>("directors"),
        allOf<"tables", RoutingTable>("tables"),
        allOf<"interfaces", Interface>("interfaces"),
      ]);
      return { directors, tables, interfaces };
    },
    staleTime: 0,
    refetchInterval: (query) => (isSignedOut(query.state.error) ? false : PATHS_MS),
  });
}

function isSignedOut(error: unknown): boolean {
  return error instanceof Refused && error.status === 401;
}
