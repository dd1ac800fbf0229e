// Package strictjson reads JSON as the specification demands (spec/model-file.md, check 2). encoding/json alone is
// laxer: it mends text that is not UTF-8 and lone surrogates, nests deeply, and forgets the order of members and their
// repetitions.
package strictjson

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

const maxDepth = 16

// Value is the text of one JSON value, known to be valid.
type Value []byte

// Member is one member of an object.
type Member struct {
	Key   string
	Value Value
}

// Object is the object that text holds, white space around it allowed; false when the text is anything else or not
// valid.
func Object(text []byte) (Value, bool) {
	text = bytes.Trim(text, " \t\r\n")
	if !bytes.HasPrefix(text, []byte("{")) || !utf8.Valid(text) || !wellNested(text) || !json.Valid(text) {
		return nil, false
	}
	return text, true
}

// wellNested tells whether nothing is nested deeper than maxDepth and every escaped surrogate has its partner.
func wellNested(text []byte) bool {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			if depth++; depth > maxDepth {
				return false
			}
		case '}', ']':
			depth--
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] != '\\' {
					continue
				}
				if unit, ok := escapedUnit(text[i:]); ok && unit>>11 == 0xd800>>11 {
					low, ok := escapedUnit(text[min(i+6, len(text)):])
					if unit >= 0xdc00 || !ok || low>>10 != 0xdc00>>10 {
						return false
					}
					i += 6
				}
				i++ // the escaped character
			}
		}
	}
	return true
}

// escapedUnit is the UTF-16 unit of a text that starts with \uXXXX.
func escapedUnit(text []byte) (uint64, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return unit, err == nil
}

// Members lists an object's members in the order written, repetitions included; false when the value is not an object.
func (v Value) Members() ([]Member, bool) {
	if v[0] != '{' {
		return nil, false
	}
	var list []Member
	decoder := json.NewDecoder(bytes.NewReader(v))
	must(decoder.Token())
	for decoder.More() {
		key := must(decoder.Token())
		var value json.RawMessage
		must(0, decoder.Decode(&value))
		list = append(list, Member{key.(string), Value(value)})
	}
	return list, true
}

// Items lists an array's elements; false when the value is not an array.
func (v Value) Items() ([]Value, bool) {
	if v[0] != '[' {
		return nil, false
	}
	var raw []json.RawMessage
	must(0, json.Unmarshal(v, &raw))
	list := make([]Value, len(raw))
	for i, item := range raw {
		list[i] = Value(item)
	}
	return list, true
}

// Text is a string's characters; false when the value is not a string.
func (v Value) Text() (string, bool) {
	if v[0] != '"' {
		return "", false
	}
	var text string
	must(0, json.Unmarshal(v, &text))
	return text, true
}

// Integer is a number without fraction or exponent of at most 2^53 - 1 in magnitude; false when the value is anything
// else.
func (v Value) Integer() (int64, bool) {
	n, err := strconv.ParseInt(string(v), 10, 64)
	return n, err == nil && -1<<53 < n && n < 1<<53
}

// Number is a number, rounded to float64; false when it is too large for that, an integer of which Integer says no, or anything
// else.
func (v Value) Number() (float64, bool) {
	number, err := strconv.ParseFloat(string(v), 64)
	if !bytes.ContainsAny(v, ".eE") {
		_, isInteger := v.Integer()
		return number, isInteger
	}
	return number, err == nil
}

// Bool is true or false; the second result is false when the value is neither.
func (v Value) Bool() (value, ok bool) {
	return v[0] == 't', v[0] == 't' || v[0] == 'f'
}

// String describes the value in the words of spec/errors.md.
func (v Value) String() string {
	if text, ok := v.Text(); ok {
		return `"` + text + `"`
	}
	if n, ok := v.Integer(); ok {
		return strconv.FormatInt(n, 10)
	}
	switch v[0] {
	case 't', 'f', 'n':
		return string(v)
	case '[':
		return "an array"
	case '{':
		return "an object"
	}
	return "a number"
}

// must passes on a result that cannot fail, the text having been found valid.
func must[T any](result T, err error) T {
	if err != nil {
		panic(err)
	}
	return result
}
