package main

import (
	"os"
	"testing"
)

func TestKernelsAreAsGenerated(t *testing.T) {
	for name, want := range files() {
		text, err := os.ReadFile("../" + name)
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != want {
			t.Errorf("%s is not what gen writes: run go generate ./internal/kernel", name)
		}
	}
}
