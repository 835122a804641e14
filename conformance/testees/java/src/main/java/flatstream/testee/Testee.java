package flatstream.testee;

import flatstream.Algorithm;
import flatstream.FrameException;
import flatstream.FrameReader;
import flatstream.FrameWriter;
import flatstream.Recovery;
import flatstream.testee.Doubles.Sink;
import flatstream.testee.Doubles.Source;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import java.util.stream.IntStream;
import org.json.JSONArray;
import org.json.JSONObject;

/** Answers the requests of the conformance runner: one line in, one line out. */
final class Testee {
    private static final HexFormat HEX = HexFormat.of();

    private static final String START = """
            {"implementation": {"name": "java", "version": "1", "language": "Java"},
             "algorithms": ["none", "crc16", "crc32", "xxh3_64"],
             "ops": ["start", "checksum", "frame", "deframe", "recover"],
             "features": ["chunked", "empty_tail", "exact_reads", "faults", "offsets", "resume", "single_fault",
                          "sink_faults"]}
            """;

    private Testee() { }

    public static void main(String[] args) throws IOException {
        var requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            JSONObject request = new JSONObject(line);
            JSONObject reply = answer(request).put("seq", request.getInt("seq"));
            System.out.write((reply + "\n").getBytes(StandardCharsets.UTF_8));
            System.out.flush();
        }
    }

    private static JSONObject answer(JSONObject request) {
        return switch (request.getString("op")) {
            case "start" -> new JSONObject(START);
            case "checksum" -> new JSONObject().put("checksum",
                    HEX.formatHex(algorithm(request).field(HEX.parseHex(request.getString("data")))));
            case "frame" -> frame(request);
            case "deframe" -> request.has("calls") ? events(request) : deframe(request);
            case "recover" -> recover(request);
            default -> new JSONObject().put("skipped", "no such operation here");
        };
    }

    private static JSONObject frame(JSONObject request) {
        Sink sink = new Sink(request);
        long bound = request.optLong("max_payload_len", FrameWriter.MAX_PAYLOAD_LEN);
        FrameWriter writer = new FrameWriter(sink, algorithm(request), bound);
        JSONArray results = new JSONArray();
        JSONObject reply = new JSONObject().put("results", results);
        for (Object payload : request.getJSONArray("payloads")) {
            try {
                writer.write(HEX.parseHex((String) payload));
                results.put("ok");
            } catch (FrameException error) {
                if (!request.optBoolean("go_on")) {
                    reply.put("error", describe(error, request));
                    break;
                }
                results.put(new JSONObject().put("error", describe(error, request)));
            }
        }
        return reply.put("wire", HEX.formatHex(sink.taken.toByteArray()));
    }

    private static JSONObject deframe(JSONObject request) {
        Source source = new Source(request);
        FrameReader reader = reader(source, request);
        int stopAfter = request.optInt("stop_after", Integer.MAX_VALUE);
        JSONArray payloads = new JSONArray();
        JSONObject last = new JSONObject();
        while (payloads.length() < stopAfter && (last = next(reader, request)).has("payload")) {
            payloads.put(last.remove("payload"));
        }
        String end = last.has("error") ? "error" : last.optString("end", "stopped");
        return last.put("end", end).put("payloads", payloads).put("consumed", source.taken);
    }

    private static JSONObject events(JSONObject request) {
        FrameReader reader = reader(new Source(request), request);
        var calls = IntStream.range(0, request.getInt("calls"));
        return new JSONObject().put("events", calls.mapToObj(call -> next(reader, request)).toList());
    }

    private static JSONObject next(FrameReader reader, JSONObject request) {
        JSONObject event = new JSONObject();
        try {
            byte[] payload = reader.next();
            return payload == null ? event.put("end", "clean") : event.put("payload", HEX.formatHex(payload));
        } catch (FrameException error) {
            return event.put("error", describe(error, request));
        }
    }

    private static JSONObject recover(JSONObject request) {
        try {
            Recovery found = Recovery.scan(reader(new Source(request), request));
            return new JSONObject().put("frames", found.frames()).put("last_good_offset", found.lastGoodOffset())
                    .put("end", found.torn() ? "torn_tail" : "clean_eof").put("empty_tail", found.emptyTail());
        } catch (FrameException error) {
            return new JSONObject().put("error", describe(error, request));
        }
    }

    private static FrameReader reader(Source source, JSONObject request) {
        long limit = request.optLong("max_frame_len", FrameReader.DEFAULT_MAX_FRAME_LEN);
        return new FrameReader(source, algorithm(request), limit);
    }

    private static Algorithm algorithm(JSONObject request) {
        return Algorithm.valueOf(request.getString("algorithm").toUpperCase(Locale.ROOT));
    }

    private static JSONObject describe(FrameException error, JSONObject request) {
        JSONObject described = new JSONObject(error.facts).put("kind", error.kind.name().toLowerCase(Locale.ROOT));
        return request.has("report_offsets") ? described.put("offset", error.offset) : described;
    }
}
