import { get, queryClient, signedOut } from "../api/index.ts";

/** Signs in; throws Refused when code or token is not good. */
export async function signIn(credentials: { code: string } | { token: string }): Promise<void> {
  await get<unknown>("/session", { method: "POST", body: credentials });
  signedOut.set(false);
  await queryClient.invalidateQueries();
}
