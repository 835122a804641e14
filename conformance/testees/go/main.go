// The testee does what each request of the conformance protocol asks for, and replies with what came of it.
package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math"
	"os"

	"flatstream-testee/flatstream"
)

type message = map[string]any

// request has the fields of all requests.
type request struct {
	Seq            json.RawMessage
	Op, Algorithm  string
	Data, Wire     hexBytes
	Payloads       []hexBytes
	MaxFrameLen    uint32 `json:"max_frame_len"`
	MaxPayloadLen  uint32 `json:"max_payload_len"`
	Chunks         []int
	FaultAfter     int `json:"fault_after"`
	SinkFaultAfter int `json:"sink_fault_after"`
	StopAfter      int `json:"stop_after"`
}

// newRequest has what the fields are where a request leaves them out or has null.
func newRequest() *request {
	return &request{
		MaxFrameLen: flatstream.DefaultMaxFrameLen, MaxPayloadLen: flatstream.MaxPayloadLen, Chunks: []int{math.MaxInt},
		FaultAfter: math.MaxInt, SinkFaultAfter: math.MaxInt, StopAfter: math.MaxInt,
	}
}

// hexBytes are bytes that are hexadecimal in JSON.
type hexBytes []byte

func (h hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h), nil }

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.AppendDecode([]byte{}, text)
	return err
}

var errFault = errors.New("failed as the request says")

// source gives at most the next of its chunks at each read, the last one repeating, and fails after `left` bytes.
type source struct {
	*bytes.Reader
	chunks []int
	left   int
}

func (s *source) Read(buffer []byte) (int, error) {
	if s.left == 0 {
		return 0, errFault
	}
	n, err := s.Reader.Read(buffer[:min(len(buffer), s.chunks[0], s.left)])
	s.left -= n
	s.chunks = s.chunks[min(1, len(s.chunks)-1):]
	return n, err
}

// sink fails after `left` bytes.
type sink struct {
	bytes.Buffer
	left int
}

func (s *sink) Write(data []byte) (int, error) {
	n, err := s.Buffer.Write(data[:min(len(data), s.left)])
	s.left -= n
	if n < len(data) {
		err = errFault
	}
	return n, err
}

func start(*request, flatstream.Checksum) message {
	return message{
		"implementation": message{"name": "go", "version": "1", "language": "Go"},
		"algorithms":     []string{"none", "crc16", "crc32", "xxh3_64"},
		"ops":            []string{"start", "checksum", "frame", "deframe", "recover"},
		"features":       []string{"chunked", "empty_tail", "exact_reads", "faults", "offsets", "sink_faults"},
	}
}

func checksum(r *request, algorithm flatstream.Checksum) message {
	return message{"checksum": hexBytes(algorithm.Of(r.Data))}
}

func frame(r *request, algorithm flatstream.Checksum) message {
	sink := &sink{left: r.SinkFaultAfter}
	writer := flatstream.NewWriter(sink, algorithm, r.MaxPayloadLen)
	reply := message{}
	for _, payload := range r.Payloads {
		if err := writer.Write(payload); err != nil {
			reply["error"] = facts(err)
			break
		}
	}
	reply["wire"] = hex.EncodeToString(sink.Bytes())
	return reply
}

func deframe(r *request, algorithm flatstream.Checksum) message {
	source := &source{bytes.NewReader(r.Wire), r.Chunks, r.FaultAfter}
	reader := flatstream.NewReader(source, algorithm, r.MaxFrameLen)
	payloads := []hexBytes{}
	for len(payloads) < r.StopAfter {
		payload, err := reader.Next()
		if err == io.EOF {
			return message{"payloads": payloads, "end": "clean"}
		} else if err != nil {
			return message{"payloads": payloads, "end": "error", "error": facts(err)}
		}
		payloads = append(payloads, payload)
	}
	return message{"payloads": payloads, "end": "stopped", "consumed": len(r.Wire) - source.Len()}
}

func recovery(r *request, algorithm flatstream.Checksum) message {
	source := &source{bytes.NewReader(r.Wire), r.Chunks, r.FaultAfter}
	report, err := flatstream.NewReader(source, algorithm, r.MaxFrameLen).Recover()
	if err != nil {
		return message{"error": facts(err)}
	}
	return message{
		"frames": report.Frames, "last_good_offset": report.LastGoodOffset, "empty_tail": report.EmptyTail,
		"end": map[bool]string{false: "clean_eof", true: "torn_tail"}[report.Torn],
	}
}

// facts is the error of a reply.
func facts(err error) message {
	failure := err.(*flatstream.Error)
	reply := message{"kind": failure.Kind, "offset": failure.Offset}
	switch failure.Kind {
	case flatstream.InvalidFrame:
		reply["declared_len"], reply["limit"] = failure.DeclaredLen, failure.Limit
	case flatstream.ChecksumMismatch:
		reply["expected"], reply["calculated"] = hexBytes(failure.Expected), hexBytes(failure.Calculated)
	}
	return reply
}

var operations = map[string]func(*request, flatstream.Checksum) message{
	"start": start, "checksum": checksum, "frame": frame, "deframe": deframe, "recover": recovery,
}

func main() {
	requests, replies := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		r := newRequest()
		if err := requests.Decode(r); err == io.EOF {
			return
		} else if err != nil {
			log.Fatalf("testee: request: %v", err)
		}
		reply := message{"skipped": "no such operation"}
		if operation, known := operations[r.Op]; known {
			reply = operation(r, flatstream.Checksums[r.Algorithm])
		}
		reply["seq"] = r.Seq
		if err := replies.Encode(reply); err != nil {
			log.Fatalf("testee: reply: %v", err)
		}
	}
}
