// The game as a player finds it, started for a test, and calls to it past the page.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** @import { TestContext } from "node:test" */

const HERE = fileURLToPath(new URL("../..", import.meta.url));
const PASSWORD = "correct horse battery";
let names = 0;

/**
 * Starts the whole game on data of its own; it ends with the test.
 *
 * @param {TestContext} t
 * @param {Record<string, string>} [variables]
 * @returns {Promise<string>} its address
 */
export async function startGame(t, variables = {}) {
  const data = mkdtempSync(join(tmpdir(), "fairpull-browser-"));
  const python = process.env.PYTHON ?? join(HERE, "../../.venv/bin/python");
  const game = spawn(python, ["supervise.py"], {
    cwd: HERE,
    env: { ...process.env, PORT: "0", FAIRPULL_DATA: data, ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => game.once("close", resolve));
  t.after(async () => {
    game.kill("SIGTERM");
    await ended;
    rmSync(data, { recursive: true, force: true });
  });
  return new Promise((resolve, reject) => {
    let said = "";
    /** @param {Buffer} chunk */
    const read = (chunk) => {
      said += chunk;
      const address = /the game answers at (http:\/\/\S+);/.exec(said);
      if (address) resolve(address[1]);
    };
    game.stdout.on("data", read);
    game.stderr.on("data", read);
    game.once("error", reject);
    game.once("close", () => reject(new Error(`the game ended: ${said}`)));
  });
}

/** A new player's name. */
export function newName() {
  return `player-${process.pid}-${++names}`;
}

/** A player who is registered and logged in, and plays without the page. */
export class Player {
  token = "";
  refreshToken = "";

  /** @param {string} address @param {string} name */
  constructor(address, name) {
    this.address = address;
    this.name = name;
  }

  /** @param {string} address @param {number} [crystals] */
  static async register(address, crystals = 0) {
    const name = newName();
    const credentials = { username: name, password: PASSWORD };
    const player = new Player(address, name);
    await player.post("/account/register", { ...credentials, email: "p@example.com" });
    Object.assign(player, tokensOf(await player.post("/account/login", credentials)));
    if (crystals > 0) await player.buy(crystals);
    return player;
  }

  /** Gets a new token by the refresh token. */
  async refresh() {
    const { refreshToken } = this;
    const answer = await this.post("/account/refresh", { refreshToken });
    Object.assign(this, tokensOf(answer));
  }

  /** @param {number} amount */
  buy(amount) {
    return this.post("/account/buy-currency", { amount, paymentMethod: "card" });
  }

  /** @param {number} [count] */
  pull(count = 1) {
    return this.post("/gacha/pull", { currencySpent: 160 * count, count });
  }

  /** @param {string} path @param {object} body @returns {Promise<any>} */
  post(path, body) {
    return this.#send(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json" },
    });
  }

  /** @param {string} path @returns {Promise<any>} */
  get(path) {
    return this.#send(path, {});
  }

  /** @param {string} path @param {RequestInit} options */
  async #send(path, options) {
    const headers = /** @type {Record<string, string>} */ (options.headers ?? {});
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    const answer = await fetch(this.address + path, { ...options, headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

/** @param {{token: string, refreshToken: string}} answer */
function tokensOf({ token, refreshToken }) {
  return { token, refreshToken };
}

Player.PASSWORD = PASSWORD;
