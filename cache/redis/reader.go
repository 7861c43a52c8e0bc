package redis

import (
	"bufio"
	"errors"
	"io"
	"strconv"
)

// Bounds of what is read, checked before anything is allocated.
const (
	maxBulk  = 64 << 10 // bytes of one text
	maxArray = 4096     // items of one array
	maxDepth = 5        // arrays in arrays; entries of a stream have as many
	maxItems = 32 << 10 // items in all arrays of a batch
	maxBytes = 16 << 20 // bytes of all lines and texts of a batch
)

// What makes a connection useless.
var (
	errLine   = errors.New("redis: a line that is no reply")
	errType   = errors.New("redis: a reply of a type that is not known")
	errLength = errors.New("redis: a reply with a length out of bounds")
	errDepth  = errors.New("redis: a reply with too many arrays in one another")
	errShape  = errors.New("redis: a reply that the command cannot have")
	errExtra  = errors.New("redis: more replies than commands")
	errOrder  = errors.New("redis: replies out of order")
)

// reader reads replies (RESP2).
type reader struct {
	in    *bufio.Reader
	items int // how many a batch may still have
	bytes int
}

// reply reads one reply, which stands in that many arrays.
func (r *reader) reply(depth int) (*Reply, error) {
	raw, err := r.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errLine
	}
	if err != nil {
		return nil, err
	}
	r.bytes -= len(raw)
	if r.bytes < 0 {
		return nil, errLength
	}
	end := len(raw) - 2
	if end < 1 || raw[end] != '\r' {
		return nil, errLine
	}
	kind, rest := raw[0], string(raw[1:end])
	if kind == '+' {
		return &Reply{Kind: Status, Text: rest}, nil
	}
	if kind == '-' {
		return failure(rest), nil
	}
	n, err := number(rest)
	if kind == '$' && err == nil {
		return r.bulk(n)
	}
	if kind == '*' && err == nil {
		return r.array(n, depth+1)
	}
	if kind == ':' && err == nil {
		return &Reply{Kind: Integer, Number: n}, nil
	}
	if kind == '$' || kind == '*' || kind == ':' {
		return nil, err
	}
	return nil, errType
}

func (r *reader) bulk(n int64) (*Reply, error) {
	if n == -1 {
		return &Reply{Kind: Absent}, nil
	}
	if n < 0 || n > maxBulk || int(n) > r.bytes {
		return nil, errLength
	}
	size := int(n)
	r.bytes -= size
	text := make([]byte, size+2)
	if _, err := io.ReadFull(r.in, text); err != nil {
		return nil, err
	}
	if text[size] != '\r' || text[size+1] != '\n' {
		return nil, errLine
	}
	return &Reply{Kind: Bulk, Text: string(text[:size])}, nil
}

func (r *reader) array(n int64, depth int) (*Reply, error) {
	if n == -1 {
		return &Reply{Kind: Absent}, nil
	}
	if n < 0 || n > maxArray || int(n) > r.items {
		return nil, errLength
	}
	if depth > maxDepth {
		return nil, errDepth
	}
	r.items -= int(n)
	items := make([]*Reply, 0, int(n))
	for i := 0; i < int(n); i++ {
		item, err := r.reply(depth)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return &Reply{Kind: Array, Items: items}, nil
}

// number reads a number as Redis writes it: digits, perhaps with a minus.
func number(text string) (int64, error) {
	if text == "" || text[0] == '+' {
		return 0, errLine
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, errLine
	}
	return n, nil
}
