import assert from "node:assert/strict";
import { test } from "node:test";
import { closeFrame, FrameBoundaries } from "../src/websocket_frames.js";

/** @param {number[]} head @param {number} length of the payload */
const frame = (head, length) => Buffer.from([...head, ...Array(length).fill(0x81)]);

/** @type {[string, Buffer][]} */
const FRAMES = [
  ["an empty text", frame([0x81, 0], 0)],
  ["the longest short one", frame([0x81, 125], 125)],
  ["a length of two bytes", frame([0x82, 126, 0x01, 0x2c], 300)],
  ["a length of eight bytes", frame([0x82, 127, 0, 0, 0, 0, 0, 1, 0, 1], 65_537)],
  ["a mask", frame([0x81, 0x83, 9, 9, 9, 9], 3)],
  ["a mask and a length of two bytes", frame([0x81, 0xfe, 0, 126, 9, 9, 9, 9], 126)],
];

for (const [what, bytes] of FRAMES) {
  test(`a frame with ${what} ends where it ends, however it is cut`, () => {
    for (const size of [1, 3, 1_000, bytes.length]) {
      const boundaries = new FrameBoundaries();
      assert.equal(boundaries.between, true);
      for (let at = 0; at < bytes.length; at += size) {
        const end = boundaries.pass(bytes.subarray(at, at + size));
        const isLast = at + size >= bytes.length;
        assert.equal(end, isLast ? bytes.length - at : -1);
        assert.equal(boundaries.between, isLast);
      }
    }
  });
}

test("of several ends in one chunk the first is told", () => {
  const boundaries = new FrameBoundaries();
  const [, , , , masked] = FRAMES.map(([, bytes]) => bytes);
  const begun = frame([0x81, 5], 2);
  assert.equal(boundaries.pass(Buffer.concat([masked, masked, begun])), 9);
  assert.equal(boundaries.between, false);
  assert.equal(boundaries.pass(Buffer.alloc(3)), 3);
  assert.equal(boundaries.between, true);
  assert.equal(boundaries.pass(Buffer.alloc(0)), -1);
});

test("a close frame has its code in it, most significant byte first", () => {
  assert.deepEqual([...closeFrame(1001)], [0x88, 2, 0x03, 0xe9]);
});
