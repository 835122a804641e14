package flatstream;

import com.dynatrace.hash4j.hashing.Hashing;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.ToLongFunction;
import java.util.zip.CRC32;

/** A checksum: how many bytes it takes on the wire, 0 to 8, and its function of the payload (W3). */
public enum Algorithm {
    NONE(0, payload -> 0),
    CRC16(2, Algorithm::crc16),
    CRC32(4, Algorithm::crc32),
    XXH3_64(8, Hashing.xxh3_64()::hashBytesToLong);

    final int width;
    private final ToLongFunction<byte[]> function;

    Algorithm(int width, ToLongFunction<byte[]> function) {
        this.width = width;
        this.function = function;
    }

    /** The checksum field of a payload: the low bytes of its checksum, least significant first (W4). */
    public byte[] field(byte[] payload) {
        ByteBuffer value = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        return Arrays.copyOf(value.putLong(function.applyAsLong(payload)).array(), width);
    }

    private static long crc32(byte[] payload) {
        CRC32 crc = new CRC32();
        crc.update(payload);
        return crc.getValue();
    }

    /** CRC-16/XMODEM, which the JDK does not have: polynomial 0x1021, initial value 0, a bit at a time. */
    private static long crc16(byte[] payload) {
        int crc = 0;
        for (byte next : payload) {
            crc ^= (next & 0xff) << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc << 1) ^ ((crc & 0x8000) == 0 ? 0 : 0x1021);
            }
        }
        return crc & 0xffff;
    }
}
