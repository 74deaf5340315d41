// Whether the services behind the gateway would serve a request now.

/**
 * @import { Instances } from "./instances.js"
 * @import { ServiceName } from "./routes.js"
 * @typedef {Record<ServiceName, "ready" | "unavailable">} ServiceStates
 */

const ANSWER_LIMIT_MS = 1_500;

/** @param {string} address */
async function isReady(address) {
  try {
    const answer = await fetch(new URL("/readyz", address), {
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    await answer.body?.cancel();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/**
 * Asks every instance; a service is ready when one of its instances is.
 *
 * @param {Record<ServiceName, Instances>} instances
 * @returns {Promise<ServiceStates>}
 */
export async function askServices({ account, gacha }) {
  /** @param {Instances} instances */
  const ask = async ({ addresses }) =>
    (await Promise.all(addresses.map(isReady))).includes(true)
      ? "ready"
      : "unavailable";
  const [accountState, gachaState] = await Promise.all([ask(account), ask(gacha)]);
  return { account: accountState, gacha: gachaState };
}
