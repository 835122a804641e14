package flatstream;

import flatstream.FrameException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;

/** Takes payload after payload from a stream, and never a byte beyond the frame that it reads (R9). */
public final class FrameReader {
    /** In bytes, itself allowed (R4). */
    public static final long DEFAULT_MAX_FRAME_LEN = 1L << 31;

    private static final HexFormat HEX = HexFormat.of();

    private final InputStream source;
    private final Algorithm algorithm;
    private final long maxFrameLen;
    private FrameException failure;
    /** One past the last whole frame, also if its checksum was wrong. */
    long position;

    /** The source stays the caller's; a limit outside of 0 to 2^32 - 1 is an IllegalArgumentException. */
    public FrameReader(InputStream source, Algorithm algorithm, long maxFrameLen) {
        if (maxFrameLen < 0 || maxFrameLen > FrameWriter.MAX_PAYLOAD_LEN) {
            throw new IllegalArgumentException("limit " + maxFrameLen + " is not 0 to 2^32 - 1");
        }
        this.source = source;
        this.algorithm = algorithm;
        this.maxFrameLen = maxFrameLen;
    }

    /** The next payload, or null at a clean end, which does not stick (R1); every error but a mismatch does (R10). */
    public byte[] next() throws FrameException {
        if (failure != null) {
            throw failure;
        }
        try {
            return read();
        } catch (FrameException error) {
            failure = error.kind == Kind.CHECKSUM_MISMATCH ? null : error;
            throw error;
        } catch (IOException cause) {
            failure = new FrameException(position, cause);
            throw failure;
        }
    }

    private byte[] read() throws IOException {
        long start = position;
        byte[] header = source.readNBytes(Integer.BYTES);
        if (header.length == 0) {
            return null;
        }
        if (header.length < Integer.BYTES) {
            throw new FrameException(Kind.UNEXPECTED_EOF, start, Map.of());
        }
        long length = Integer.toUnsignedLong(ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt());
        if (length > maxFrameLen) { // Before the checksum is looked at and before any memory is taken (R3).
            throw new FrameException(Kind.INVALID_FRAME, start, Map.of("declared_len", length, "limit", maxFrameLen));
        }
        byte[] expected = source.readNBytes(algorithm.width);
        // Takes memory as the bytes arrive (R6). No array holds 2^31 bytes: if they do arrive, an OutOfMemoryError.
        byte[] payload = source.readNBytes((int) Math.min(length, Integer.MAX_VALUE));
        if (expected.length < algorithm.width || payload.length < length) {
            throw new FrameException(Kind.UNEXPECTED_EOF, start, Map.of());
        }
        position += header.length + expected.length + length;
        byte[] calculated = algorithm.field(payload);
        if (!Arrays.equals(expected, calculated)) {
            throw new FrameException(Kind.CHECKSUM_MISMATCH, start,
                    Map.of("expected", HEX.formatHex(expected), "calculated", HEX.formatHex(calculated)));
        }
        return payload;
    }
}
