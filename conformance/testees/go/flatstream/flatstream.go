// Package flatstream reads and writes FlatStream over any io.Reader and io.Writer.
// Ids in comments (R3, S4) are rules of the specification.
package flatstream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"github.com/sigurn/crc16"
	"github.com/zeebo/xxh3"
)

// The usual bounds in bytes of payload: the largest FlatBuffer (R4), and what fits into a frame at all (W8).
const (
	DefaultMaxFrameLen = 1 << 31
	MaxPayloadLen      = math.MaxUint32
)

const lengthSize = 4

// step is the number of bytes for which memory is taken before they arrive; R6 allows 1 MiB.
const step = 1 << 19

// Checksum is an algorithm: its bytes on the wire, and the function of the payload (W3).
type Checksum struct {
	width    int
	function func([]byte) uint64
}

// Checksums has the algorithms of the format by name.
var Checksums = map[string]Checksum{
	"none":    {0, func([]byte) uint64 { return 0 }},
	"crc16":   {2, func(payload []byte) uint64 { return uint64(crc16.Checksum(payload, xmodem)) }},
	"crc32":   {4, func(payload []byte) uint64 { return uint64(crc32.ChecksumIEEE(payload)) }},
	"xxh3_64": {8, xxh3.Hash},
}

// Of is the checksum as it stands on the wire: the low bytes, least significant first (W4).
func (c Checksum) Of(payload []byte) []byte {
	return binary.LittleEndian.AppendUint64(nil, c.function(payload))[:c.width]
}

var xmodem = crc16.MakeTable(crc16.CRC16_XMODEM)

// Kind tells the errors apart (E1).
type Kind string

// The kinds. A clean end is none of them but io.EOF.
const (
	UnexpectedEOF    Kind = "unexpected_eof"
	InvalidFrame     Kind = "invalid_frame"
	ChecksumMismatch Kind = "checksum_mismatch"
	IO               Kind = "io"
)

// Error has the facts of its kind, and the offset of the first length byte of the frame that it is about (E2).
type Error struct {
	Kind                 Kind
	Offset               uint64
	DeclaredLen, Limit   uint64
	Expected, Calculated []byte
	Cause                error
}

func (e *Error) Error() string { return fmt.Sprintf("frame at offset %d: %s", e.Offset, e.Kind) }

// Unwrap gives the error of the source or sink.
func (e *Error) Unwrap() error { return e.Cause }

// Reader reads frame after frame, and takes no byte past the one that it is reading (R9).
type Reader struct {
	source      io.Reader
	checksum    Checksum
	maxFrameLen uint32
	offset      uint64
	failed      *Error
}

// NewReader refuses frames of more than maxFrameLen bytes of payload.
func NewReader(source io.Reader, checksum Checksum, maxFrameLen uint32) *Reader {
	return &Reader{source: source, checksum: checksum, maxFrameLen: maxFrameLen}
}

// Next gives the next payload, which is the caller's to keep, or io.EOF at a clean end, after which the source may
// grow (R1). Every other error is an *Error.
func (r *Reader) Next() ([]byte, error) {
	if r.failed != nil {
		return nil, r.failed
	}
	header, err := readField(r.source, lengthSize)
	if len(header) == 0 && err == io.EOF {
		return nil, io.EOF
	} else if err != nil {
		return nil, r.fail(err)
	}
	length := binary.LittleEndian.Uint32(header)
	// Before the checksum is asked for, and before any memory is taken (R3).
	if length > r.maxFrameLen {
		r.failed = &Error{Kind: InvalidFrame, Offset: r.offset, DeclaredLen: uint64(length), Limit: uint64(r.maxFrameLen)}
		return nil, r.failed
	}
	body, err := readField(r.source, int64(r.checksum.width)+int64(length))
	if err != nil {
		return nil, r.fail(err)
	}
	offset := r.offset
	r.offset += uint64(len(header) + len(body))
	expected, payload := body[:r.checksum.width], body[r.checksum.width:]
	if calculated := r.checksum.Of(payload); !bytes.Equal(expected, calculated) {
		// Does not stick, since the next frame can be read (R10).
		return nil, &Error{Kind: ChecksumMismatch, Offset: offset, Expected: expected, Calculated: calculated}
	}
	return payload, nil
}

// fail makes the error that sticks, since nobody knows where the next frame is (R10).
func (r *Reader) fail(err error) error {
	r.failed = &Error{Kind: IO, Offset: r.offset, Cause: err}
	if err == io.EOF {
		r.failed.Kind = UnexpectedEOF
	}
	return r.failed
}

// readField gives io.EOF, and what there is, if the source ends inside the field (R7). It takes memory in steps, since
// most of a forged length never arrives (R6).
func readField(source io.Reader, length int64) ([]byte, error) {
	var parts [][]byte
	var err error
	for missing := length; missing > 0 && err == nil; missing -= step {
		size := min(missing, step)
		part := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
		_, err = io.CopyN(part, source, size)
		parts = append(parts, part.Bytes())
	}
	return slices.Concat(parts...), err
}

// Report is what recovery found. EmptyTail counts the empty frames at the end (C6).
type Report struct {
	Frames, LastGoodOffset, EmptyTail uint64
	Torn                              bool
}

// Recover reads to the end and reports where the last whole frame ended. Only a frame that is cut short is a torn
// tail; every other error is no report at all (C2, C3).
func (r *Reader) Recover() (report Report, _ error) {
	for payload, err := r.Next(); ; payload, err = r.Next() {
		var failure *Error
		report.Torn = errors.As(err, &failure) && failure.Kind == UnexpectedEOF
		if err == io.EOF || report.Torn {
			report.LastGoodOffset = r.offset
			return report, nil
		} else if err != nil {
			return Report{}, err
		}
		report.Frames++
		report.EmptyTail++
		if len(payload) > 0 {
			report.EmptyTail = 0
		}
	}
}

// Writer writes frame after frame.
type Writer struct {
	sink          io.Writer
	checksum      Checksum
	maxPayloadLen uint32
	offset        uint64
	failed        *Error
}

// NewWriter refuses payloads of more than maxPayloadLen bytes.
func NewWriter(sink io.Writer, checksum Checksum, maxPayloadLen uint32) *Writer {
	return &Writer{sink: sink, checksum: checksum, maxPayloadLen: maxPayloadLen}
}

// Write writes one frame. A payload over the bound is refused before its first byte (S2). After a failure of the
// sink each call fails, so that no frame follows a torn one (S4).
func (w *Writer) Write(payload []byte) error {
	if w.failed != nil {
		return w.failed
	}
	length, limit := uint64(len(payload)), uint64(w.maxPayloadLen)
	if length > limit {
		return &Error{Kind: InvalidFrame, Offset: w.offset, DeclaredLen: length, Limit: limit}
	}
	header := append(binary.LittleEndian.AppendUint32(nil, uint32(length)), w.checksum.Of(payload)...)
	frame := slices.Concat(header, payload)
	// By the contract of io.Writer, a sink that takes less than all says why: there is no rest to offer (S1).
	if _, err := w.sink.Write(frame); err != nil {
		w.failed = &Error{Kind: IO, Offset: w.offset, Cause: err}
		return w.failed
	}
	w.offset += uint64(len(frame))
	return nil
}
