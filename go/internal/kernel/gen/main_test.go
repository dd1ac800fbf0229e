package main

import (
	"os"
	"testing"
)

func TestKernelsAreAsGenerated(t *testing.T) {
	text, err := os.ReadFile("../kernels_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != source() {
		t.Error("kernels_amd64.s is not what gen writes: run go generate ./internal/kernel")
	}
}
