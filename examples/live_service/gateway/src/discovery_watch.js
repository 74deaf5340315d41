// Watching discovery: one stream, opened anew for as long as the gateway runs.

import { fileURLToPath } from "node:url";
import { credentials, loadPackageDefinition, Metadata } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/**
 * @import { ClientReadableStream, ServiceClientConstructor, ServiceError } from "@grpc/grpc-js"
 * @import { Logger } from "pino"
 * @import { WatchUpdate } from "./instance_lists.js"
 */

const FILE = fileURLToPath(new URL("../../proto/discovery.proto", import.meta.url));
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const CHANNEL_OPTIONS = {
  // So that a discovery whose machine is gone is noticed.
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  // The pauses below are the ones that count.
  "grpc.initial_reconnect_backoff_ms": FIRST_PAUSE_MS,
  "grpc.max_reconnect_backoff_ms": LONGEST_PAUSE_MS,
};

/** @returns {ServiceClientConstructor} */
function loadDiscovery() {
  const definition = loadSync(FILE, { longs: Number, defaults: true, oneofs: true });
  const root = /** @type {any} */ (loadPackageDefinition(definition));
  return root.fairpull.discovery.v1.Discovery;
}

export class DiscoveryWatch {
  #client;
  #metadata = new Metadata();
  #apply;
  #logger;
  /** @type {ClientReadableStream<WatchUpdate> | null} */
  #stream = null;
  /** @type {NodeJS.Timeout | undefined} */
  #pause;
  #pauseMs = FIRST_PAUSE_MS;
  #lostAt = performance.now();
  #connected = false;
  #revision = 0;

  /**
   * @param {{
   *   target: string,
   *   token: string,
   *   apply: (update: WatchUpdate) => void,
   *   logger: Logger,
   * }} options
   */
  constructor({ target, token, apply, logger }) {
    const Discovery = loadDiscovery();
    const { createInsecure } = credentials;
    this.#client = new Discovery(target, createInsecure(), CHANNEL_OPTIONS);
    this.#metadata.set("x-service-token", token);
    this.#apply = apply;
    this.#logger = logger;
    this.#open();
  }

  /** The revision that was told last. */
  get revision() {
    return this.#revision;
  }

  /** For how long nothing could have been told; 0 while the stream is open. */
  get ageMs() {
    return this.#connected ? 0 : performance.now() - this.#lostAt;
  }

  stop() {
    clearTimeout(this.#pause);
    const stream = this.#stream;
    this.#stream = null;
    stream?.cancel();
    this.#client.close();
  }

  #open() {
    /** @type {ClientReadableStream<WatchUpdate>} */
    const stream = this.#client.watch({}, this.#metadata);
    this.#stream = stream;
    stream.on("data", (update) => {
      if (!this.#connected) this.#logger.info({ update }, "watching discovery");
      this.#connected = true;
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#revision = update.revision;
      this.#apply(update);
    });
    stream.on("error", (error) => this.#lose(stream, error));
    stream.on("end", () => this.#lose(stream, null));
  }

  /**
   * @param {ClientReadableStream<WatchUpdate>} stream
   * @param {Partial<ServiceError> | null} error
   */
  #lose(stream, error) {
    if (stream !== this.#stream) return;
    this.#stream = null;
    if (this.#connected) this.#lostAt = performance.now();
    // Once for each time that it goes away, not for each try to find it.
    if (this.#connected || this.#pauseMs === FIRST_PAUSE_MS) {
      const { code, details } = error ?? {};
      this.#logger.warn({ code, details }, "discovery is away: the last lists stay");
    }
    this.#connected = false;
    // Up to half as long again, so that gateways don't all come at once.
    const pauseMs = this.#pauseMs * (1 + Math.random() / 2);
    this.#pause = setTimeout(() => this.#open(), pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }
}
