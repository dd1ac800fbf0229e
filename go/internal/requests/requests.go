// Package requests is for programs that answer requests, one JSON object a line in, one out: the runner
// (spec/runner.md) and the benchmark worker.
package requests

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	lstmref "github.com/lstm-ref/lstm_ref/go"
	"github.com/lstm-ref/lstm_ref/go/internal/strictjson"
)

// Request is the members of a request; of repeated ones the last.
type Request map[string]strictjson.Value

// Handler carries out one request. The response is encoded as JSON; after stop no further request is read.
type Handler func(Request) (response any, stop bool, err error)

type failed struct {
	Seq   *int64 `json:"seq,omitempty"`
	Error string `json:"error"`
}

// Serve answers every line until a handler says stop or the input ends. An error becomes {"error": MESSAGE}, with the
// request's seq if it has one.
func Serve(in io.Reader, out io.Writer, handle Handler) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil && len(line) == 0 {
			if err == io.EOF {
				return nil
			}
			return err
		}
		response, stop := answer(bytes.TrimSuffix(line, []byte("\n")), handle)
		var text bytes.Buffer
		encoder := json.NewEncoder(&text) // writes a line
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(response); err != nil {
			return err
		}
		if _, err := out.Write(text.Bytes()); err != nil || stop {
			return err
		}
	}
}

// answer is the answer to one line, whatever it holds.
func answer(line []byte, handle Handler) (response any, stop bool) {
	var request Request
	defer func() {
		if cause := recover(); cause != nil {
			response, stop = failed{request.seq(), fmt.Sprintf("the program failed: %v", cause)}, false
		}
	}()
	request, err := parse(line)
	if err == nil {
		response, stop, err = handle(request)
	}
	if err != nil {
		return failed{request.seq(), message(err)}, false
	}
	return response, stop
}

// message leaves out the path that the error's wrapper puts in front.
func message(err error) string {
	var invalid *lstmref.Error
	if errors.As(err, &invalid) {
		return invalid.Error()
	}
	return err.Error()
}

func parse(line []byte) (Request, error) {
	object, ok := strictjson.Object(line)
	if !ok {
		return nil, &lstmref.Error{Parameter: "request", Got: "invalid JSON", Want: "a JSON object"}
	}
	members, _ := object.Members()
	r := Request{}
	for _, member := range members {
		r[member.Key] = member.Value
	}
	return r, nil
}

// seq is the request's seq, nil when it has none that is an integer.
func (r Request) seq() *int64 {
	if seq, err := r.Integer("seq"); err == nil {
		return &seq
	}
	return nil
}

// Choice is a string that must be one of some; want names them in the error.
func (r Request) Choice(key, want string, choices ...string) (string, error) {
	if value, ok := r[key]; ok {
		text, isText := value.Text()
		for _, choice := range choices {
			if isText && text == choice {
				return choice, nil
			}
		}
	}
	return "", r.wrong(key, want)
}

// Text is a string.
func (r Request) Text(key string) (string, error) {
	if value, ok := r[key]; ok {
		if text, ok := value.Text(); ok {
			return text, nil
		}
	}
	return "", r.wrong(key, "a string")
}

// Integer is an integer.
func (r Request) Integer(key string) (int64, error) {
	if value, ok := r[key]; ok {
		if n, ok := value.Integer(); ok {
			return n, nil
		}
	}
	return 0, r.wrong(key, "an integer")
}

// Seconds is a number above 0 and at most an hour.
func (r Request) Seconds(key string) (float64, error) {
	seconds, err := strconv.ParseFloat(string(r[key]), 64) // of the number's text; that of any other value is none
	if err != nil || !(0 < seconds && seconds <= 3600) {
		return 0, r.wrong(key, "a number above 0 and at most 3600")
	}
	return seconds, nil
}

// Flag is optional and false when absent.
func (r Request) Flag(key string) (bool, error) {
	value, ok := r[key]
	if !ok {
		return false, nil
	}
	flag, ok := value.Bool()
	if !ok {
		return false, r.wrong(key, "true or false")
	}
	return flag, nil
}

// wrong is the error about a member that is missing or not what it should be.
func (r Request) wrong(key, want string) error {
	got := "missing"
	if value, ok := r[key]; ok {
		got = value.String()
	}
	return &lstmref.Error{Parameter: "request." + key, Got: got, Want: want}
}
