package lstmref

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/lstm-ref/lstm_ref/go/internal/array"
	"github.com/lstm-ref/lstm_ref/go/internal/kernel"
	"github.com/lstm-ref/lstm_ref/go/internal/strictjson"
)

const (
	maxHeader = 100_000_000
	maxRank   = 8
)

// entry is one tensor of a file: its description and its bytes.
type entry struct {
	name       string
	dtype      string
	shape      []int
	begin, end int
	data       []byte
}

// container is a file's tensors, in the order of the header, and its metadata (nil when it has none).
type container struct {
	entries  []*entry
	byName   map[string]*entry
	metadata map[string]string
}

// readAt reads a whole file and gives it to read; errors get the path in front.
func readAt[Result any](path string, read func([]byte) (Result, error)) (result Result, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return result, at(path, invalid("file", "a readable file", "cannot be read (%v)", reason(err)))
	}
	if result, err = read(data); err != nil {
		return result, at(path, err)
	}
	return result, nil
}

// at puts the path in front of an error's text; errors.As still finds the *Error.
func at(path string, err error) error { return fmt.Errorf("%s: %w", path, err) }

// reason is an error of the system without the path and the operation.
func reason(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	return err
}

// readContainer makes checks 1 to 4 of spec/model-file.md. The tensors' data stay where they are in the file.
func readContainer(file []byte) (*container, error) {
	if len(file) < 8 { // check 1
		return nil, invalid("file", "at least 8 (the header length)", "%d bytes", len(file))
	}
	n, limit := binary.LittleEndian.Uint64(file), min(len(file)-8, maxHeader)
	if n > uint64(limit) {
		return nil, invalid("header", fmt.Sprintf("at most %d (bytes after the first 8)", limit), "length %d", n)
	}
	header, data := file[8:8+n], file[8+n:]

	object, ok := strictjson.Object(header) // check 2
	if !ok || header[0] != '{' {
		return nil, invalid("header", "a JSON object", "invalid JSON")
	}
	members, _ := object.Members()
	c := &container{byName: map[string]*entry{}}
	for _, member := range members { // check 3
		if member.Key == "__metadata__" {
			if c.metadata != nil {
				return nil, invalid("__metadata__", "one", "duplicate key")
			}
			if c.metadata, ok = readMetadata(member.Value); !ok {
				return nil, invalid("__metadata__", "an object of strings", "malformed")
			}
			continue
		}
		if c.byName[member.Key] != nil {
			return nil, invalid(member.Key, "one", "duplicate tensor")
		}
		e, err := readEntry(member.Key, member.Value, len(data))
		if err != nil {
			return nil, err
		}
		e.data = data[e.begin:e.end]
		c.byName[e.name] = e
		c.entries = append(c.entries, e)
	}

	ordered := slices.Clone(c.entries) // check 4
	slices.SortStableFunc(ordered, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	end := 0
	for _, e := range ordered {
		if e.begin != end {
			return nil, invalid(e.name, fmt.Sprintf("begin = %d (no gap, no overlap)", end), "%s", e.offsets())
		}
		end = e.end
	}
	if rest := len(data) - end; rest != 0 {
		return nil, invalid("file", "0", "%d bytes after the last tensor", rest)
	}
	return c, nil
}

// readMetadata is an object of strings without repetitions.
func readMetadata(value strictjson.Value) (map[string]string, bool) {
	members, ok := value.Members()
	metadata := map[string]string{}
	for _, member := range members {
		text, isText := member.Value.Text()
		_, seen := metadata[member.Key]
		ok = ok && isText && !seen
		metadata[member.Key] = text
	}
	return metadata, ok
}

// readEntry makes check 3 on one tensor's description; size is the number of bytes of data.
func readEntry(name string, value strictjson.Value, size int) (*entry, error) {
	members, _ := value.Members()
	fields := map[string]strictjson.Value{}
	for _, member := range members {
		fields[member.Key] = member.Value
	}
	e := &entry{name: name}
	dtype, shape, offsets := fields["dtype"], fields["shape"], fields["data_offsets"]
	wellFormed := len(members) == 3 && dtype != nil && shape != nil && offsets != nil
	if wellFormed {
		var isText, areSizes, areOffsets bool
		var pair []int
		e.dtype, isText = dtype.Text()
		e.shape, areSizes = readSizes(shape)
		pair, areOffsets = readSizes(offsets)
		if wellFormed = isText && areSizes && len(e.shape) <= maxRank && areOffsets && len(pair) == 2; wellFormed {
			e.begin, e.end = pair[0], pair[1]
		}
	}
	if !wellFormed {
		return nil, invalid(name, "dtype, shape and data_offsets", "malformed entry")
	}
	elementSize, ok := map[string]uint64{"BF16": 2, "F32": 4, "F64": 8, "I64": 8}[e.dtype]
	if !ok {
		return nil, invalid(name, "BF16, F32, F64 or I64", "dtype %s", e.dtype)
	}
	bytes, ok := sizeInBytes(e.shape, elementSize)
	if !ok {
		return nil, invalid(name, "a size in bytes below 2^63", "shape %s", formatShape(e.shape))
	}
	if e.begin > e.end || e.end > size {
		return nil, invalid(name, fmt.Sprintf("0 <= begin <= end <= %d", size), "%s", e.offsets())
	}
	if uint64(e.end-e.begin) != bytes {
		want := fmt.Sprintf("%d bytes for shape %s of %s", bytes, formatShape(e.shape), e.dtype)
		return nil, invalid(name, want, "%s", e.offsets())
	}
	return e, nil
}

func (e *entry) offsets() string { return fmt.Sprintf("data_offsets [%d, %d]", e.begin, e.end) }

// readSizes is an array of integers >= 0 that this machine can count to.
func readSizes(value strictjson.Value) ([]int, bool) {
	items, ok := value.Items()
	sizes := make([]int, len(items))
	for i, item := range items {
		n, isInteger := item.Integer()
		ok = ok && isInteger && 0 <= n && n <= math.MaxInt
		sizes[i] = int(n)
	}
	return sizes, ok
}

// sizeInBytes is the product of the dimensions and the element size; false when without its zeros it is 2^63 or more.
func sizeInBytes(shape []int, elementSize uint64) (size uint64, ok bool) {
	size = elementSize
	for _, n := range shape {
		high, low := bits.Mul64(size, uint64(max(n, 1)))
		if high != 0 || low >= 1<<63 {
			return 0, false
		}
		size = low
	}
	if slices.Contains(shape, 0) {
		size = 0
	}
	return size, true
}

// tensorOf is the entry, whose dtype is that of F, or BF16, which is the upper half of a float32.
func tensorOf[F Float](e *entry) *TensorOf[F] {
	if e.dtype == "BF16" {
		list := make([]F, len(e.data)/2)
		for i := range list {
			list[i] = F(math.Float32frombits(uint32(binary.LittleEndian.Uint16(e.data[2*i:])) << 16))
		}
		return &TensorOf[F]{Shape: e.shape, Data: list}
	}
	list := make([]F, len(e.data)/kernel.Size[F]())
	if _, err := binary.Decode(e.data, binary.LittleEndian, list); err != nil {
		panic(err)
	}
	return &TensorOf[F]{Shape: e.shape, Data: list}
}

// integers is the entry as int64.
func (e *entry) integers() []int64 {
	list := make([]int64, len(e.data)/8)
	for i := range list {
		list[i] = int64(binary.LittleEndian.Uint64(e.data[8*i:]))
	}
	return list
}

func zerosOf[F Float](shape ...int) *TensorOf[F] {
	size := 1
	for _, n := range shape {
		size *= n
	}
	return &TensorOf[F]{Shape: shape, Data: make([]F, size)}
}

// NamedTensorOf is a tensor of a file.
type NamedTensorOf[F Float] struct {
	Name string
	*array.Tensor[F]
}

// ReadTensorsAs reads all tensors of a safetensors file, which must be of that type.
func ReadTensorsAs[F Float](path string) ([]NamedTensorOf[F], error) {
	c, err := readAt(path, readContainer)
	if err != nil {
		return nil, err
	}
	var tensors []NamedTensorOf[F]
	for _, e := range c.entries {
		if want := dtype[F](); e.dtype != want {
			return nil, at(path, invalid(e.name, want, "dtype %s", e.dtype))
		}
		tensors = append(tensors, NamedTensorOf[F]{e.name, tensorOf[F](e)})
	}
	return tensors, nil
}

// WriteTensorsAs writes a safetensors file. It appears under its name whole or not at all.
func WriteTensorsAs[F Float](path string, tensors ...NamedTensorOf[F]) error {
	if err := checkWritable(tensors); err != nil {
		return at(path, err)
	}
	err := writeWhole(path, func(file io.Writer) error {
		if _, err := file.Write(encodeHeader(tensors)); err != nil {
			return err
		}
		for _, tensor := range tensors {
			if err := binary.Write(file, binary.LittleEndian, tensor.Data); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return unwritable(path, err)
	}
	return nil
}

// checkWritable refuses what no file can hold, or no reader would take.
func checkWritable[F Float](tensors []NamedTensorOf[F]) error {
	seen := map[string]bool{}
	for _, tensor := range tensors {
		name := tensor.Name
		switch {
		case !utf8.ValidString(name):
			return invalid(strings.ToValidUTF8(name, "\uFFFD"), "a name in UTF-8", "not UTF-8")
		case name == "__metadata__":
			return invalid(name, "another name", "a reserved name")
		case seen[name]:
			return invalid(name, "one", "duplicate tensor")
		case tensor.Tensor == nil:
			return invalid(name, "a tensor", "missing")
		case len(tensor.Shape) > maxRank:
			return invalid(name, fmt.Sprintf("at most %d", maxRank), "rank %d", len(tensor.Shape))
		case len(tensor.Shape) > 0 && slices.Min(tensor.Shape) < 0:
			return invalid(name, "no negative size", "shape %s", formatShape(tensor.Shape))
		}
		if err := checkData(name, tensor.Tensor); err != nil {
			return err
		}
		if _, ok := sizeInBytes(tensor.Shape, uint64(kernel.Size[F]())); !ok {
			return invalid(name, "a size in bytes below 2^63", "shape %s", formatShape(tensor.Shape))
		}
		seen[name] = true
	}
	return nil
}

// writeWhole writes a file under a temporary name beside path and renames it. Its permissions are what the umask leaves,
// unlike those of os.CreateTemp.
func writeWhole(path string, write func(io.Writer) error) error {
	temporary := filepath.Join(filepath.Dir(path), rand.Text()+".part")
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	renamed := false
	defer func() { // after a panic, too
		if !renamed {
			file.Close()
			os.Remove(temporary)
		}
	}()
	if err := write(file); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	err = os.Rename(temporary, path)
	renamed = err == nil
	return err
}

func unwritable(path string, err error) error {
	return at(path, invalid("file", "a writable file", "cannot be written (%v)", reason(err)))
}

// encodeHeader is the header's length and the header, filled up with spaces so that the data are aligned.
func encodeHeader[F Float](tensors []NamedTensorOf[F]) []byte {
	var header bytes.Buffer
	header.WriteString("{")
	offset := 0
	for i, tensor := range tensors {
		if i > 0 {
			header.WriteString(",")
		}
		name, _ := json.Marshal(tensor.Name)
		shape, _ := json.Marshal(append([]int{}, tensor.Shape...)) // never null
		end := offset + kernel.Size[F]()*len(tensor.Data)
		fmt.Fprintf(&header, `%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, name, dtype[F](), shape, offset, end)
		offset = end
	}
	header.WriteString("}")
	for header.Len()%8 != 0 {
		header.WriteByte(' ')
	}
	return append(binary.LittleEndian.AppendUint64(nil, uint64(header.Len())), header.Bytes()...)
}
