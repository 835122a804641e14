package flatstream;

import flatstream.FrameException.Kind;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;

/** Writes payloads as frames to a stream that stays the caller's to flush and close. */
public final class FrameWriter {
    /** In bytes (W8). */
    public static final long MAX_PAYLOAD_LEN = 0xffff_ffffL;

    private final OutputStream sink;
    private final Algorithm algorithm;
    private final long maxPayloadLen;
    private FrameException failure;
    private long position;

    public FrameWriter(OutputStream sink, Algorithm algorithm, long maxPayloadLen) {
        this.sink = sink;
        this.algorithm = algorithm;
        this.maxPayloadLen = maxPayloadLen;
    }

    /** A payload over the bound leaves the writer usable (S2), a failure of the sink does not (S4). */
    public void write(byte[] payload) throws FrameException {
        if (failure != null) {
            throw failure;
        }
        long length = payload.length;
        if (length > maxPayloadLen) {
            throw new FrameException(Kind.INVALID_FRAME, position,
                    Map.of("declared_len", length, "limit", maxPayloadLen));
        }
        ByteBuffer header = ByteBuffer.allocate(Integer.BYTES + algorithm.width).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(payload.length).put(algorithm.field(payload));
        try {
            sink.write(header.array());
            sink.write(payload);
        } catch (IOException cause) {
            failure = new FrameException(position, cause);
            throw failure;
        }
        position += header.capacity() + length;
    }
}
