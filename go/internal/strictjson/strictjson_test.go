package strictjson

import (
	"fmt"
	"strings"
	"testing"
)

func nested(depth int) string { // an object at level 1
	return `{"a":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + "}"
}

func TestObject(t *testing.T) {
	for text, want := range map[string]bool{
		`{}`: true, " \t\r\n{\"a\": [1, -0, 1.5e+3, true, null]}\n": true, `{"a":1,"a":2}`: true,
		nested(16): true, nested(17): false, strings.Repeat("[", 1<<20): false, strings.Repeat(`{"a":`, 1<<20): false,
		`{"a":"]]]]]]]]]]]]]]]]]]][[[[[[[[[[[[[[[[[[[[[[[[[{\\\"["}`: true,
		``: false, ` `: false, `[]`: false, `1`: false, `null`: false, `{} {}`: false, `{}x`: false,
		"{}\x00": false, "\ufeff{}": false,
		`{"a":01}`: false, `{"a":+1}`: false, `{"a":1.}`: false, `{"a":.5}`: false, `{"a":NaN}`: false, `{"a":Infinity}`: false,
		`{"a":1,}`: false, `{'a':1}`: false, `{a:1}`: false, `{"a"}`: false, `{"a":1 "b":2}`: false,
		`{"a`: false, `{"a\`: false, `{"\u12`: false,
		"{\"a\n\":1}": false, "{\"a\x00\":1}": false, "{\"\x7f\":1}": true, `{"\x":1}`: false, `{"\u00e9":1}`: true,
		"{\"\xff\":1}": false, "{\"\xc0\x80\":1}": false, "{\"\xed\xa0\x80\":1}": false, "{\"\U0001f600\":1}": true,
		`{"\ud83d\ude00":1}`: true, `{"\uD83D\uDE00x":1}`: true, `{"\\ud83d":1}`: true, `{"\\\ud83d":1}`: false,
		`{"\ud83d":1}`: false, `{"\ude00":1}`: false, `{"\ude00\ude00":1}`: false,
		`{"\ud83dx":1}`: false, `{"\ud83d\u0041":1}`: false, `{"\ud83d\ud83d\ude00":1}`: false,
		`{"\ud83d\ude00\ude00":1}`: false, `{"\ud83d\n":1}`: false,
	} {
		if _, got := Object([]byte(text)); got != want {
			t.Errorf("%.60q: %v, want %v", text, got, want)
		}
	}
}

func TestMembersKeepOrderAndRepetitions(t *testing.T) {
	object, _ := Object([]byte(`{"b": 1, "a": {"b": [2, 3]}, "b": "\u0041\ud83d\ude00", "": null}`))
	members, ok := object.Members()
	if got, want := fmt.Sprint(ok, members), `true [{b 1} {a an object} {b "A😀"} { null}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]string{
		`0`: "0", `-0`: "0", `-12`: "-12", `9007199254740991`: "9007199254740991", `9007199254740992`: "a number",
		`-9007199254740991`: "-9007199254740991", `-9007199254740992`: "a number", `99999999999999999999`: "a number",
		`1.0`: "a number", `1e2`: "a number", `"a\nb"`: "\"a\nb\"", `true`: "true", `false`: "false", `null`: "null",
		`[1]`: "an array", `{"a":1}`: "an object",
	} {
		if got := Value(text).String(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// FuzzObject: whatever is found valid can be taken apart without a panic.
func FuzzObject(f *testing.F) {
	f.Add([]byte(`{"a": [1, "\ud83d\ude00", {"b": null}], "a": 2.5}`))
	f.Add([]byte(`{"\ud83d": 1}`))
	f.Add([]byte(`{"a": }`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if object, ok := Object(text); ok {
			visit(object)
		}
	})
}

func visit(v Value) {
	_ = v.String()
	members, _ := v.Members()
	for _, member := range members {
		visit(member.Value)
	}
	items, _ := v.Items()
	for _, item := range items {
		visit(item)
	}
}
