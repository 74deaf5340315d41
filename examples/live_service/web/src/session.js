// Who plays. The token is in memory, and in the tab's own storage so that a reload does
// not log out; it is nowhere else, and gone with the tab.

const NAME = "token";

/** @type {string | null} */
let token = sessionStorage.getItem(NAME);

export const session = {
  /** The token, or null where nobody is logged in. */
  get token() {
    if (token !== null && claims(token).exp * 1000 <= Date.now()) this.end();
    return token;
  },

  /** The id of the player who is logged in. */
  get player() {
    return token === null ? null : claims(token).sub;
  },

  /** @param {string} issued */
  begin(issued) {
    token = issued;
    sessionStorage.setItem(NAME, issued);
  },

  end() {
    token = null;
    sessionStorage.removeItem(NAME);
  },
};

/**
 * What the token says. Only the services can tell whether it is true.
 *
 * @param {string} jwt
 * @returns {{sub: string, exp: number}}
 */
function claims(jwt) {
  const part = jwt.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(part));
}
