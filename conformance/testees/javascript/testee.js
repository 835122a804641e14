/** Answers the requests of the conformance runner: one line in, one line out. */

import { createInterface } from "node:readline";
import { ALGORITHMS, checksumField } from "./checksum.js";
import { Sink, Source } from "./doubles.js";
import { FrameError, FrameReader, FrameWriter, scan } from "./flatstream.js";
import { sizeValidator, tableRootValidator } from "./validators.js";

/** @typedef {Record<string, any>} Message */

/** `resume` concerns both. */
const READING = ["appends", "chunked", "empty_tail", "exact_reads", "faults", "offsets"];
const WRITING = ["resume", "short_writes", "single_fault", "sink_faults", "validators"];

/** @type {Record<string, (request: Message) => Message | Promise<Message>>} */
const OPERATIONS = { start, checksum, frame, deframe, recover };

function start() {
  return {
    implementation: { name: "javascript", version: "1", language: "JavaScript" },
    algorithms: Object.keys(ALGORITHMS),
    ops: Object.keys(OPERATIONS),
    features: [...READING, ...WRITING],
  };
}

/** @param {Message} request */
function checksum({ algorithm, data }) {
  return { checksum: checksumField(ALGORITHMS[algorithm], Buffer.from(data, "hex")).toString("hex") };
}

/** @param {Message} request */
async function frame(request) {
  const sink = new Sink(request);
  const writer = new FrameWriter(sink, ALGORITHMS[request.algorithm], {
    maxPayloadLen: request.max_payload_len ?? undefined,
    validator: validatorOf(request),
  });
  const results = [];
  for (const payload of request.payloads) {
    try {
      await writer.write(Buffer.from(payload, "hex"));
      results.push("ok");
    } catch (raised) {
      const error = errorOf(raised, request);
      if (!request.go_on) return { wire: sink.taken.toString("hex"), error };
      results.push({ error });
    }
  }
  return { wire: sink.taken.toString("hex"), results };
}

/** @param {Message} request */
async function deframe(request) {
  const source = new Source(request);
  const reader = readerOf(source, request);
  const { calls, stop_after: stopAfter = Infinity, appended = [] } = request;
  if (calls !== undefined) {
    const events = [];
    while (events.length < calls) events.push(await eventOf(reader, request));
    return { events };
  }
  const payloads = [];
  while (payloads.length < stopAfter) {
    const event = await eventOf(reader, request);
    if (event.payload !== undefined) {
      payloads.push(event.payload);
    } else if (event.end && appended.length > 0) {
      source.append(appended.shift());
    } else {
      return { end: "error", ...event, payloads, consumed: source.taken };
    }
  }
  return { end: "stopped", payloads, consumed: source.taken };
}

/**
 * What one call for the next payload gives.
 * @param {FrameReader} reader
 * @param {Message} request
 * @returns {Promise<Message>}
 */
async function eventOf(reader, request) {
  try {
    const payload = await reader.read();
    return payload ? { payload: payload.toString("hex") } : { end: "clean" };
  } catch (error) {
    return { error: errorOf(error, request) };
  }
}

/** @param {Message} request */
async function recover(request) {
  try {
    const { lastGoodOffset, emptyTail, ...report } = await scan(readerOf(new Source(request), request));
    return { ...report, last_good_offset: lastGoodOffset, empty_tail: emptyTail };
  } catch (error) {
    return { error: errorOf(error, request) };
  }
}

/**
 * @param {Source} source
 * @param {Message} request
 */
function readerOf(source, request) {
  const maxFrameLen = request.max_frame_len ?? undefined;
  return new FrameReader(source, ALGORITHMS[request.algorithm], { maxFrameLen, validator: validatorOf(request) });
}

/** @param {Message} request */
function validatorOf({ validator }) {
  return validator?.size ? sizeValidator(validator.size[0], validator.size[1]) : validator && tableRootValidator;
}

/**
 * The `error` of a reply; what is none of the kinds is thrown on.
 * @param {unknown} error
 * @param {Message} request
 */
function errorOf(error, request) {
  if (!(error instanceof FrameError)) throw error;
  const { problem } = error;
  // The protocol spells one fact in its own way; what is undefined is left out of the JSON.
  const { declaredLen: declared_len, ...facts } = { declaredLen: undefined, ...problem };
  return { ...facts, declared_len, offset: request.report_offsets ? error.offset : undefined };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { seq, op, ...request } = JSON.parse(line);
  const reply = await (OPERATIONS[op]?.(request) ?? { skipped: "no such operation here" });
  process.stdout.write(`${JSON.stringify({ seq, ...reply })}\n`);
}
