package flatstream;

/** What a scan found: only a torn tail may be cut off, at the last good offset (C1, C2). */
public record Recovery(long frames, long lastGoodOffset, boolean torn, long emptyTail) {
    /** Reads to the end of the source; any error but an end inside a frame comes out as it is (C3). */
    public static Recovery scan(FrameReader reader) throws FrameException {
        long frames = 0;
        long emptyTail = 0; // The empty frames at the end may be a lost block (C6).
        boolean torn = false;
        try {
            for (byte[] payload = reader.next(); payload != null; payload = reader.next()) {
                frames++;
                emptyTail = payload.length == 0 ? emptyTail + 1 : 0;
            }
        } catch (FrameException error) {
            torn = error.kind == FrameException.Kind.UNEXPECTED_EOF;
            if (!torn) {
                throw error;
            }
        }
        return new Recovery(frames, reader.position, torn, emptyTail);
    }
}
