// Sends the same request over and over, on each connection with a token of its own:
//
//   echo '{"url": …, "body": …, "tokens": [...], "seconds": 5}' | node load.js
//
// and prints how many were answered a second, and in what time.

import autocannon from "autocannon";

const WARM_UP_S = 2;

let input = "";
for await (const part of process.stdin) input += part;
const { url, body, tokens, seconds } = JSON.parse(input);

let connected = 0;
const result = await autocannon({
  url,
  method: "POST",
  body: JSON.stringify(body),
  connections: tokens.length,
  duration: seconds,
  timeout: 30,
  warmup: { connections: tokens.length, duration: WARM_UP_S },
  setupClient(client) {
    const token = tokens[connected++ % tokens.length];
    client.setHeaders({
      "content-type": "application/json",
      authorization: `Bearer ${token}`,
    });
  },
});
const refused = result.non2xx + result.errors + result.timeouts;
console.log(
  JSON.stringify({
    answered: result["2xx"],
    // Before what is measured.
    warmed_up: result.warmup["2xx"],
    refused,
    statuses: result.statusCodeStats,
    seconds: result.duration,
    p50_ms: result.latency.p50,
    p99_ms: result.latency.p99,
  }),
);
