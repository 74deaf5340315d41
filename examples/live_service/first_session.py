"""A first session with the game to paste into a shell: plain sh, curl and sed."""

# No comments and no bare question mark in it: an interactive zsh takes offence at both.
_SESSION = """\
GAME=@address@
PLAYER=player-$(date +%s)-$$
JSON='Content-Type: application/json'

curl -sS $GAME/account/register -H "$JSON" -d '{"username": "'$PLAYER'",
  "password": "correct horse", "email": "'$PLAYER'@example.com"}'; echo
TOKEN=$(curl -sS $GAME/account/login -H "$JSON" \\
  -d '{"username": "'$PLAYER'", "password": "correct horse"}' |
  sed 's/.*"token" *: *"\\([^"]*\\)".*/\\1/')
PASS="Authorization: Bearer $TOKEN"

curl -sS $GAME/account/buy-currency -H "$PASS" -H "$JSON" \\
  -d '{"amount": 16000, "paymentMethod": "card"}'; echo
curl -sS $GAME/gacha/rarity-chances; echo
curl -sS $GAME/gacha/pull -H "$PASS" -H "$JSON" -d '{"currencySpent": 160}'; echo
curl -sS $GAME/gacha/pull -H "$PASS" -H "$JSON" \\
  -d '{"currencySpent": 1600, "count": 10}'; echo
curl -sS "$GAME/gacha/history?limit=11" -H "$PASS"; echo
curl -sS $GAME/account/currency -H "$PASS"; echo
"""


def first_session(address: str) -> str:
    """The commands, for the game at `address`."""
    return _SESSION.replace("@address@", address)
