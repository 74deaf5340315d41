// What GET / tells someone who only has the address.

export const INDEX = {
  name: "fairpull live service",
  endpoints: [
    ["POST", "/account/register", "Register a player."],
    ["POST", "/account/login", "Exchange user name and password for a token."],
    [
      "POST",
      "/account/refresh",
      "Exchange a refresh token for a new token and a new refresh token.",
    ],
    ["POST", "/account/logout", "End a login."],
    ["POST", "/account/buy-currency", "Buy currency."],
    ["GET", "/account/currency", "The balance that can be spent now."],
    [
      "GET",
      "/account/spending",
      "What was spent today and this month, and the limits.",
    ],
    [
      "POST",
      "/account/payments/webhook",
      "What the payment provider tells of purchases.",
    ],
    [
      "GET",
      "/account/.well-known/jwks.json",
      "The public keys that tokens are checked against.",
    ],
    ["GET", "/gacha/banners", "The banners, open ones and others."],
    [
      "GET",
      "/gacha/items",
      "The heroes and items that a banner can give, rarest first.",
    ],
    ["GET", "/gacha/rarity-chances", "The odds that the draw itself uses."],
    ["POST", "/gacha/pull", "Spend currency on one pull or on ten."],
    ["GET", "/gacha/history", "The player's own pulls, newest first."],
    ["GET", "/", "What there is to call."],
    ["GET", "/livez", "Whether the process answers at all."],
    [
      "GET",
      "/readyz",
      "Whether requests will be served; the gateway asks both services.",
    ],
    ["GET", "/metrics", "Figures for Prometheus."],
    ["GET", "/docs", "This contract as a page."],
  ].map(([method, path, summary]) => ({ method, path, summary })),
};
