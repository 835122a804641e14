package flatstream;

import java.io.IOException;
import java.util.Map;

/** The error of a frame. */
public final class FrameException extends IOException {
    private static final long serialVersionUID = 1;

    /** What went wrong (E1); an IO has the error of the source or sink as its cause. */
    public enum Kind { UNEXPECTED_EOF, INVALID_FRAME, CHECKSUM_MISMATCH, IO }

    public final Kind kind;
    /** Where the frame begins: absolute, in bytes (E2). */
    public final long offset;
    /** By the names of E1: numbers of bytes, and checksum fields as on the wire, in hexadecimal. */
    public final transient Map<String, Object> facts;

    FrameException(Kind kind, long offset, Map<String, Object> facts) {
        super(kind + " in the frame at offset " + offset + " " + facts);
        this.kind = kind;
        this.offset = offset;
        this.facts = facts;
    }

    FrameException(long offset, IOException cause) {
        this(Kind.IO, offset, Map.of());
        initCause(cause);
    }
}
