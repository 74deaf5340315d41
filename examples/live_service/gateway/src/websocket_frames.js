// Where one WebSocket frame ends and the next begins (RFC 6455, 5.2), so that the
// gateway can put a frame of its own between two that it passes on.

const MASKED = 0x80;
const LENGTH = 0x7f;

/** Follows the frames of one direction of a connection, however they are cut. */
export class FrameBoundaries {
  /** @type {number[]} what has come of a frame's head */
  #head = [];
  /** Bytes of the payload that are still to come. */
  #left = 0;

  /** Whether what has passed so far ends with a whole frame. */
  get between() {
    return this.#head.length === 0 && this.#left === 0;
  }

  /**
   * Takes note of the bytes that come next.
   *
   * @param {Buffer} chunk
   * @returns {number} how many of them there are up to the first end of a frame, or
   *   -1 if none ends among them
   */
  pass(chunk) {
    let first = -1;
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, chunk.length - at);
        this.#left -= step;
        at += step;
      } else {
        this.#head.push(chunk[at]);
        at += 1;
        if (this.#head.length < headLength(this.#head)) continue;
        this.#left = payloadLength(this.#head);
        this.#head = [];
      }
      if (first < 0 && this.between) first = at;
    }
    return first;
  }
}

/** @param {number[]} head its first bytes; a length needs two */
function headLength(head) {
  if (head.length < 2) return 2;
  const mask = head[1] & MASKED ? 4 : 0;
  return 2 + extraLengthBytes(head) + mask;
}

/** @param {number[]} head whole */
function payloadLength(head) {
  const extra = head.slice(2, 2 + extraLengthBytes(head));
  if (extra.length === 0) return head[1] & LENGTH;
  return extra.reduce((length, byte) => length * 256 + byte, 0);
}

/** @param {number[]} head */
function extraLengthBytes(head) {
  const length = head[1] & LENGTH;
  if (length < 126) return 0;
  return length === 126 ? 2 : 8;
}

/**
 * A close frame as a server sends it.
 *
 * @param {number} code
 */
export function closeFrame(code) {
  return Buffer.from([0x88, 2, code >> 8, code & 0xff]);
}
