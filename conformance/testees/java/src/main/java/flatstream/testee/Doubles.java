package flatstream.testee;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HexFormat;
import org.json.JSONArray;
import org.json.JSONObject;

/** A source and a sink that behave as a request says: slow, and failing. */
final class Doubles {
    private static final long NEVER = Long.MAX_VALUE;

    private Doubles() { }

    /** Hands out the wire in chunks of the given sizes. */
    static final class Source extends FilterInputStream {
        private final JSONArray chunks;
        private final boolean faultOnce;
        private long faultAfter;
        private int reads;
        /** Bytes that were read. */
        long taken;

        Source(JSONObject request) {
            super(new ByteArrayInputStream(HexFormat.of().parseHex(request.getString("wire"))));
            chunks = request.optJSONArray("chunks", new JSONArray().put(Integer.MAX_VALUE));
            faultAfter = request.optLong("fault_after", NEVER);
            faultOnce = request.optBoolean("fault_once");
        }

        @Override
        public int read(byte[] buffer, int start, int length) throws IOException {
            if (length > 0 && taken == faultAfter) {
                faultAfter = faultOnce ? NEVER : faultAfter;
                throw new IOException("the source failed, as it was told to");
            }
            int chunk = length == 0 ? 0 : chunks.getInt(Math.min(reads++, chunks.length() - 1));
            int count = super.read(buffer, start, (int) Math.min(Math.min(length, chunk), faultAfter - taken));
            taken += Math.max(count, 0);
            return count;
        }
    }

    /** Takes bytes one at a time, so that a write may fail after a part of it. */
    static final class Sink extends OutputStream {
        final ByteArrayOutputStream taken = new ByteArrayOutputStream();
        private final boolean faultOnce;
        private long faultAfter;

        Sink(JSONObject request) {
            faultAfter = request.optLong("sink_fault_after", NEVER);
            faultOnce = request.optBoolean("fault_once");
        }

        @Override
        public void write(int value) throws IOException {
            if (taken.size() == faultAfter) {
                faultAfter = faultOnce ? NEVER : faultAfter;
                throw new IOException("the sink failed, as it was told to");
            }
            taken.write(value);
        }
    }
}
